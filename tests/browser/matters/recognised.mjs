// What families recognised as 低保边缘家庭 report on their phones. One became poorer: it is helped to 低保, whose grant takes the place of the recognition, said
// before it is decided and unheard, for nothing is taken. The other earns more: it is heard, and recognised no longer.
import { instead, recordOf } from '../forms.mjs'
import { head, investigated } from './families.mjs'
import { letter } from './refusal.mjs'
import { month, noticeOver, notListed, notOffered } from './roll.mjs'

/** What the mother earns, whatever stands in the form. */
const earns = (wage) => ({
  employed: (name) => instead(recordOf(name) === 0 ? 'yes' : 'no'), wage_income: (name) => instead(recordOf(name) === 0 ? wage : '0'),
})

/** What a visit of today finds. */
const visit = async (city, wage) => ({
  ...city.LITTLE, ...city.VISIT, living_together: '2', visited_on: city.on(await city.today(city.clerk)), ...earns(wage),
})

/** After its notice: closed, examined; on the director's desk. */
async function sentUp(city, number) {
  await noticeOver(city, number)
  await city.act(city.clerk, number, 'close_notice')
  await city.act(city.county, number, 'examine', { examination_agrees: 'yes', examination_text: '同意初审意见。' })
}

/** Two families of two, each on 2,800: 1,200 a head, over the standard and under one and a half of it. */
async function recognised(city) {
  const families = []
  for (const name of ['阿古拉', '查干']) {
    const { family, number } = await investigated(city, 'marginal', name, { wage_income: head('2800') })
    await city.act(city.second, number, 'opine', { opinion_agrees: 'yes', opinion_text: '符合低保边缘条件。' })
    families.push({ family, number })
  }
  for (const { family, number } of families) {
    await sentUp(city, number)
    await city.act(city.director, number, 'confirm')
    await city.go(family.page, `/my/cases/${number}`, '已认定')
  }
  return families.map(({ family }) => family)
}

/** Told on the family's own page: only what changed. */
async function reported(city, family, answers) {
  await city.go(family.page, '/my', '只作认定，不发钱')
  await family.page.locator('main a', { hasText: '家里情况有变化，报告' }).click()
  await family.page.waitForLoadState()
  await city.look(family.page, '低保边缘家庭')
  const number = await city.file(family.page, 'marginal_change', { changed_on: city.on(await city.today(city.clerk)), ...answers })
  await city.go(family.page, `/my/cases/${number}`, '已报告，正在核实')
  await city.act(city.clerk, number, 'accept')
  return number
}

/** Half the wage is gone: helped to 低保, and counted once. */
async function poorer(city, family) {
  const number = await reported(city, family, { change_kinds: 'income', change_text: '厂里只上半天班，工资少了一半。', ...earns('1500') })
  await city.act(city.clerk, number, 'visit', await visit(city, '1500'))
  await notOffered(city, city.clerk, number, ['propose'])
  const dibao = await city.file(family.page, 'dibao', { ...city.LITTLE, ...earns('1500') })
  await city.act(city.second, number, 'apply_better', { better_number: dibao, better_text: '工资减半，人均收入低于低保标准。' })
  await city.go(family.page, `/my/cases/${number}`, '已协助申请低保')
  await city.act(city.clerk, dibao, 'accept')
  await city.check(city.clerk, city.county, dibao)
  await city.act(city.clerk, dibao, 'visit', await visit(city, '1500'))
  await city.act(city.second, dibao, 'opine', { opinion_agrees: 'yes', opinion_text: '符合低保条件。' })
  await sentUp(city, dibao)
  const now = await city.today(city.clerk)
  const ends = `“最低生活保障边缘家庭”的认定到 ${month(now).words} 为止`
  await city.go(city.director, `/desk/cases/${dibao}/actions/confirm`, ends)
  await city.act(city.director, dibao, 'confirm')
  await city.go(family.page, `/my/cases/${dibao}`, ends)
  await city.go(family.page, '/my', '为什么到这个月')
  await city.go(family.page, '/my', '低保家庭都能申请')
  await city.not(family.page, '/my/change', '低保边缘家庭')
  await letter(city, family.page, dibao, '最低生活保障确认通知书')
  // From the month after it is on one roll, and not on two.
  await city.not(city.clerk, `/desk/roll?programme=marginal&state=active&month=${month(now, 1).typed}`, family.name)
}

/** A better wage: over the limit, heard, ended. */
async function richer(city, family) {
  const number = await reported(city, family, { change_kinds: 'employment', change_text: '换了工作，工资高了。', ...earns('4800') })
  await city.act(city.clerk, number, 'visit', await visit(city, '4800'))
  await notOffered(city, city.clerk, number, ['propose'])
  await city.act(city.second, number, 'propose_less', { clear_change: 'yes', proposal_text: '工资增加，超过边缘家庭标准。' })
  await notListed(city, city.director, number)
  await city.go(family.page, `/my/cases/${number}`, '听取您的意见')
  await city.act(city.second, number, 'hear', {
    heard_on: city.on(await city.today(city.clerk)), told_text: '收入超过标准，拟终止认定。', heard_said: 'said', heard_agrees: 'yes', heard_text: '没有意见。',
  })
  await notOffered(city, city.director, number, ['keep'])
  await city.act(city.director, number, 'stop', { reasons: 'above_marginal' })
  await city.go(family.page, `/my/cases/${number}`, '认定终止')
  await letter(city, family.page, number, '终止认定')
  await city.go(family.page, '/my/change', '没有要报告的')
}

export async function changes(city) {
  const [first, second] = await recognised(city)
  await richer(city, second)
  await poorer(city, first)
}
