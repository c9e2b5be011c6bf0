// 重新核算以前的月份: what becomes known late of months that are paid. Reckoned month by month, heard, decided; it comes back by instalments that
// leave the family its bread. What was too little is paid with the next month.
import { instead, recordOf } from '../forms.mjs'
import { month, notListed, notOffered, roll, yuan } from './roll.mjs'

/** The months that a benefit was paid for, the first first. */
async function paidMonths(city, clerk, at) {
  await city.go(clerk, at, '逐月发放')
  const said = await clerk.locator('#payments-region tbody tr > :first-child').allInnerTexts()
  return said.map((words) => words.match(/(\d+)年(\d+)月/)).map(([, year, number]) => ({ year, month: number })).reverse()
}

/** From the benefit's page to the case that reckons its months. */
async function begun(city, clerk, why) {
  await clerk.locator('main form button', { hasText: '重新核算以前的月份' }).click()
  await clerk.waitForLoadState()
  return city.handIn(clerk, { late_why: why })
}

/** What a page says behind some words. */
async function said(page, words) {
  const found = (await page.innerText('main')).match(new RegExp(`${words}\\s*([\\d,]+\\.\\d\\d)`))
  return found ? Number(found[1].replaceAll(',', '')) : NaN
}

/** A pension that has been paid for a month and that nobody had told: 300 a month more than was known. */
export async function late(city, clerk, family) {
  const months = await paidMonths(city, clerk, family.at)
  const number = await begun(city, clerk, '社保数据：妻子上月起领养老金，以前没有报。')
  // Nobody proposes anything about months that were not reckoned.
  await notOffered(city, clerk, number, ['propose_more', 'propose_less', 'nothing'])
  await city.act(clerk, number, 'establish', {
    late_kind: 'pension', changed_on: city.on({ ...months.at(-1), day: '1' }), late_text: '社会保险经办机构的数据。',
    transfer_income: (name) => (recordOf(name) === 1 ? instead('520') : undefined),
  })
  await city.act(clerk, number, 'reckon', { first_month: city.on(months[0]) })
  // No month changes before it was heard and decided.
  await notOffered(city, clerk, number, ['propose_more', 'nothing'])
  await city.act(clerk, number, 'propose_less', { proposal_text: '养老金没有报，上月多发。' })
  await notListed(city, city.director, number)
  await city.go(family.page, `/my/cases/${number}`, '先听您的意见')
  const back = await said(family.page, '应追回')
  if (!(back > 0)) city.faults.push(`${number}: nothing to claim back`)
  await city.act(clerk, number, 'hear', {
    heard_on: city.on(await city.today(clerk)), told_text: '上月起的养老金没有算，拟追回多发的。', heard_said: 'said', heard_agrees: 'yes', heard_text: '确实领了，请分月扣。',
  })
  const decision = { recovery_way: 'offset', reasons: 'not_told', decision_text: '分月抵扣，不影响基本生活。' }
  // More than a fifth of a month (演示参数) is not kept back.
  const much = await city.act(city.director, number, 'post', { ...decision, offset_per_month: '900' }).then(() => 'it was', (error) => String(error))
  if (!much.includes('20%')) city.faults.push(`${number}: 900 a month kept back: ${much}`)
  await city.act(city.director, number, 'post', { ...decision, offset_per_month: '100' })
  // Why, how much, and by which letter, on the family's page; how it comes back, on the benefit's.
  await city.go(family.page, `/my/cases/${number}`, '变化没有及时告知')
  await city.go(family.page, `/my/cases/${number}`, '补发、追回决定书')
  await city.go(clerk, family.at, '每月抵扣 100.00')
  await city.go(clerk, family.at, '变化没有及时告知')
  if (await said(clerk, '待追回') !== back) city.faults.push(`${family.at}: not ${back} to come back`)
  // What was decided already of the months to come stands.
  const next = month(await city.today(clerk), 1)
  const stands = (await roll(city, clerk, 'dibao', next.typed)).find(({ at }) => at === family.at)?.amount
  if (stands !== family.after) city.faults.push(`${family.at}: ${stands} from ${next.words}, not ${family.after} as decided`)
  return { ...family, number, back, last: months.at(-1) }
}

/** The next month keeps one instalment: in the bank's file, on the benefit's page, on the family's. */
export async function kept(city, clerk, { at, name, page, back, last }) {
  const next = month(last, 1)
  if (month(await city.today(clerk)).typed < next.typed) await city.pass(city.clerk, 31)
  const due = (await roll(city, clerk, 'dibao', next.typed)).find((benefit) => benefit.at === at).amount
  const file = await city.month(city.accountant, { programme: 'dibao', on: { year: next.year, month: next.month } })
  const line = file.split('\n').find((one) => one.includes(`,${name},`)) ?? 'none'
  if (!line.includes(`,${(due - 100).toFixed(2)},`)) city.faults.push(`${name}: not ${due - 100} but ${line}`)
  await city.go(page, '/my/payments', yuan(due - 100))
  await city.go(clerk, at, '已抵扣')
  if (await said(clerk, '待追回') !== back - 100) city.faults.push(`${at}: not ${back - 100} still to come back`)
}

/** It was less, and longer ago: the support had ended two months before, and the pension was another's of the same name. What was too little is paid, unheard. */
export async function owed(city, clerk, { at, name, page, last }) {
  await city.go(clerk, at, '逐月发放')
  const number = await begun(city, clerk, '女儿两个月前就不给生活费了；妻子没有领养老金，社保数据是同名的人。')
  await city.act(clerk, number, 'establish', {
    late_kind: 'less', changed_on: city.on({ ...last, day: '1' }), late_text: '社会保险经办机构更正，女儿和村里都证实。',
    transfer_income: (field) => (recordOf(field) === 1 ? instead('0') : undefined),
  })
  await city.act(clerk, number, 'reckon', { first_month: city.on(last) })
  await notOffered(city, clerk, number, ['propose_less', 'nothing'])
  await city.act(clerk, number, 'propose_more', { proposal_text: '少发属实，拟补发。' })
  await city.go(page, `/my/cases/${number}`, '应补发')
  const more = await said(page, '应补发')
  if (!(more > 0)) city.faults.push(`${number}: nothing to pay afterwards`)
  await city.act(city.director, number, 'post', { recovery_way: 'return', reasons: 'found_late', decision_text: '随下一批次补发。' })
  await city.go(page, `/my/cases/${number}`, '补发、追回决定书')
  // The next month pays it, beside the instalment that is still kept back.
  const next = month(last, 2)
  if (month(await city.today(clerk)).typed < next.typed) await city.pass(city.clerk, 31)
  const due = (await roll(city, clerk, 'dibao', next.typed)).find((benefit) => benefit.at === at).amount
  const file = await city.month(city.accountant, { programme: 'dibao', on: { year: next.year, month: next.month } })
  const line = file.split('\n').find((one) => one.includes(`,${name},`)) ?? 'none'
  if (!line.includes(`,${(due + more - 100).toFixed(2)},`)) city.faults.push(`${name}: not ${due + more - 100} but ${line}`)
  await city.go(page, '/my/payments', yuan(due + more - 100))
}
