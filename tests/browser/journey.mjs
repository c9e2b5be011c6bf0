// One family from filing to money in the bank and back to the family's own page, everybody in a browser of their own,
// against a small synthetic city whose clock is put forward: node tests/browser/journey.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
import { WIDTHS } from './browser.mjs'
import { cases } from './cases.mjs'
import { citizenId, recordOf, send } from './forms.mjs'
import { looks } from './looks.mjs'
import { payments } from './payments.mjs'

const [origin, pictures] = process.argv.slice(2)
const shared = await looks(origin, pictures)
const { faults, look, go, desk, visitor, walk } = shared
const { today, on, register, signIn, file, act, check, pass } = cases(origin, shared)
const { month } = payments(origin, shared)

await walk(async () => {
  // The village worker registers a family that has moved in, and hands over a code.
  const serial = Number(process.env.SERIAL ?? 811)
  const [mother, son] = [citizenId('19880315', serial), citizenId('20160902', serial + 1)]
  const [name, child] = ['萨日娜', '阿古拉']
  const village = await desk('cun1', WIDTHS.phone)
  await go(village, '/desk/people', '对象档案')
  const family = await register(village, name, mother)
  await go(village, `/desk/families/${family.family}/cases`, '为这个家庭申请')

  // The citizen files on a phone.
  const citizen = await signIn(village, family)
  const application = {
    relation: 'head', address: '和平路 1 号', area: 'urban', registered_here: 'yes',
    wage_income: (path) => (recordOf(path) ? '0' : '600'), business_income: '0', property_income: '0', transfer_income: '0', employed: (path) => (recordOf(path) ? 'no' : 'yes'),
    basic_pension: '0', exempt_income: '', deposits: '2000', vehicles: '0', houses: '1', business_registrations: '0', rigid_medical: '0',
    rigid_education: '0', rigid_disability: '0', unstable_income: 'no',
  }
  const caseId = await file(citizen, 'dibao', application, [{ name: child, citizen_id: son, relation: 'child' }])

  // The township accepts, asks for the means test, visits, gives its opinion.
  const township = await desk('zhen1')
  await go(township, '/desk/work', name)
  await act(township, caseId, 'accept')
  const county = await desk('xian1')
  await check(township, county, caseId)
  await act(township, caseId, 'visit', {
    ...application, visited_on: on(await today(township)), visit_way: undefined, living_together: '2', living_conditions: '居住条件一般，日常开支以食品为主。',
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
  await go(director, `/desk/cases/${caseId}?face=all`, '予以确认')
  await citizen.goto(`${origin}/my/cases/${caseId}`)
  await look(citizen, '予以确认')

  // Paid from the month after: the run is made, approved by a second person, sent, answered.
  const accountant = await desk('kuaiji1')
  await pass(accountant, 35)
  for (const turn of [0, 1, 2]) {
    const bank = await month(accountant)
    if (!bank.includes('6217000000000000012')) {
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
