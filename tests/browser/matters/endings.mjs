// Yearly reviews that end a recognition and a support: neither before whoever it takes from was heard; of 特困供养 the intention hangs for seven days.
import { head } from './families.mjs'
import { letter } from './refusal.mjs'
import { month, noticeOver, notListed, notOffered } from './roll.mjs'

/** The review of the benefit that a case gave, begun by the clerk if the night has not begun it yet: its number. */
async function review(city, granted, family, title) {
  await city.go(city.clerk, `/desk/families/${family}/cases`, '办件')
  const begun = city.clerk.locator('#cases-region tr', { hasText: title }).locator('a[href^="/desk/cases/"]')
  if (await begun.count()) return (await begun.first().getAttribute('href')).match(/\d+/)[0]
  await city.clerk.goto(`${city.origin}/desk/cases/${granted}`)
  await city.clerk.goto(city.origin + await city.clerk.getAttribute('main a[href^="/desk/roll/"]', 'href'))
  await city.clerk.locator('main form button', { hasText: title }).click()
  await city.clerk.waitForLoadState()
  return city.handIn(city.clerk, { review_due_on: city.on(await city.today(city.clerk)) })
}

const hearing = async (city, told) => ({ heard_on: city.on(await city.today(city.clerk)), told_text: told, heard_said: 'said', heard_agrees: 'yes', heard_text: '没有意见。' })

/** A better wage: no 低保边缘家庭 any more, from next month on. */
export async function marginal(city, { family, number: granted }) {
  const number = await review(city, granted, family.family, '低保边缘家庭定期核查')
  await notOffered(city, city.clerk, number, ['propose', 'propose_less'])
  const now = await city.today(city.clerk)
  await city.act(city.clerk, number, 'visit', {
    ...city.LITTLE, ...city.VISIT, living_together: '2', visited_on: city.on(now), employed: head('yes', 'no'), wage_income: head('4800'),
  })
  await notOffered(city, city.clerk, number, ['propose'])
  await city.act(city.second, number, 'propose_less', { clear_change: 'yes', proposal_text: '工资增加，超过边缘家庭标准。' })
  await notListed(city, city.director, number)
  await city.act(city.second, number, 'hear', await hearing(city, '收入超过标准，拟终止认定。'))
  await notOffered(city, city.director, number, ['keep'])
  await city.act(city.director, number, 'stop', { reasons: 'above_marginal' })
  await city.go(family.page, `/my/cases/${number}`, '认定终止')
  await city.go(family.page, `/my/cases/${number}`, '家庭人均收入不低于低保边缘家庭标准')
  await letter(city, family.page, number, '终止认定')
  // Recognised to the end of this month.
  await city.go(family.page, '/my', `到哪个月为止`)
  await city.go(family.page, '/my', month(now).words)
}

/** A son who can keep his father was found: heard, and the intention on the wall. */
export async function notice(city, { man, number: granted, known }) {
  const number = await review(city, granted, man.family, '特困人员供养定期核查')
  await notOffered(city, city.clerk, number, ['propose', 'propose_less'])
  const found = { obligor: 'no', obligor_reason: '查到儿子在外地做工，有履行义务能力。' }
  await city.act(city.clerk, number, 'visit', { ...known, ...city.VISIT, ...found, visited_on: city.on(await city.today(city.clerk)) })
  await notOffered(city, city.clerk, number, ['propose'])
  await city.act(city.second, number, 'propose_less', { clear_change: 'yes', proposal_text: '儿子有能力赡养，拟终止供养。' })
  await notOffered(city, city.second, number, ['hear_less'])
  await city.act(city.second, number, 'hear', await hearing(city, '儿子有能力赡养，拟终止供养。'))
  await city.go(man.page, `/my/cases/${number}`, '公示7天')
  await city.go(city.village, `/notices?place=${city.PLACE}`, man.name)
  await notOffered(city, city.clerk, number, ['close_notice'])
  await notListed(city, city.director, number)
  return { man, number }
}

/** After the seven days nobody objected. */
export async function stopped(city, { man, number }) {
  await noticeOver(city, number)
  await city.act(city.clerk, number, 'close_notice')
  await notOffered(city, city.director, number, ['keep', 'increase', 'reduce'])
  await city.act(city.director, number, 'stop', { reasons: 'obligor_able' })
  await city.go(man.page, `/my/cases/${number}`, '供养终止')
  await letter(city, man.page, number, '决定书')
  await city.go(man.page, '/my', month(await city.today(city.clerk)).words)
}
