// 特困人员救助供养: an old man alone files, is assessed in six items, is provided for at home with an agreement, is paid; then he wants to
// live in an institution, and is paid more.
import { instead, PAPER } from '../forms.mjs'

/** He washes and walks only with help: partly unable to look after himself. */
const PARTLY = {
  obligor: 'yes', obligor_reason: '无配偶、子女、父母，社区和公安户籍查明。', eats_alone: 'yes', dresses_alone: 'yes', moves_bed_alone: 'yes', toilets_alone: 'yes',
  walks_alone: 'no', bathes_alone: 'no', self_care_text: '行走扶墙，洗澡要人帮。', support_form: 'none', tekun_student: 'no', child_allowance_chosen: 'no',
}

/** To the notice; the case. */
export async function filed(city) {
  const man = await city.family('石敢当', '19500305', { scripts: false })
  const known = { ...city.LITTLE, ...PARTLY, has_obligor: 'no', work_ability: 'none', account_number: '6217000000000000020' }
  const number = await city.file(man.page, 'tekun', known)
  await city.go(city.clerk, '/desk/work', man.name)
  await city.act(city.clerk, number, 'accept')
  await city.check(city.clerk, city.county, number)
  await city.act(city.clerk, number, 'visit', { ...known, ...city.VISIT, visited_on: city.on(await city.today(city.clerk)) })
  // Basic living at home in the city, and the care of who cannot do two of the six.
  await city.go(city.clerk, `/desk/cases/${number}`, '2,230.00')
  await city.act(city.second, number, 'opine', { opinion_agrees: 'yes', opinion_text: '符合特困条件，建议确认。' })
  await city.go(man.page, `/my/cases/${number}`, '公示')
  return { man, number, known }
}

/** After the notice: examined, visited by the county where the lot fell, confirmed, cared for. */
export async function confirmed(city, { man, number, known }) {
  await city.act(city.clerk, number, 'close_notice')
  // At least three in ten are looked at by the county itself: whom the lot took cannot be examined before.
  await city.county.goto(`${city.origin}/desk/cases/${number}`)
  if (await city.county.locator('a[href$="/actions/examine"]').count() === 0) {
    await city.act(city.county, number, 'county_visit', { ...known, ...city.VISIT, visited_on: city.on(await city.today(city.county)) })
  }
  await city.act(city.county, number, 'examine', { examination_agrees: 'yes', examination_text: '同意初审意见。' })
  await city.go(city.director, '/desk/work', man.name)
  await city.act(city.director, number, 'confirm')
  await city.not(city.director, '/desk/work', man.name)
  const agreed = await city.today(city.clerk)
  await city.act(city.clerk, number, 'agree_care', {
    carer_name: '和平社区居委会', carer_phone: '13800000000', care_content: '每天上门一次，送一顿热饭', care_agreement_files: PAPER,
    agreed_on: city.on(agreed), agreed_until: city.on({ ...agreed, year: Number(agreed.year) + 1 }),
  })
  await city.go(city.clerk, '/desk/records/care_agreement', man.name)
  await city.go(man.page, `/my/cases/${number}`, '委托照料')
  await city.go(man.page, `/my/cases/${number}`, '确认通知书')
}

/** Paid from the month after: into the bank file, and on his page. */
export async function paid(city, { man }) {
  const { year, month } = await city.today(city.clerk)
  const file = await city.month(city.accountant, { programme: 'tekun', on: { year, month } })
  if (!file.includes('6217000000000000020')) city.faults.push('the man is in no run')
  await city.go(man.page, '/my/payments', '已到账')
  await city.go(man.page, '/my/payments', '2,230.00')
}

/** After the first month: he wants to move into an institution; assessed anew, decided, more money. */
export async function moved(city, { man, known }) {
  await city.go(man.page, '/my/benefits', '2,230.00')
  const number = await city.file(man.page, 'tekun_change', { change_kinds: 'support_form', support_form: 'institution', changed_on: city.on(await city.today(city.clerk)), change_text: '一个人住不方便，想住进供养服务机构' })
  await city.act(city.clerk, number, 'accept')
  const anew = { support_form: instead('institution') }
  await city.act(city.clerk, number, 'visit', { ...known, ...city.VISIT, ...anew, visited_on: city.on(await city.today(city.clerk)) })
  await city.go(city.second, `/desk/cases/${number}`, '2,400.00')
  await city.act(city.second, number, 'propose', { proposal_text: '本人愿意集中供养，建议调整。' })
  await city.act(city.director, number, 'increase', { reasons: 'support_form', decision_text: '' })
  await city.go(man.page, `/my/cases/${number}`, '供养金增加')
  return number
}
