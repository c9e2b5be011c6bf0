// Families that are on the roll already, as their own township's clerk finds them there.

/** The first link of the main part whose address is all of the pattern. */
async function link(page, pattern) {
  const all = await page.$$eval('main a', (links) => links.map((one) => one.getAttribute('href')))
  return all.find((address) => pattern.test(address ?? ''))
}

/** Yuan as a page prints them: 1,234.50. */
export const yuan = (number) => number.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** The month of a day, or so many later: as fields want it, as addresses write it, as pages say it. */
export function month(day, later = 0) {
  const count = Number(day.year) * 12 + Number(day.month) - 1 + later
  const [year, number] = [Math.floor(count / 12), count % 12 + 1]
  return { year: String(year), month: String(number), typed: `${year}-${String(number).padStart(2, '0')}`, words: `${year}年${number}月` }
}

/** The benefits of a programme that are paid in a month: where they stand, whose, for how many, how much, whether they end. */
export async function roll(city, clerk, programme, typed = '') {
  await city.go(clerk, `/desk/roll?programme=${programme}&month=${typed}`, '在册名册')
  const rows = await clerk.$$eval('main table tbody tr', (lines) => lines.map((line) => ({
    at: line.querySelector('a[href^="/desk/roll/"]')?.getAttribute('href'), cells: [...line.cells].map((cell) => cell.textContent.trim()),
  })))
  return rows.filter(({ at, cells }) => at && cells.includes('在发')).map(({ at, cells: [name, , , , members, amount, months] }) => ({
    at, name, members: Number(members), amount: Number(amount.replaceAll(',', '')), ends: months.includes('至'),
  }))
}

/** The family of a benefit with a phone of its own: the clerk hands its head a code. */
export async function signedIn(city, clerk, benefit) {
  await clerk.goto(city.origin + benefit.at)
  const family = (await link(clerk, /^\/desk\/families\/\d+$/)).match(/\d+/)[0]
  await clerk.goto(`${city.origin}/desk/families/${family}`)
  const citizenId = (await clerk.innerText('main table tbody tr:first-child')).match(/\*(\d{3}[\dX])/)[1]
  const person = (await link(clerk, /^\/desk\/people\/\d+$/)).match(/\d+/)[0]
  return { ...benefit, family, page: await city.signIn(clerk, { person, name: benefit.name, citizenId }) }
}

/** Whether a case offers an action to whoever has the page. */
export async function offered(city, page, number, action) {
  await page.goto(`${city.origin}/desk/cases/${number}`)
  return await page.locator(`main a[href$="/actions/${action}"]`).count() > 0
}

/** What a case must not offer, each said as a fault if it does. */
export async function notOffered(city, page, number, actions) {
  for (const action of actions) {
    if (await offered(city, page, number, action)) city.faults.push(`${page.url()}: ${action} is offered`)
  }
}

/** The days of a notice go by, and days of rest behind them: until its clerk may close it. */
export async function noticeOver(city, number) {
  for (let turn = 0; turn < 4; turn += 1) {
    if (await offered(city, city.clerk, number, 'close_notice')) return
    await city.pass(city.clerk, 8)
  }
}

/** A case is on nobody's list who has nothing to do in it. */
export async function notListed(city, page, number) {
  await page.goto(`${city.origin}/desk/work`)
  if (await page.locator(`main table a[href="/desk/cases/${number}"]`).count()) city.faults.push(`${number} is on the list of ${await page.innerText('header')}`)
}
