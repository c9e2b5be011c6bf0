// How long every page takes that somebody can reach: the accounts of a synthetic city go from their first page along the links, each kind of
// address (numbers left out) is asked for again and again, one page at a time, and the slowest come first. Nothing is posted but signing in.
//
//   node bench/pages.mjs http://127.0.0.1:8080 [LOGIN,LOGIN…]      JSON lines; the last one is the whole
//
// TIMES (20) each kind is asked for, over as many of its addresses as were met; KINDS (400) is how many kinds an account looks at most.
// Files to download are left out unless FILES=1: they are lists of thousands of rows, made while one waits.
const [origin, accounts] = process.argv.slice(2)
const TIMES = Number(process.env.TIMES ?? 20)
const KINDS = Number(process.env.KINDS ?? 400)
const FILES = Boolean(process.env.FILES)
const PASSWORD = 'huimin-demo-2026'
const logins = (accounts ?? 'shi,lingdao,xian1,juzhang1,kuaiji1,kuaiji1b,zhen1,zhenzhang1,cun1,admin').split(',')

const kindOf = (path) => {
  const url = new URL(path, origin)
  const names = [...url.searchParams.keys()].filter((name) => url.searchParams.get(name) !== '').sort()
  return url.pathname.replace(/[0-9a-f]{16,}|\d+/g, '#') + (names.length ? `?${[...new Set(names)].join('&')}` : '')
}
const linksOf = (html, from) => [...html.matchAll(/href="([^"#]+)/g)]
  .map((found) => new URL(found[1].replaceAll('&amp;', '&'), origin + from))
  .filter((url) => url.origin === origin && /^\/(desk|$)/.test(url.pathname) && !/sign-out|\/assets\//.test(url.pathname))
  .map((url) => url.pathname + url.search)

async function signIn(login, at) {
  const body = new URLSearchParams({ login, password: PASSWORD, _key: `pages-${login}-${Date.now()}` })
  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin, host: new URL(origin).host, 'x-forwarded-for': at }
  const answer = await fetch(`${origin}/desk/sign-in`, { method: 'POST', body, headers, redirect: 'manual' })
  if (answer.status !== 303) throw new Error(`${login}: ${answer.status}`)
  return { cookie: answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; '), 'x-forwarded-for': at }
}

async function ask(path, headers) {
  const began = performance.now()
  const answer = await fetch(origin + path, { headers, redirect: 'manual' })
  const text = await answer.text()
  const [type, to] = ['content-type', 'location'].map((name) => answer.headers.get(name) ?? '')
  return { ms: performance.now() - began, status: answer.status, html: type.startsWith('text/html'), text, to }
}

const share = (sorted, of) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))]
const whole = []
for (const [index, login] of logins.entries()) {
  let headers
  try { headers = await signIn(login, `10.9.0.${index + 1}`) } catch (error) { console.error(String(error)); continue }
  const met = new Map()
  const queue = ['/desk']
  const queued = new Set(queue)
  // Along the links, breadth first, no more than a few addresses of a kind.
  while (queue.length) {
    const path = queue.shift()
    const kind = kindOf(path)
    const known = met.get(kind) ?? []
    if (known.length >= 4 || (met.size >= KINDS && !known.length)) continue
    const seen = await ask(path, headers)
    if (seen.to.startsWith('/desk') && !queued.has(seen.to)) { queued.add(seen.to); queue.push(seen.to) }
    if (!seen.html && !FILES) continue
    if (seen.status !== 200) { if (seen.status >= 500) console.error(`${login} ${path}: ${seen.status}`); continue }
    met.set(kind, [...known, path])
    if (!seen.html) continue
    for (const link of linksOf(seen.text, path)) if (!queued.has(link)) { queued.add(link); queue.push(link) }
  }
  for (const [kind, paths] of met) {
    const times = []
    let size = 0
    for (let time = 0; time < TIMES; time += 1) {
      const seen = await ask(paths[time % paths.length], headers)
      times.push(seen.ms)
      size = Math.max(size, seen.text.length)
    }
    times.sort((one, other) => one - other)
    whole.push({ login, kind, path: paths[0], p50: share(times, 0.5), p95: share(times, 0.95), max: times.at(-1), kb: Math.round(size / 1024) })
  }
  console.error(`${login}: ${met.size} kinds of pages`)
}
whole.sort((one, other) => other.p95 - one.p95)
const round = (ms) => Math.round(ms * 10) / 10
for (const line of whole.slice(0, Number(process.env.SHOW ?? 40))) console.log(JSON.stringify({ ...line, p50: round(line.p50), p95: round(line.p95), max: round(line.max) }))
const under = whole.filter((line) => line.p95 < 50).length
console.log(JSON.stringify({ pages: whole.length, times: TIMES, p95_under_50_ms: under, median_p95_ms: round(share(whole.map((line) => line.p95).sort((a, b) => a - b), 0.5)) }))
