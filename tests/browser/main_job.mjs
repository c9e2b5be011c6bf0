// The main job as people do it, against a small synthetic city: node tests/browser/main_job.mjs http://127.0.0.1:18080
import { WIDTHS } from './browser.mjs'
import { looks } from './looks.mjs'

const origin = process.argv[2]
const { faults, look, go, desk, visitor, walk } = await looks(origin)

await walk(async () => {
  for (const width of [WIDTHS.phone, WIDTHS.desk]) {
    const somebody = await visitor(width)
    await go(somebody, '/', '我要办事')
    await go(somebody, '/services?q=' + encodeURIComponent('我家有困难'), '最低生活保障')
    await go(somebody, '/services/dibao', '社会救助法')
    await go(somebody, '/services/dibao/check')
    await go(somebody, '/notices')
    await go(somebody, '/sign-in')
    await somebody.context().close()
  }

  const clerk = await desk('zhen1')
  await go(clerk, '/desk/work', '待办事项')
  const cases = await clerk.$$eval('a[href^="/desk/cases/"]', (links) => links.map((link) => link.getAttribute('href')))
  if (cases.length === 0) faults.push('the clerk has no case on the work list')
  for (const path of [...new Set(cases)].slice(0, 4)) await go(clerk, path, '办理')
  // An application is accepted: the button, the form, the flash, the new step.
  const accept = async () => {
    for (const path of new Set(cases)) {
      await clerk.goto(origin + path)
      const link = await clerk.$('a[href$="/actions/accept"]')
      if (link) {
        await link.click()
        await clerk.waitForLoadState()
        await look(clerk, '受理')
        await clerk.click('main form button[type=submit], main form button:not([type])')
        await clerk.waitForLoadState()
        await look(clerk, '调查核对')
        return
      }
    }
    faults.push('no case to accept')
  }
  await accept()
  const phone = await desk('cun1', WIDTHS.phone)
  await go(phone, '/desk/work', '待办事项')
  const accountant = await desk('kuaiji1')
  await go(accountant, '/desk/payments', '发放')
  await go(accountant, '/desk/roll')
  const policy = await desk('shi')
  await go(policy, '/desk/figures')
  await go(policy, '/desk/standards', '最低生活保障标准')
  await go(policy, '/desk/standards/tekun_basic', '城市分散供养')
  await go(policy, '/desk/standards/tekun_basic,dibao_standard/change', '没有填的照旧')
  // A neighbour's clerk does not find the case.
  const neighbour = await desk('zhen2')
  const refused = await neighbour.goto(origin + (cases[0] ?? '/desk/cases/1'))
  if (refused.status() !== 404) faults.push(`the neighbour's clerk got ${refused.status()}`)
})
