// The administrator makes accounts for offices that the demonstration gave none; their people sign in with the one-time password.
import { errors, fill, send } from '../forms.mjs'

/** What they choose for themselves. */
const OWN = 'wuhai-liulanqi-2026'

/** An account of a role at a place, in a business (or of a department): its page, signed in. */
export async function account(city, { login, name, place, role, business }) {
  const admin = await city.desk('admin')
  await city.go(admin, '/desk/admin/staff/new', '新增账号')
  await fill(admin, { login, name, division: place })
  await send(admin)
  for (const wrong of await errors(admin)) throw new Error(`the account of ${name}: ${wrong}`)
  await city.look(admin, name)
  const password = (await admin.innerText('main .govuk-panel__body')).trim()
  // A role at the office: from here the account may do something.
  await admin.goto(`${city.origin}/desk/admin/staff?q=${login}`)
  await admin.locator('main table a').first().click()
  await admin.waitForLoadState()
  await admin.goto(`${admin.url().split('?')[0]}/posts/new`)
  await city.look(admin, '增加岗位')
  await admin.check(`input[name=roles][value=${role}]`, { force: true })
  await admin.check(`input[name=businesses][value="${business}"]`, { force: true })
  await send(admin)
  for (const wrong of await errors(admin)) throw new Error(`the post of ${name}: ${wrong}`)
  await city.look(admin, name)
  await admin.context().close()
  const page = await city.visitor()
  await page.goto(`${city.origin}/desk/sign-in`)
  await page.fill('input[name=login]', login)
  await page.fill('input[name=password]', password)
  await send(page)
  // The password that somebody else has read is changed first.
  await city.look(page, '密码')
  const fields = await page.$$('main input[type=password]')
  for (const [index, field] of fields.entries()) await field.fill(index === 0 && fields.length > 2 ? password : OWN)
  await send(page)
  for (const wrong of await errors(page)) throw new Error(`the password of ${name}: ${wrong}`)
  return page
}
