// What the people of a case do, each in a browser of their own: a family is registered, files with a code, is checked, and its case is acted on.
import { WIDTHS } from './browser.mjs'
import { errors, fill, recordOf, send } from './forms.mjs'

/** The steps of a case over the pages of `looks`. `look` may be one that looks at each kind of page once. */
export function cases(origin, { look, desk, visitor }) {
  /** The day in the city, as the fields of a date want it. */
  async function today(page) {
    const [, year, month, day] = (await page.textContent('.site-synthetic')).match(/(\d{4})年(\d+)月(\d+)日/)
    return { year, month, day }
  }

  /** Answers a date with a day: the field's last part says which number is asked. */
  const on = (day) => (name) => day[name.split(/[._-]/).pop()]

  /** A village worker enters a family that has moved in: its id and its head's. */
  async function register(village, name, citizenId, address = '和平路 1 号') {
    await village.goto(`${origin}/desk/families/new`)
    await fill(village, { name, citizen_id: citizenId, phone: '13900000011', address, on: on(await today(village)) })
    await look(village, '登记家庭')
    await send(village)
    const wrong = await errors(village)
    if (wrong.length) throw new Error(`registering ${name}: ${wrong.join(' ')}`)
    const family = new URL(village.url()).pathname.match(/families\/(\d+)/)[1]
    await village.goto(`${origin}/desk/families/${family}`)
    const person = (await village.getAttribute('main table a[href^="/desk/people/"]', 'href')).match(/\d+/)[0]
    return { family, person, name, citizenId }
  }

  /** The village worker hands over a code; the person signs in with it. */
  async function signIn(village, { person, name, citizenId }, width = WIDTHS.phone, more = {}) {
    await village.goto(`${origin}/desk/people/${person}/code`)
    await village.check('input[value=face]', { force: true })
    await send(village)
    await look(village, name)
    const code = (await village.textContent('main')).replace(/\s/g, '').match(/\d{8}/)[0]
    const citizen = await visitor(width, more)
    await citizen.goto(`${origin}/sign-in`)
    await citizen.fill('input[name=code]', code)
    await citizen.fill('input[name=last_four]', citizenId.slice(-4))
    await send(citizen)
    await look(citizen, '我的办件')
    return citizen
  }

  /**
   * Fills the form that is open to its end and hands it in: the case's id. `others` are the members after the applicant, each with the answers
   * that are theirs; an answer of `known` that is an array holds one for each member.
   */
  async function handIn(page, known, others = []) {
    const answers = { account_number: '6217000000000000012', ...known }
    for (const field of new Set(others.flatMap(Object.keys))) {
      const first = answers[field]
      answers[field] = (name) => {
        const other = others[recordOf(name) - 1]
        if (other?.[field] !== undefined) return other[field]
        return typeof first === 'function' ? first(name) : first
      }
    }
    let missing = others.length
    for (let step = 0; step < 80; step += 1) {
      await look(page)
      const path = new URL(page.url()).pathname
      if (/\/drafts\/\d+\/review$/.test(path)) break
      if (await page.locator('main form').count() === 0) {
        await page.locator('main a.govuk-button', { hasText: /接着填|核对并提交|开始/ }).first().click()
        await page.waitForLoadState()
        continue
      }
      const more = page.locator('main form a, main form button', { hasText: '再加一个家庭成员' }).first()
      if (missing > 0 && await more.count()) {
        missing -= 1
        await more.click()
        await page.waitForLoadState()
        continue
      }
      const record = page.locator('main form a', { hasText: '接着填' }).first()
      if (await record.count()) {
        await record.click()
        await page.waitForLoadState()
        continue
      }
      await fill(page, answers)
      await send(page, '保存并继续')
      const wrong = await errors(page)
      if (wrong.length && new URL(page.url()).pathname === path && !wrong.every((line) => line.includes('新的问题'))) throw new Error(`${path}: ${wrong.join(' ')}`)
    }
    await look(page, '核对')
    await send(page, '提交')
    await look(page, '编号')
    const [, filed, opened] = page.url().match(/filed\/(\d+)|cases\/(\d+)/) ?? []
    if (!filed && !opened) throw new Error(`not handed in: ${(await page.innerText('main')).slice(0, 300)}`)
    return filed ?? opened
  }

  /** A citizen begins a matter and hands it in. */
  async function file(citizen, item, known, others) {
    await citizen.goto(`${origin}/my/apply/${item}`)
    await look(citizen)
    // A change is reported about a benefit that the family has: its page leads to the form.
    const report = citizen.locator('main a.govuk-button', { hasText: '开始报告' })
    if (await report.count()) {
      await report.first().click()
      await citizen.waitForLoadState()
      await look(citizen)
    }
    if (!/drafts/.test(citizen.url())) await send(citizen)
    return handIn(citizen, known, others)
  }

  /** Does an action of a case: its form filled and sent; stops the walk if it is refused. */
  async function act(page, number, action, known = {}) {
    const own = new URL(page.url()).pathname.startsWith('/my/')
    await page.goto(`${origin}${own ? '/my' : '/desk'}/cases/${number}/actions/${action}`)
    await look(page)
    const asked = () => page.locator('main form [name]').evaluateAll((controls) => controls.map((control) => control.name))
    // Answers may bring up further questions: the page comes back with them.
    for (let round = 0; round < 3; round += 1) {
      await fill(page, known)
      const before = new Set(await asked())
      await send(page)
      if (!page.url().includes('/actions/')) {
        await look(page)
        return
      }
      const wrong = await errors(page)
      if (wrong.length && (await asked()).every((name) => before.has(name))) throw new Error(`${action}: ${wrong.join(' ')}`)
    }
    throw new Error(`${action}: ${await page.textContent('main')}`)
  }

  /** The township asks for the means test, the county runs it. */
  async function check(township, county, number) {
    await act(township, number, 'request_means_test')
    await act(county, number, 'start_means_test')
    await county.goto(`${origin}/desk/cases/${number}?face=means`)
    await look(county, '核对')
    if (!(await county.locator('main form input[name=purpose]').count())) return
    await county.fill('main form input[name=purpose]', '社会救助申请核对')
    await send(county)
    await look(county, '核对报告')
  }

  /** Puts the city's clock forward. */
  async function pass(page, days) {
    await page.goto(`${origin}/desk/trial-clock`)
    await page.fill('input[name=days]', String(days))
    await send(page)
    await look(page, '演示日期')
  }

  return { today, on, register, signIn, handIn, file, act, check, pass }
}
