// What follows a grant of 低保 when a family reports that something changed: a support ended and the family gets more; somebody found work and the
// benefit goes on for the months of 渐退, then ends. Nothing becomes less before the family was heard.
import { instead, recordOf } from '../forms.mjs'
import { account } from './accounts.mjs'
import { month, notListed, notOffered, roll, signedIn, yuan } from './roll.mjs'

/** The clerk of 海北街道, whose families have been on the roll since before the system was. */
export const clerkOf = (city) => account(city, { login: `haibei${city.serial}`, name: '塔娜', place: '海北街道', role: 'township_clerk', business: 'assistance' })

const second = (value, others) => (name) => instead(recordOf(name) === 1 ? value : others)

/** One running benefit of so many people: the family with a phone of its own, and what it gets. */
async function granted(city, clerk, wanted) {
  const benefit = (await roll(city, clerk, 'dibao')).find(({ members, ends }) => !ends && wanted(members))
  if (!benefit) throw new Error('海北街道 has no such family on the roll: play this on a city that is new')
  const family = await signedIn(city, clerk, benefit)
  await city.go(family.page, '/my', `${yuan(benefit.amount)} 元`)
  return family
}

/** Told on the family's own page: only what changed. */
async function reported(city, family, answers) {
  await family.page.locator('main a', { hasText: '家里情况有变化，报告' }).click()
  await family.page.waitForLoadState()
  await city.look(family.page, '要调减或者停发的，会先听您的意见')
  const number = await city.file(family.page, 'dibao_change', { changed_on: city.on(await city.today(city.clerk)), ...answers })
  await city.go(family.page, `/my/cases/${number}`, '已报告，正在核实')
  return number
}

/** The visit finds what was told. */
async function visited(city, clerk, number, family, found) {
  const visit = { ...city.LITTLE, ...city.VISIT, living_together: String(family.members), visited_on: city.on(await city.today(clerk)), ...found }
  await city.act(clerk, number, 'visit', visit)
}

/** A daughter stops paying: her parents report it and get more from the month after. */
export async function more(city, clerk) {
  const family = await granted(city, clerk, (members) => members === 2)
  const gone = { transfer_income: instead('0') }
  const number = await reported(city, family, { change_kinds: 'income', change_text: '女儿失业，这个月起不再给我们生活费。', ...gone })
  await notOffered(city, clerk, number, ['propose', 'propose_less'])
  await city.act(clerk, number, 'accept')
  await visited(city, clerk, number, family, { ...gone, work_ability: 'none' })
  await notOffered(city, clerk, number, ['propose_less'])
  await city.act(clerk, number, 'propose', { clear_change: 'yes', proposal_text: '女儿失业属实，按现有收入重新核算。' })
  await notOffered(city, city.director, number, ['reduce', 'taper', 'stop'])
  await city.act(city.director, number, 'increase', { reasons: 'income_less' })
  await city.go(family.page, `/my/cases/${number}`, '低保金增加')
  await city.go(family.page, `/my/cases/${number}`, '家庭收入减少')
  await city.go(family.page, `/my/cases/${number}`, '最低生活保障调整决定书')
  // More from the month after, and this month what it was.
  const now = await city.today(clerk)
  const [before, after] = await amounts(city, clerk, family, [month(now), month(now, 1)])
  if (before !== family.amount || !(after > before)) city.faults.push(`${family.at}: ${before} this month and ${after} the next`)
  await city.go(family.page, `/my/cases/${number}`, `${yuan(after)} 元`)
  return { ...family, number, after }
}

/** What the roll of each month says of a benefit. */
async function amounts(city, clerk, { at }, months) {
  const found = []
  for (const { typed } of months) found.push((await roll(city, clerk, 'dibao', typed)).find((benefit) => benefit.at === at)?.amount)
  return found
}

/** The wife finds work: over the standard for what she earns alone, so it is paid for six months more (演示参数) and then ends. */
export async function taper(city, clerk) {
  const family = await granted(city, clerk, (members) => members > 2)
  const work = { employed: second('yes', 'no'), wage_income: second('5000', '0') }
  const number = await reported(city, family, { change_kinds: 'employment', change_text: '妻子这个月起到超市上班。', ...work })
  await city.act(clerk, number, 'accept')
  await visited(city, clerk, number, family, work)
  await notOffered(city, clerk, number, ['propose'])
  await city.act(clerk, number, 'propose_less', { clear_change: 'yes', proposal_text: '就业属实，收入超过标准，建议渐退。' })
  await notListed(city, city.director, number)
  await city.go(family.page, `/my/cases/${number}`, '听取您的意见')
  await city.act(clerk, number, 'hear', {
    heard_on: city.on(await city.today(clerk)), told_text: '妻子就业，收入超过标准，拟渐退。', heard_said: 'said', heard_agrees: 'yes', heard_text: '没有意见。',
  })
  await notOffered(city, city.director, number, ['keep', 'increase', 'reduce'])
  await city.go(city.director, `/desk/cases/${number}/actions/taper`, `到 ${month(await city.today(clerk), 6).words}`)
  await city.act(city.director, number, 'taper', { reasons: 'income_above' })
  await city.go(family.page, `/my/cases/${number}`, '进入渐退期')
  const now = await city.today(clerk)
  const [last, ended] = [month(now, 6), month(now, 7)]
  await city.go(family.page, '/my', `到哪个月为止`)
  await city.go(family.page, '/my', last.words)
  const [paid, none] = await amounts(city, clerk, family, [last, ended])
  if (paid !== family.amount || none !== undefined) city.faults.push(`${family.at}: ${paid} in ${last.words}, ${none} in ${ended.words}`)
  return { ...family, number }
}
