// Who takes part in the matters of social assistance, each signed in once, and what they say again and again on forms.
import { WIDTHS } from '../browser.mjs'
import { cases } from '../cases.mjs'
import { citizenId } from '../forms.mjs'
import { EXPECTED } from '../looks.mjs'
import { payments } from '../payments.mjs'

/** Income, property and expenses of a family that has little; a matter says what is otherwise. */
const LITTLE = {
  relation: 'head', address: '和平路 1 号', area: 'urban', registered_here: 'yes', wage_income: '0', business_income: '0', property_income: '0',
  transfer_income: '0', employed: 'no', basic_pension: '0', deposits: '2000', vehicles: '0', houses: '1', business_registrations: '0',
  rigid_medical: '0', rigid_education: '0', rigid_disability: '0', rigid_living: '0', rigid_other: '0', unstable_income: 'no',
}

/** What two visitors write on the sheet of a visit. */
const VISIT = {
  living_together: '1', living_conditions: '居住条件一般，日常开支以食品为主。', property_judged: 'yes', property_reason: '与核对报告一致。',
  cooperation: 'yes', cooperation_reason: '积极配合。', first_visitor: '乌兰', second_visitor: '巴图', present_name: '斯琴',
}

/**
 * The people of 凤凰岭街道, over the pages of `looks`. Every kind of page is looked at once for each width; what it must say is
 * asked every time.
 */
export async function town(origin, shared, serial) {
  const seen = new Set()
  async function look(page, expect) {
    const kind = `${new URL(page.url()).pathname.replace(/\d+/g, '#')} ${page.viewportSize().width} ${page.scripts}`
    if (!seen.has(kind)) {
      seen.add(kind)
      return shared.look(page, expect)
    }
    if (expect && !(await page.textContent('main')).includes(expect)) shared.faults.push(`${new URL(page.url()).pathname}: no ${expect}`)
    for (const complaint of page.complaints.splice(0).filter((line) => !EXPECTED.test(line))) shared.faults.push(`${page.url()}: ${complaint}`)
  }
  const go = async (page, path, expect) => {
    await page.goto(origin + path)
    await look(page, expect)
  }
  const steps = { ...shared, look, go }
  const deeds = { ...cases(origin, steps), ...payments(origin, steps) }
  const people = {
    village: await shared.desk('cun1', WIDTHS.phone, { scripts: false }),
    clerk: await shared.desk('zhen1'), second: await shared.desk('zhen1b', WIDTHS.phone), head: await shared.desk('zhenzhang1', WIDTHS.phone),
    county: await shared.desk('xian1'), director: await shared.desk('juzhang1', WIDTHS.phone), accountant: await shared.desk('kuaiji1'),
  }
  let next = serial
  /** Somebody who has moved in, and their browser. */
  async function family(name, born, more) {
    const registered = await deeds.register(people.village, name, citizenId(born, next += 1), `和平路 ${next} 号`)
    return { ...registered, page: await deeds.signIn(people.village, registered, WIDTHS.phone, more), number: (born_) => citizenId(born_, next += 1) }
  }
  /** What must not be said on a page any more. */
  const not = async (page, path, words) => {
    await page.goto(origin + path)
    if ((await page.textContent('main')).includes(words)) shared.faults.push(`${path}: still says ${words}`)
  }
  return { origin, serial, PLACE: '150302001002', ...steps, ...deeds, ...people, family, not, LITTLE, VISIT }
}
