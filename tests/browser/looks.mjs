// What every browser test does: opens pages, holds each against what every page must stand, signs staff in, says what was wrong.
import { launch, openPage, overflow, WIDTHS } from './browser.mjs'
import { violations } from './axe.mjs'

/** What is no fault: an icon still on its way, a file that is saved, a form that comes back with a further question. */
export const EXPECTED = /^failed: .*(\/icon-|\/bank-file$|\/export$)|status of 422/

/**
 * Looks at the pages of a running program.
 * `pictures` is a folder for a picture of every page looked at; without it none is taken.
 */
export async function looks(origin, pictures) {
  const browser = await launch()
  const faults = []
  let checked = 0

  /** Holds the page that is open against what every page must stand. */
  async function look(page, expect) {
    const text = await page.textContent('main')
    const here = `${new URL(page.url()).pathname} at ${page.viewportSize().width}px`
    if (expect && !text.includes(expect)) faults.push(`${here}: no ${expect}`)
    if (await overflow(page)) faults.push(`${here}: wider than its window`)
    for (const violation of page.scripts ? await violations(page) : []) faults.push(`${here}: ${violation}`)
    for (const complaint of page.complaints.splice(0).filter((line) => !EXPECTED.test(line))) faults.push(`${here}: ${complaint}`)
    checked += 1
    if (pictures) await page.screenshot({ path: `${pictures}/${String(checked).padStart(2, '0')}.png`, fullPage: true })
  }

  async function go(page, path, expect) {
    await page.goto(origin + path)
    await look(page, expect)
  }

  const visitor = (width = WIDTHS.desk, more = {}) => openPage(browser, { width, origin, ...more })

  async function desk(login, width = WIDTHS.desk, more = {}) {
    const page = await visitor(width, more)
    await page.goto(`${origin}/desk/sign-in`)
    await page.fill('input[name=login]', login)
    await page.fill('input[name=password]', 'huimin-demo-2026')
    await page.click('main form button')
    await page.waitForLoadState()
    return page
  }

  /** Walks; then prints every fault and ends the process, with 1 if there was any. */
  async function walk(steps) {
    try {
      await steps()
    } catch (error) {
      faults.push(String(error))
      const open = browser.contexts().flatMap((context) => context.pages())
      for (const [index, page] of (pictures ? open : []).entries()) {
        await page.screenshot({ path: `${pictures}/stopped-${checked}-${index}.png`, fullPage: true }).catch(() => {})
      }
    }
    await browser.close()
    for (const fault of faults) console.log(fault)
    console.log(`${checked - faults.length} passed, ${faults.length} failed`)
    process.exit(faults.length ? 1 : 0)
  }

  return { browser, faults, look, go, visitor, desk, walk }
}
