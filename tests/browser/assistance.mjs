// What stands around the matters of social assistance, by its real actors: the village tells of somebody in need, the township grades, visits and
// helps; the county puts money into a township's reserve and a second person books it; who is watched is there by nobody's hand; fairness in numbers.
// node tests/browser/assistance.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
import { WIDTHS } from './browser.mjs'
import { errors, fill, send } from './forms.mjs'
import { looks } from './looks.mjs'

const [origin, pictures] = process.argv.slice(2)
const { faults, look, go, desk, walk } = await looks(origin, pictures)

/** Presses a transition's button on a record's page, answers and sends. */
async function take(page, here, transition, answers, expect) {
  await go(page, `${here}/do/${transition}`)
  await fill(page, { _reason: '按规定办理', reason: '按规定办理', ...answers })
  await send(page)
  for (const wrong of await errors(page)) faults.push(`${transition}: ${wrong}`)
  await look(page, expect)
}

await walk(async () => {
  // The village worker on a phone, without scripts.
  const village = await desk('cun1', WIDTHS.phone, { scripts: false })
  await go(village, '/desk/records', '社会救助')
  await go(village, '/desk/records/need_report', '困难线索')
  await go(village, '/desk/records/need_report/new', '登记困难线索')
  const today = await village.evaluate(() => new Date()).catch(() => new Date())
  const day = { year: today.getFullYear(), month: today.getMonth() + 1, day: today.getDate() }
  const when = (name) => (whole) => day[whole.split(/[._-]/).pop()] ?? day.year

  await fill(village, {
    source: 'worker', reported_on: when(), who: '独居老人石某', matter: 'food', story: '几天没有买菜，灶台是冷的',
    village: '和平社区居委会', address: '二号楼', reporter: '村协理员',
  })
  await send(village)
  for (const wrong of await errors(village)) faults.push(`report: ${wrong}`)
  await look(village, '独居老人石某')
  const here = new URL(village.url()).pathname

  const township = await desk('zhen1')
  await go(township, here, '已报告')
  await take(township, here, 'grade', { grade: 'urgent' }, '已分级')
  await go(township, '/desk/record-duties?register=need_report', '马上走访')
  await take(township, here, 'visit', { visited_on: when(), found: '断粮，先送去米面' }, '已走访')
  await take(township, here, 'help', { help: '送去米面，协助申请急难救助' }, '已救助')
  await go(township, '/desk/records/need_report/by-month', '没有遗漏')

  // Who is watched follows from the books.
  await go(township, '/desk/records/low_income', '低收入人口')
  if (await township.locator('a[href$="/low_income/new"]').count()) faults.push('somebody could be typed in')
  await go(township, '/desk/record-alerts?register=low_income&grade=all', '分级预警')
  await go(township, '/desk/records/tekun_person', '特困人员供养服务')

  // The reserve: one proposes, another books.
  const accountant = await desk('kuaiji1')
  await go(accountant, '/desk/reserve', '临时救助备用金')
  await fill(accountant, { kind: 'allot', amount: '50000', reference: '海财社〔2026〕12号' })
  await send(accountant)
  for (const wrong of await errors(accountant)) faults.push(`allot: ${wrong}`)
  await look(accountant, '待复核')
  const fund = new URL(accountant.url()).pathname
  const approver = await desk('fuhe1', WIDTHS.phone)
  await go(approver, fund, '复核同意')
  await approver.locator('form button', { hasText: '复核同意' }).click()
  await approver.waitForLoadState()
  await look(approver, '50,000.00')
  await go(approver, '/desk/reserve', '50,000.00')

  // A month's rises: one enters, another puts them in force.
  const policy = await desk('shi')
  await go(policy, '/desk/month-figures', '每月公布的数')
  const releaser = await desk('shifabu')
  await go(releaser, '/desk/month-figures', '已经复核的数')
  await go(accountant, '/desk/month-lists', '按月造册')

  const county = await desk('xian1')
  await go(county, '/desk/figures/fairness', '每百人预警')
  await go(county, '/desk/indicators', '社会救助')
})
