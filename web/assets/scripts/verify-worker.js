// Keeps the page that checks codes for when there is no network: the page as a stranger sees it, and its assets. Nothing else is kept.
const KEPT = 'verify-1'

async function fetched(request) {
  const stranger = new Request(request.url.split('#')[0], { credentials: 'omit' })
  const answer = await fetch(stranger)
  if (answer.ok) (await caches.open(KEPT)).put(stranger, answer.clone())
  return answer
}

self.addEventListener('install', (event) => {
  self.skipWaiting()
  event.waitUntil((async () => {
    const page = await fetched(new Request('/verify'))
    const assets = (await page.clone().text()).match(/\/assets\/[\w.-]+/g) || []
    await Promise.all([...new Set(assets)].map((path) => fetched(new Request(path))))
  })())
})

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))

self.addEventListener('fetch', (event) => {
  const { method, url } = event.request
  const path = new URL(url).pathname
  if (method !== 'GET' || (path !== '/verify' && !/^\/assets\//.test(path))) return
  // From the network while there is one: keys change.
  event.respondWith(fetched(event.request).catch(async () => (await caches.match(url.split('#')[0])) || Response.error()))
})
