// axe-core on an open page: WCAG 2.2 A and AA, and best practice.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice']

/** Violations as lines a person can read; an empty list is right. Never ends on a page without scripts. */
export async function violations(page) {
  await page.evaluate(source) // evaluated by the debugger, so the page's policy stays as it is
  const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags)
  return violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target.join(' ')} - ${node.failureSummary.replace(/\s+/g, ' ')}`))
}
