// The main job as people do it, against a small synthetic city: node tests/browser/main_job.mjs http://127.0.0.1:18080
import { launch, openPage, overflow, WIDTHS } from './browser.mjs'
import { violations } from './axe.mjs'

const origin = process.argv[2]
const faults = []
let checked = 0

/** Opens an address and holds it against what every page must stand. */
async function look(page, path, expect) {
  if (path) await page.goto(origin + path)
  const text = await page.textContent('main')
  const here = `${new URL(page.url()).pathname} at ${page.viewportSize().width}px`
  if (expect && !text.includes(expect)) faults.push(`${here}: no ${expect}`)
  if (await overflow(page)) faults.push(`${here}: wider than its window`)
  for (const violation of await violations(page)) faults.push(`${here}: ${violation}`)
  // An icon that is still on its way when the next page opens is no fault.
  for (const complaint of page.complaints.splice(0).filter((line) => !/^failed: .*\/icon-/.test(line))) faults.push(`${here}: ${complaint}`)
  checked += 1
}

async function desk(browser, login, width = WIDTHS.desk) {
  const page = await openPage(browser, { width, origin })
  await page.goto(`${origin}/desk/sign-in`)
  await page.fill('input[name=login]', login)
  await page.fill('input[name=password]', 'huimin-demo-2026')
  await page.click('main form button')
  await page.waitForLoadState()
  return page
}

const browser = await launch()
for (const width of [WIDTHS.phone, WIDTHS.desk]) {
  const visitor = await openPage(browser, { width, origin })
  await look(visitor, '/', '我要办事')
  await look(visitor, '/services?q=' + encodeURIComponent('我家有困难'), '最低生活保障')
  await look(visitor, '/services/dibao', '社会救助法')
  await look(visitor, '/services/dibao/check')
  await look(visitor, '/notices')
  await look(visitor, '/sign-in')
  await visitor.context().close()
}

const clerk = await desk(browser, 'zhen1')
await look(clerk, '/desk/work', '待办事项')
const cases = await clerk.$$eval('a[href^="/desk/cases/"]', (links) => links.map((link) => link.getAttribute('href')))
if (cases.length === 0) faults.push('the clerk has no case on the work list')
for (const path of [...new Set(cases)].slice(0, 4)) await look(clerk, path, '办理')
// An application is accepted: the button, the form, the flash, the new step.
const accept = async () => {
  for (const path of new Set(cases)) {
    await clerk.goto(origin + path)
    const link = await clerk.$('a[href$="/actions/accept"]')
    if (link) {
      await link.click()
      await clerk.waitForLoadState()
      await look(clerk, null, '受理')
      await clerk.click('main form button[type=submit], main form button:not([type])')
      await clerk.waitForLoadState()
      await look(clerk, null, '调查核对')
      return
    }
  }
  faults.push('no case to accept')
}
await accept()
const phone = await desk(browser, 'cun1', WIDTHS.phone)
await look(phone, '/desk/work', '待办事项')
const accountant = await desk(browser, 'kuaiji1')
await look(accountant, '/desk/payments', '发放')
await look(accountant, '/desk/roll')
const policy = await desk(browser, 'shi')
await look(policy, '/desk/figures')
await look(policy, '/desk/standards', '最低生活保障标准')
// A neighbour's clerk does not find the case.
const neighbour = await desk(browser, 'zhen2')
const refused = await neighbour.goto(origin + (cases[0] ?? '/desk/cases/1'))
if (refused.status() !== 404) faults.push(`the neighbour's clerk got ${refused.status()}`)
await browser.close()

for (const fault of faults) console.log(fault)
console.log(`${checked - faults.length} passed, ${faults.length} failed`)
process.exit(faults.length ? 1 : 0)
