// One family from filing to money in the bank and back to the family's own page, everybody in a browser of their own,
// against a small synthetic city whose clock is put forward: node tests/browser/journey.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { WIDTHS } from './browser.mjs'
import { looks } from './looks.mjs'
import { citizenId, errors, fill, send } from './forms.mjs'

const [origin, pictures] = process.argv.slice(2)
const { browser, faults, look, go, desk, visitor, walk } = await looks(origin, pictures)

/** Does an action of the case: its form filled, sent; stops the walk if it is refused. */
async function act(page, number, action, known = {}) {
  await page.goto(`${origin}/desk/cases/${number}/actions/${action}`)
  await look(page)
  // Answers may bring up further questions: the page comes back with them.
  for (let round = 0; round < 3; round += 1) {
    await fill(page, known)
    await send(page)
    if (!page.url().includes('/actions/')) return
    const wrong = await errors(page)
    if (wrong.length) throw new Error(`${action}: ${wrong.join(' ')}`)
  }
  throw new Error(`${action}: ${await page.textContent('main')}`)
}

async function pass(page, days) {
  await page.goto(`${origin}/desk/trial-clock`)
  await page.fill('input[name=days]', String(days))
  await send(page)
  await look(page, '演示日期')
}

await walk(async () => {
  // The village worker registers a family that has moved in, and hands over a code.
  const serial = Number(process.env.SERIAL ?? 811)
  const [mother, son] = [citizenId('19880315', serial), citizenId('20160902', serial + 1)]
  const [name, child] = ['萨日娜', '阿古拉']
  const village = await desk('cun1', WIDTHS.phone)
  await go(village, '/desk/people', '对象档案')
  await village.goto(`${origin}/desk/families/new`)
  const here = async (page) => (await page.textContent('.site-synthetic')).match(/(\d{4})年(\d+)月(\d+)日/).slice(1)
  const started = await here(village)
  await fill(village, { name, citizen_id: mother, phone: '13900000011', address: '和平路 1 号', on: (part) => started[['year', 'month', 'day'].indexOf(part.split(/[._-]/).pop())] })
  await look(village, '登记家庭')
  await send(village)
  const wrongThere = await errors(village)
  if (wrongThere.length) throw new Error(`registering: ${wrongThere.join(' ')}`)
  const family = new URL(village.url()).pathname.match(/families\/\d+/)[0]
  await go(village, `/desk/${family}/cases`, '为这个家庭申请')
  await village.goto(`${origin}/desk/${family}`)
  const person = await village.getAttribute('main table a[href^="/desk/people/"]', 'href')
  const tail = mother.slice(-4)
  await village.goto(`${origin}${person}/code`)
  await village.check('input[value=face]', { force: true })
  await send(village)
  await look(village, name)
  const code = (await village.textContent('main')).replace(/\s/g, '').match(/\d{8}/)[0]

  // The citizen files on a phone.
  const citizen = await visitor(WIDTHS.phone)
  await citizen.goto(`${origin}/sign-in`)
  await citizen.fill('input[name=code]', code)
  await citizen.fill('input[name=last_four]', tail)
  await send(citizen)
  await look(citizen, '我的办件')
  await citizen.goto(`${origin}/my/apply/dibao`)
  await look(citizen)
  if (!/drafts/.test(citizen.url())) await send(citizen)
  const application = {
    name: child, citizen_id: son, relation: (path) => (/\.0\./.test(path) ? 'head' : 'child'), address: '和平路 1 号', area: 'urban', registered_here: 'yes',
    wage_income: (path) => (/\.0\./.test(path) ? '600' : '0'), business_income: '0', property_income: '0', transfer_income: '0', employed: (path) => (/\.0\./.test(path) ? 'yes' : 'no'),
    basic_pension: '0', exempt_income: '', deposits: '2000', vehicles: '0', houses: '1', business_registrations: '0', rigid_medical: '0',
    rigid_education: '0', rigid_disability: '0', account_number: '6217000000000000012', unstable_income: 'no',
  }
  let added = false
  for (let step = 0; step < 60; step += 1) {
    await look(citizen)
    const path = new URL(citizen.url()).pathname
    if (/\/review$/.test(path)) break
    const onward = citizen.locator('main a.govuk-button', { hasText: /接着填|核对并提交|开始/ }).first()
    if (await citizen.locator('main form').count() === 0) {
      await onward.click()
      await citizen.waitForLoadState()
      continue
    }
    const more = citizen.locator('main form a, main form button', { hasText: '再加一个家庭成员' }).first()
    if (!added && await more.count()) {
      added = true
      await more.click()
      await citizen.waitForLoadState()
      continue
    }
    const record = citizen.locator('main form a', { hasText: '接着填' }).first()
    if (await record.count()) {
      await record.click()
      await citizen.waitForLoadState()
      continue
    }
    await fill(citizen, application)
    await send(citizen, '保存并继续')
    const wrong = await errors(citizen)
    if (wrong.length && new URL(citizen.url()).pathname === path && !wrong.every((line) => line.includes('新的问题'))) throw new Error(`${path}: ${wrong.join(' ')}`)
  }
  await look(citizen, '核对')
  await send(citizen, '提交')
  await look(citizen, '编号')
  const number = citizen.url().match(/filed\/(\d+)|cases\/(\d+)/)
  const caseId = number[1] ?? number[2]

  // The township accepts, asks for the means test, visits, gives its opinion.
  const township = await desk('zhen1')
  await go(township, '/desk/work', name)
  await act(township, caseId, 'accept')
  await act(township, caseId, 'request_means_test')
  const county = await desk('xian1')
  await act(county, caseId, 'start_means_test')
  await go(county, `/desk/cases/${caseId}?face=means`, '核对')
  if (await county.locator('main form input[name=purpose]').count()) {
    await county.fill('main form input[name=purpose]', '最低生活保障申请核对')
    await send(county)
    await look(county, '核对报告')
  }
  const [year, month, day] = await here(township)
  const onDay = (name_) => ({ year, month, day })[name_.split(/[._-]/).pop()]
  await act(township, caseId, 'visit', {
    ...application, visited_on: onDay, visit_way: undefined, living_together: '2', living_conditions: '居住条件一般，日常开支以食品为主。',
    property_judged: 'yes', property_reason: '与核对报告一致。', cooperation: 'yes', cooperation_reason: '积极配合。', first_visitor: '乌兰', second_visitor: '巴图',
  })
  await go(township, `/desk/cases/${caseId}`, '按规定测算')
  await act(township, caseId, 'opine', { opinion_agrees: 'yes', opinion_text: '情况属实，建议确认。', differences_text: '' })
  // Anybody reads the notice: the name, how many, how much, and no more.
  await go(village, '/notices', '公示')
  // The last of the seven days may be a day of rest: it ends on the next working day.
  await pass(township, 10)
  await act(township, caseId, 'close_notice')
  await act(county, caseId, 'examine', { examination_agrees: 'yes', examination_text: '同意初审意见。' })
  const director = await desk('juzhang1')
  await act(director, caseId, 'confirm', { decision_text: '' })
  await go(director, `/desk/cases/${caseId}?face=all`, '确认享受')
  await citizen.goto(`${origin}/my/cases/${caseId}`)
  await look(citizen, '确认享受')

  // Paid from the month after: the run is made, approved by a second person, sent, answered.
  const accountant = await desk('kuaiji1')
  await pass(accountant, 35)
  for (const turn of [0, 1, 2]) {
    await go(accountant, '/desk/payments', '生成月度批次')
    // Runs follow one another: the page proposes the next month.
    await send(accountant, '生成发放批次')
    await accountant.waitForTimeout(1500)
    await accountant.reload()
    await look(accountant, '控制数')
    const run = new URL(accountant.url()).pathname
    const second = await desk('fuhe1')
    await go(second, run, '控制数')
    await second.goto(`${origin}${run}`)
    for (const box of await second.$$('main form input[type=checkbox]')) await box.check({ force: true })
    await send(second, /复核|批准|同意/)
    await look(second, '复核')
    await accountant.goto(origin + run)
    await accountant.locator('input[value=csv]').check({ force: true })
    const [download] = await Promise.all([accountant.waitForEvent('download'), accountant.locator('main form button', { hasText: '导出银行文件' }).click()])
    const file = await readFile(await download.path(), 'utf8')
    if (createHash('sha256').update(file).digest('hex').length !== 64 || file.split('\n').length < 3) faults.push('the bank file is empty')
    await accountant.reload()
    await look(accountant, 'SM3')
    // The bank answers: everything went through.
    const lines = file.replace(/^\uFEFF/, '').trim().split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.replace(/^"|"$/g, '').trim()))
    const [number_, amount_] = ['序号', '金额'].map((title) => lines[0].indexOf(title))
    const paid = lines.slice(1).filter((line) => /^\d+$/.test(line[number_]))
    const total = paid.reduce((sum, line) => sum + Math.round(Number(line[amount_].replaceAll(',', '')) * 100), 0)
    const answer = ['序号,金额,结果,失败原因,流水号', ...paid.map((line) => `${line[number_]},${line[amount_]},成功,,LS${line[number_]}`)].join('\n')
    await accountant.goto(`${origin}${run}/answer`)
    await accountant.fill('input[name=count]', String(paid.length))
    await accountant.fill('input[name=total]', (total / 100).toFixed(2))
    await accountant.setInputFiles('input[name=file]', { name: '回盘.csv', mimeType: 'text/csv', buffer: Buffer.from(answer) })
    await send(accountant, '读入')
    const wrong = await errors(accountant)
    if (wrong.length) throw new Error(`the bank's answer: ${wrong.join(' ')}`)
    for (let wait = 0; wait < 30 && !(await accountant.locator('main form button', { hasText: '办结本批次' }).count()); wait += 1) {
      await accountant.waitForTimeout(1000)
      await accountant.goto(origin + run)
    }
    await send(accountant, '办结本批次')
    await look(accountant, '已办结')
    await second.context().close()
    if (!file.includes('6217000000000000012')) {
      if (turn === 2) faults.push('the family is in no run')
      continue
    }
    await go(citizen, '/my/payments', '已到账')
    // Everything on one sheet; a code that proves one thing, checked by somebody else's phone without a network.
    await go(citizen, '/my/benefits', '找谁、打哪个电话')
    await go(citizen, '/my/code', '证明哪一件事')
    await citizen.locator('input[name=fact]').first().check()
    await send(citizen, '生成幸福码')
    await look(citizen, '到')
    const proof = await citizen.locator('.proof-text').innerText()
    if (!(await citizen.locator('svg.qr').count())) faults.push('the code is not drawn')
    const checker = await visitor(WIDTHS.phone)
    await go(checker, '/verify', '验证幸福码')
    await checker.evaluate(() => navigator.serviceWorker.ready)
    await checker.context().setOffline(true)
    await checker.goto(`${origin}/verify#${proof}`)
    await checker.locator('#proof-result', { hasText: '真实有效' }).waitFor({ timeout: 5000 }).catch(() => faults.push(`a good code is not found good without a network: ${proof}`))
    await checker.fill('textarea[name=code]', proof.replace(/.$/, (sign) => (sign === 'A' ? 'B' : 'A')))
    await checker.locator('#proof-result', { hasText: '不是真的' }).waitFor({ timeout: 5000 }).catch(() => faults.push('an altered code is not found out'))
    await checker.context().setOffline(false)
    break
  }
})
