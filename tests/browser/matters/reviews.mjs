// 定期核查 of families on the roll: one earns more and gets less, one is not eligible any more. Neither before the family was heard.
import { instead, recordOf } from '../forms.mjs'
import { account } from './accounts.mjs'
import { notListed } from './roll.mjs'

const yuan = (words) => Number(words.replaceAll(',', ''))

/** Reviews fell due long ago in 新华西街道: its clerk works through two of them. */
export async function reviews(city) {
  const clerk = await account(city, { login: `xinhua${city.serial}`, name: '孟和', place: '新华西街道', role: 'township_clerk', business: 'assistance' })
  await city.go(clerk, '/desk/work?item=dibao_review', '定期核查')
  const numbers = await clerk.$$eval('main table a[href^="/desk/cases/"]', (links) => links.map((link) => link.getAttribute('href').match(/\d+/)[0]))
  if (new Set(numbers).size < 2) throw new Error('no two reviews in 新华西街道')
  const [first, second] = new Set(numbers)
  await less(city, clerk, first)
  await nothing(city, clerk, second)
  await clerk.context().close()
}

/** The visit finds a wage; the family is heard; the case on the director's desk. */
async function heard(city, clerk, number, wage) {
  const day = city.on(await city.today(clerk))
  const found = { employed: instead('yes'), wage_income: instead(wage) }
  const only = (field) => (name) => (recordOf(name) ? city.LITTLE[field] : found[field])
  await city.act(clerk, number, 'visit', {
    ...city.LITTLE, ...city.VISIT, visited_on: day, employed: only('employed'), wage_income: only('wage_income'), work_ability: 'full',
  })
  // What the visit found counts at once: no way past the family.
  await clerk.goto(`${city.origin}/desk/cases/${number}`)
  if (await clerk.locator('a[href$="/actions/propose"]').count()) city.faults.push('less may be proposed without a hearing')
  await city.act(clerk, number, 'propose_less', { change_clear: 'yes', proposal_text: '户主已经就业，收入增加。', clear_change: 'yes' })
  await notListed(city, city.director, number)
  await city.act(clerk, number, 'hear', { heard_on: day, told_text: '户主上班，收入增加，拟调整低保金。', heard_said: 'said', heard_agrees: 'yes', heard_text: '没有意见，收入确实多了。' })
}

/** The amount of a benefit and its state, as the family's page on the desk says. */
async function benefit(city, page, number) {
  await page.goto(`${city.origin}/desk/cases/${number}`)
  const link = await page.getAttribute('main a[href^="/desk/roll/"]', 'href')
  await page.goto(city.origin + link)
  await city.look(page, '最低生活保障')
  return { link, words: await page.innerText('main') }
}

async function less(city, clerk, number) {
  const before = await benefit(city, clerk, number)
  await heard(city, clerk, number, '2000')
  await city.act(city.director, number, 'reduce', { reasons: 'income_changed' })
  await city.go(clerk, `/desk/cases/${number}?face=all`, '最低生活保障调整、终止决定书')
  const after = await benefit(city, clerk, number)
  const [was, is] = [before, after].map(({ words }) => yuan(words.match(/金额变动[^]*?([\d,]+\.\d\d)/)[1]))
  if (!(is < was)) city.faults.push(`${after.link}: ${is} is not less than ${was}`)
}

async function nothing(city, clerk, number) {
  await heard(city, clerk, number, '12000')
  await city.act(city.director, number, 'stop', { reasons: 'income_above' })
  await city.go(clerk, `/desk/cases/${number}?face=all`, '最低生活保障调整、终止决定书')
  const after = await benefit(city, clerk, number)
  // Paid to the end of this month, and no month more.
  if (!/最后月份[^]*终止原因/.test(after.words)) city.faults.push(`${after.link}: not ended`)
}
