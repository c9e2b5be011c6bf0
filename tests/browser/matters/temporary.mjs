// 临时救助. 急难: where it happened, help first out of the township's reserve, papers after. 支出: over the township's limit, conferred about, one
// decision paid in two months.
import { errors, fill, send } from '../forms.mjs'

/** The county gives the township a reserve; another books it. */
async function reserve(city) {
  await city.go(city.accountant, '/desk/reserve', '临时救助备用金')
  await city.accountant.locator('select[name=township]').selectOption({ label: '凤凰岭街道' })
  await fill(city.accountant, { kind: 'allot', amount: '20000', reference: '海财社〔2026〕18号' })
  await send(city.accountant)
  for (const wrong of await errors(city.accountant)) throw new Error(`allot: ${wrong}`)
  const fund = new URL(city.accountant.url()).pathname
  const approver = await city.desk('fuhe1')
  await approver.goto(city.origin + fund)
  await approver.locator('form button', { hasText: '复核同意' }).first().click()
  await approver.waitForLoadState()
  await approver.context().close()
  return fund
}

/** A fire: three months of the standard for one, paid the same day. */
export async function emergency(city) {
  const fund = await reserve(city)
  const man = await city.family('宝力德', '19790214', { scripts: false })
  const day = city.on(await city.today(city.clerk))
  const number = await city.file(man.page, 'temporary_emergency', {
    ...city.LITTLE, emergency_kind: 'fire', incident_on: day, incident_text: '厨房着火，粮食和被褥都烧了', account_number: '6217000000000000038',
  })
  await city.act(city.clerk, number, 'accept')
  await city.act(city.clerk, number, 'visit', {
    visited_on: day, emergency_kind: 'fire', hardship_level: 'b', severe: 'yes', severe_reason: '灶具、被褥烧毁，家里没有存粮。', first_visitor: '乌兰', second_visitor: '巴图',
  })
  await city.act(city.clerk, number, 'goods', { goods_text: '棉被2床、米20公斤', goods_value: '380', given_on: day, goods_receiver: man.name })
  await city.act(city.clerk, number, 'send_up')
  // Within the city's limit the township's own head decides.
  await city.go(city.head, '/desk/work', man.name)
  await city.act(city.head, number, 'help_first', { stages: '1' })
  await city.go(city.clerk, `/desk/cases/${number}`, '2,880.00')
  await city.act(city.clerk, number, 'advance', { paid_on: day, paid_way: 'cash', paid_to: man.name })
  await city.go(city.accountant, fund, '2,880.00')
  await city.go(man.page, '/my/payments', '2,880.00')
  // What is owed to the papers stands on the list until it is made up.
  await city.go(city.clerk, '/desk/work', man.name)
  await city.act(city.clerk, number, 'make_up', { relieved_on: day, makeup_text: '已借住亲戚家，生活恢复。', helped_amount: '2880' })
  await city.not(city.clerk, '/desk/work', man.name)
  await city.go(man.page, `/my/cases/${number}`, '手续已补齐')
  return { man, number, fund }
}

/** A year of hospital: a conference sets the total, one decision pays it in two months. */
export async function expenditure(city) {
  const woman = await city.family('娜仁', '19800920')
  const today = await city.today(city.clerk)
  const day = city.on(today)
  const known = { ...city.LITTLE, wage_income: '3000', employed: 'yes', rigid_medical: '2500', account_number: '6217000000000000046', incident_on: day, incident_text: '做了两次手术，家里借了钱' }
  const number = await city.file(woman.page, 'temporary_expenditure', known)
  await city.act(city.clerk, number, 'accept')
  await city.check(city.clerk, city.county, number)
  await city.act(city.clerk, number, 'visit', { ...known, ...city.VISIT, visited_on: day, severe: 'yes', severe_reason: '住院自付三万元。' })
  // Three tenths of a year's expenses, until the conference sets another total.
  await city.go(city.clerk, `/desk/cases/${number}`, '9,000.00')
  await city.act(city.clerk, number, 'confer', {
    kind: 'single', held_on: day, chair: '田野', participants: '民政办：田野\n社区：斯琴', opinions: '一致同意提高。', resolution: '一事一议，总额一万二千元。', total: '12000', total_month: day,
  })
  await city.go(city.clerk, `/desk/cases/${number}`, '12,000.00')
  await city.act(city.second, number, 'opine', { opinion_agrees: 'yes', opinion_text: '同意救助。' })
  // Over the limit: not the township's head but the county's.
  await city.not(city.head, '/desk/work', woman.name)
  await city.act(city.director, number, 'confirm', { stages: '2' })
  await city.go(woman.page, `/my/cases/${number}`, '已决定救助')
  return { woman, number }
}

/** The first of the two months is in the county's run, and on her own page. */
export async function paid(city, { woman }) {
  const { year, month } = await city.today(city.clerk)
  const file = await city.month(city.accountant, { programme: 'temporary_expenditure', on: { year, month } })
  if (!file.includes('6217000000000000046')) city.faults.push('the first stage is in no run')
  await city.go(woman.page, '/my/payments', '6,000.00')
  await city.go(woman.page, '/my/payments', '已到账')
}
