// Debian's Chromium through playwright-core, for every browser test. No download, no traffic of its own.
import { chromium } from 'playwright-core'

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Widths that every page must stand: a desk, a phone, and a desk at 400 %. */
export const WIDTHS = { desk: 1280, phone: 360, zoomed: 320 }

/** A browser; close it when done. */
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-domain-reliability',
    ],
  })
}

/**
 * A page in a context of its own (cookies apart) that remembers what went wrong on it: script errors, refused
 * policies, failed requests, requests to other hosts. Read `page.complaints` at the end.
 */
export async function openPage(browser, { width = WIDTHS.desk, height = 900, scripts = true, origin } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, javaScriptEnabled: scripts, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' })
  const page = await context.newPage()
  page.complaints = []
  page.scripts = scripts
  page.on('pageerror', (error) => page.complaints.push(`script: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error') page.complaints.push(`console: ${message.text()}`) })
  page.on('requestfailed', (request) => page.complaints.push(`failed: ${request.url()}`))
  page.on('request', (request) => {
    if (origin && !request.url().startsWith(origin) && !request.url().startsWith('data:')) page.complaints.push(`elsewhere: ${request.url()}`)
  })
  return page
}

/** How many pixels the page is wider than its window; 0 is right. */
export function overflow(page) {
  return page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth))
}
