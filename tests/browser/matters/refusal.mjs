// 不予确认: a family with more than the standard is refused after all was looked into. It reads why, in numbers and articles, and how to have it
// looked at again; its letter opens; the delivery is on record; no benefit comes of it.
import { head, investigated } from './families.mjs'
import { noticeOver, notListed, notOffered, offered } from './roll.mjs'

/** The family opens the letter whose title is given, once it is made. */
export async function letter(city, page, number, title) {
  for (let wait = 0; wait < 60; wait += 1) {
    await page.goto(`${city.origin}/my/cases/${number}`)
    const link = page.locator('main a[href^="/my/letters/"]', { hasText: title })
    if (await link.count()) {
      const answer = await page.context().request.get(city.origin + await link.first().getAttribute('href'))
      const body = await answer.body()
      if (answer.status() !== 200 || body.subarray(0, 5).toString() !== '%PDF-') city.faults.push(`${number}: ${title} does not open`)
      return
    }
    await page.waitForTimeout(500)
  }
  throw new Error(`${number}: no ${title}`)
}

/** 2,800 for two, of which 2,400 count: over the standard, and under one and a half of it. */
export async function asked(city) {
  const { family, number } = await investigated(city, 'dibao', '宝音图', { wage_income: head('2800') })
  await city.go(city.clerk, `/desk/cases/${number}`, '不符合')
  await city.act(city.second, number, 'opine', { opinion_agrees: 'no', opinion_text: '人均收入高于标准，建议不予确认。' })
  await notOffered(city, city.clerk, number, ['close_notice'])
  return { family, number }
}

/** After the notice. */
export async function refused(city, { family, number }) {
  const here = `/my/cases/${number}`
  await noticeOver(city, number)
  await city.act(city.clerk, number, 'close_notice')
  await city.act(city.county, number, 'examine', { examination_agrees: 'yes', examination_text: '同意初审意见，收入超过标准。' })
  await notOffered(city, city.director, number, ['confirm'])
  await city.act(city.director, number, 'refuse', { reasons: 'income_above', decision_text: '收入减少后可以随时再申请。' })
  await city.go(family.page, here, '不予确认')
  await city.go(family.page, here, '家庭月人均收入 1200，不低于当地最低生活保障标准 960：不符合')
  await city.go(family.page, here, '《社会救助法》第十八条')
  await city.go(family.page, here, '60 日内可以申请行政复议')
  // What it may get instead, told with the decision and not only when the letter has been handed over.
  await city.go(family.page, here, '您家还可能符合')
  await city.go(family.page, here, '最低生活保障边缘家庭认定')
  await letter(city, family.page, number, '不予确认')
  // Told in writing within three days: on the township's list until it is on record.
  await city.go(city.clerk, '/desk/work', family.name)
  await city.act(city.clerk, number, 'deliver_refusal', { delivered_on: city.on(await city.today(city.clerk)), received_by: family.name })
  await notListed(city, city.clerk, number)
  if (await offered(city, city.clerk, number, 'deliver_refusal')) city.faults.push(`${number}: is delivered twice`)
  await city.go(family.page, here, '告知书已送达')
  await city.not(family.page, '/my', '正在领取')
  await city.not(city.clerk, '/desk/roll?programme=dibao', family.name)
}
