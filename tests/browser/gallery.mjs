// The components in a real browser: `cargo test -p web gallery` writes the pages, this opens each of them under the
// production policy at three widths, with and without scripts, and keeps pictures in target/gallery.
//   node tests/browser/gallery.mjs [page …]
import { createServer } from 'node:http'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { violations } from './axe.mjs'
import { WIDTHS, launch, openPage, overflow } from './browser.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const gallery = join(root, 'target/gallery')
const policy = "default-src 'none'; style-src 'self'; script-src 'self' 'nonce-gallery'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'"
const kinds = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' }

if (!existsSync(gallery)) throw new Error('target/gallery is missing: run `cargo test -p web gallery` first')
const wanted = process.argv.slice(2)
const names = readdirSync(gallery).filter((file) => file.endsWith('.html')).map((file) => file.slice(0, -5)).filter((name) => !wanted.length || wanted.includes(name))
if (!names.length) throw new Error('no page of the gallery is called that')

const server = createServer((request, response) => {
  const { pathname: path, searchParams } = new URL(request.url, 'http://x')
  if (searchParams.has('before')) return response.writeHead(303, { location: '/error' }).end() // as if signed out
  const page = extname(path) ? path.slice(1) : `${path.slice(1)}.html`
  const file = path.startsWith('/assets/') ? join(root, 'web/dist', path.slice(8)) : join(gallery, page)
  if (!existsSync(file)) return response.writeHead(404).end()
  response.writeHead(200, { 'content-type': kinds[extname(file)] ?? 'text/plain', 'content-security-policy': policy })
  response.end(readFileSync(file))
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${server.address().port}`
const browser = await launch()
const faults = []

async function check(name, width, scripts) {
  const page = await openPage(browser, { width, scripts, origin })
  const where = `${name} at ${width} px${scripts ? '' : ' without scripts'}`
  await page.goto(`${origin}/${name}.html`, { waitUntil: 'networkidle' })
  if (scripts) {
    faults.push(...(await violations(page)).map((line) => `${where}: ${line}`))
    if (name.startsWith('apply-error') && (await page.evaluate(() => document.activeElement?.className)) !== 'govuk-error-summary') {
      faults.push(`${where}: the error summary did not take the focus`)
    }
    const undrawn = await page.evaluate(() => [...document.querySelectorAll('[data-chart]')].filter((place) => !place.querySelector('canvas')).length)
    if (undrawn) faults.push(`${where}: ${undrawn} charts are not drawn`)
  }
  const wide = await overflow(page)
  if (wide) faults.push(`${where}: ${wide} px too wide`)
  faults.push(...page.complaints.map((line) => `${where}: ${line}`))
  await page.screenshot({ path: join(gallery, `${name}-${width}${scripts ? '' : '-plain'}.png`), fullPage: true })
  await page.context().close()
}

/** What the scripts add, by keyboard and mouse. */
const behaviours = {
  async 'a further question opens with its answer'() {
    const page = await openPage(browser, { origin })
    await page.goto(`${origin}/apply`)
    if (await page.isVisible('#reason')) return 'it stands open before'
    await page.focus('#consent')
    await page.keyboard.press('ArrowDown')
    if (!(await page.isVisible('#reason'))) return 'it stays hidden'
    return page.complaints[0]
  },
  async 'the skip link comes first and leads to the text'() {
    const page = await openPage(browser, { origin })
    await page.goto(`${origin}/worklist`)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    const id = await page.evaluate(() => document.activeElement.id)
    return id === 'main-content' ? undefined : `the focus is at ${id || 'nothing'}`
  },
  async 'the next page replaces only the list'() {
    const page = await openPage(browser, { origin })
    await page.goto(`${origin}/worklist`, { waitUntil: 'networkidle' })
    await page.evaluate(() => { window.sameDocument = true })
    await page.click('text=下一页')
    await page.waitForURL('**/worklist?after=7')
    await page.waitForFunction(() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling'))
    if (!(await page.evaluate(() => window.sameDocument))) return 'the whole page was loaded'
    const regions = await page.locator('#worklist-region').count()
    if (regions !== 1) return `${regions} lists on the page`
    return page.complaints[0]
  },
  async 'a redirect in the middle becomes a page of its own'() {
    const page = await openPage(browser, { origin })
    await page.goto(`${origin}/worklist`, { waitUntil: 'networkidle' })
    await page.click('text=上一页')
    await page.waitForURL('**/error')
    return (await page.textContent('h1')) === '没有找到这一页' ? undefined : 'the page is another one'
  },
  async 'paper has the answers and nothing to click'() {
    const page = await openPage(browser, { origin, width: 794 })
    await page.goto(`${origin}/case`)
    await page.emulateMedia({ media: 'print' })
    await page.screenshot({ path: join(gallery, 'case-print.png'), fullPage: true })
    for (const gone of ['.govuk-button', '.site-header', '.govuk-summary-list__actions']) if (await page.locator(gone).first().isVisible()) return `${gone} is printed`
    const after = await page.evaluate(() => getComputedStyle(document.querySelector('.govuk-task-list__link'), '::after').content)
    if (after.includes('/')) return `addresses are printed: ${after}`
    return (await page.isVisible('.timeline')) ? undefined : 'the timeline is missing'
  },
}

if (!wanted.length) {
  for (const [what, behave] of Object.entries(behaviours)) {
    const fault = await behave().catch((error) => error.message.split('\n')[0])
    if (fault) faults.push(`${what}: ${fault}`)
  }
}
for (const name of names) {
  for (const width of Object.values(WIDTHS)) await check(name, width, true)
  await check(name, WIDTHS.phone, false)
}
await browser.close()
server.close()

for (const fault of faults) console.error(fault)
console.log(`${names.length} pages, ${faults.length} faults`)
process.exitCode = faults.length ? 1 : 0
