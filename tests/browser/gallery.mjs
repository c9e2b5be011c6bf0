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
  const path = new URL(request.url, 'http://x').pathname
  const file = path.startsWith('/assets/') ? join(root, 'web/dist', path.slice(8)) : join(gallery, path.slice(1))
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

for (const name of names) {
  for (const width of Object.values(WIDTHS)) await check(name, width, true)
  await check(name, WIDTHS.phone, false)
}
await browser.close()
server.close()

for (const fault of faults) console.error(fault)
console.log(`${names.length} pages, ${faults.length} faults`)
process.exitCode = faults.length ? 1 : 0
