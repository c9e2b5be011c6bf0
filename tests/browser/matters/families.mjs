// 低保边缘家庭 with an objection to its notice, 刚性支出困难家庭: recognitions that bring no money but open other help. With them what is told once
// and begun together (一件事), and a referral that its department answers.
import { errors, fill, recordOf, send } from '../forms.mjs'
import { account } from './accounts.mjs'

export const head = (value, others = '0') => (name) => (recordOf(name) ? others : value)

/** Two people on one wage: filed, accepted, checked, visited. */
export async function investigated(city, item, name, answers) {
  const family = await city.family(name, '19850612')
  const known = { ...city.LITTLE, employed: head('yes', 'no'), ...answers }
  const child = { name: `${name}的孩子`.slice(0, 4), citizen_id: family.number('20150901'), relation: 'child' }
  const number = await city.file(family.page, item, known, [child])
  await city.act(city.clerk, number, 'accept')
  await city.check(city.clerk, city.county, number)
  const visit = { ...known, ...city.VISIT, living_together: '2', visited_on: city.on(await city.today(city.clerk)) }
  await city.act(city.clerk, number, 'visit', visit)
  return { family, number, visit }
}

/** An income over the standard of 低保 and under one and a half of it. Somebody objects; the village looks into it. */
export async function marginal(city) {
  const { family, number } = await investigated(city, 'marginal', '苏和', { wage_income: head('2800') })
  await city.act(city.second, number, 'opine', { opinion_agrees: 'yes', opinion_text: '符合低保边缘条件。' })
  const day = await city.today(city.clerk)
  await city.go(city.village, `/notices?place=${city.PLACE}`, family.name)
  await city.act(city.clerk, number, 'object', { objected_on: city.on(day), objection_text: '听说他家有铺面出租' })
  await city.go(family.page, `/my/cases/${number}`, '异议')
  // Not without an answer to the objection.
  await city.clerk.goto(`${city.origin}/desk/cases/${number}`)
  if (await city.clerk.locator('a[href$="/actions/opine_again"]').count()) city.faults.push('an objection needs no answer')
  await city.act(city.village, number, 'appraise', { appraised_on: city.on(day), appraisers: '9', votes_for: '9', appraisal_text: '铺面是租别人的，已经退租。' })
  await city.act(city.second, number, 'opine_again', { opinion_agrees: 'yes', opinion_text: '异议不属实，维持。' })
  await city.act(city.county, number, 'examine', { examination_agrees: 'yes', examination_text: '同意。' })
  await city.act(city.director, number, 'confirm')
  await city.go(family.page, `/my/cases/${number}`, '已认定')
  return { family, number }
}

/** Two thirds of the income go to the doctor: recognised for at most twelve months. */
export async function rigid(city) {
  const { family, number } = await investigated(city, 'rigid', '其格', { wage_income: head('6000'), rigid_medical: '4000' })
  await city.act(city.second, number, 'opine', { opinion_agrees: 'yes', opinion_text: '医疗支出大，符合条件。' })
  await city.act(city.county, number, 'examine', { examination_agrees: 'yes', examination_text: '同意。' })
  await city.act(city.director, number, 'confirm')
  await city.go(family.page, `/my/cases/${number}`, '已认定')
  await city.go(city.clerk, `/desk/families/${family.family}/cases`, '刚性支出困难家庭')
  return { family, number }
}

/** A need told once at the window: two matters and a referral begun together; the department answers with an account of its own. */
export async function together(city, { family }) {
  const here = `/desk/families/${family.family}/joint`
  await city.go(city.clerk, here, '救助一件事')
  await city.clerk.fill('textarea[name=told]', '孩子看病花光了钱，这个月没有米下锅')
  for (const item of ['temporary_emergency', 'temporary_expenditure']) await city.clerk.check(`input[name=items][value=${item}]`, { force: true })
  await city.clerk.check('input[value="referral/medical"]', { force: true })
  await city.clerk.fill('input[name=referral_medical]', '请核一核大病保险和医疗救助能报多少')
  await send(city.clerk)
  for (const wrong of await errors(city.clerk)) throw new Error(`one door: ${wrong}`)
  const joint = new URL(city.clerk.url()).pathname
  await city.look(city.clerk, '医疗救助')
  const day = city.on(await city.today(city.clerk))
  const known = {
    ...city.LITTLE, wage_income: '6000', rigid_medical: '4000', incident_on: day, incident_text: '孩子突然住院', emergency_kind: 'illness', account_number: '6217000000000000053',
  }
  // What is on file stands in each form already; each is handed in, and the sheet says so.
  for (let part = 0; part < 2; part += 1) {
    await city.clerk.goto(city.origin + joint)
    await city.clerk.locator('main a[href^="/desk/drafts/"]').first().click()
    await city.clerk.waitForLoadState()
    await city.handIn(city.clerk, known)
  }
  await city.not(city.clerk, joint, '接着填')
  await city.go(city.clerk, '/desk/joint', '全部申请、转出')
  const department = await account(city, { login: `yibao${city.serial}`, name: '萨仁', place: '海勃湾区', role: 'department_clerk', business: 'department:medical_insurance' })
  await city.go(department, '/desk/department', '大病保险')
  await department.locator('main a[href*="/desk/department/records/referral/"]').first().click()
  await department.waitForLoadState()
  await city.look(department, '大病保险')
  // The form of the deed that was chosen.
  await department.locator('main a[href$="?to=help"]').click()
  await department.waitForLoadState()
  const help = department.locator('main form[action$="/do/help"]')
  await fill(department, { answer: 'given', answered_on: day, answer_text: '大病保险二次报销八千元' }, help)
  await help.locator('button').first().click()
  await department.waitForLoadState()
  for (const wrong of await errors(department)) throw new Error(`the answer: ${wrong}`)
  await city.not(department, '/desk/department', '大病保险和医疗救助能报多少')
  await department.context().close()
  await city.go(city.clerk, joint, '已落实')
  await city.go(family.page, '/my/help', '大病保险二次报销八千元')
}
