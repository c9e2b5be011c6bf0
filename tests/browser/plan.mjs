// The plan as leaders, makers, assessors and everybody else see it: every page looked at on three widths, with and without scripts, and by axe.
// node tests/browser/plan.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
import { WIDTHS } from './browser.mjs'
import { looks } from './looks.mjs'

const [origin, pictures] = process.argv.slice(2)
// One blue dot.
const DOT = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGMwTpsJAAICATNWh+JUAAAAAElFTkSuQmCC', 'base64')
const { faults, look, go, desk, walk } = await looks(origin, pictures)

await walk(async () => {
  const leader = await desk('lingdao')
  await go(leader, '/desk/cockpit', '民政工作一览')
  if (!(await leader.locator('.chart canvas').count())) faults.push('no chart is drawn')
  await leader.click('[aria-labelledby=places-caption] a[href^="/desk/cockpit?division="]')
  await look(leader, '各地情况')
  if (!(await leader.locator('.govuk-back-link').count())) faults.push('a part has no way back to the whole')
  // Without scripts the tables say everything.
  const phone = await desk('lingdao', WIDTHS.phone, { scripts: false })
  await go(phone, '/desk/cockpit', '各地情况')

  const maker = await desk('shi')
  for (const [path, words] of [
    ['/desk/plan', '规划总览'], ['/desk/plan/gantt', '项目进度图'], ['/desk/plan/tasks?state=late', '任务分工'], ['/desk/plan/alerts', '预警和提醒'],
    ['/desk/plan/changes', '规划有哪些变化'], ['/desk/plan/evaluations', '中期评估'], ['/desk/plan/public', '对外公开'],
    ['/desk/plan/superior', '规划依据和引用的文件'], ['/desk/plan/entries?sort=standard', '规划的制定'], ['/desk/plan/indicators/wh_i005', '推动这项指标的项目和任务'],
  ]) await go(maker, path, words)
  if (!(await maker.locator('.chart--map canvas, .tile-map').count())) faults.push('the counties of an indicator are on no map')
  if (!(await maker.locator('.drawn--live .chart canvas').count())) faults.push('the path of an indicator is no chart')
  await go(maker, '/desk/plan/gantt', '项目进度图')
  if (!(await maker.locator('.drawn--live .chart--gantt canvas').count())) faults.push('the projects are no chart')
  // A photo comes with a note and is seen on the stage's page.
  const stage = '/desk/plan/stages/wh_p004'
  await go(maker, stage, '登记进展')
  await maker.check('input[name=deed][value=started]')
  await maker.fill('textarea[name=words]', '主体封顶')
  await maker.setInputFiles('input[name=files]', { name: '现场.png', mimeType: 'image/png', buffer: DOT })
  await maker.click('form:has(input[name=files]) button[type=submit]')
  await look(maker, '现场.png')
  if (!(await maker.locator('.plan-files img').evaluateAll((all) => all.some((one) => one.naturalWidth > 0)))) faults.push('no photo is shown')
  const evaluation = '/desk/plan/evaluations/final-2025'
  await go(maker, evaluation, '总结评估')
  await maker.fill('textarea[name=overall]', '规划实施总体平稳。')
  await maker.click('form:has(textarea[name=overall]) button')
  await look(maker, '文字部分')
  // One press sets the report; the photo that was uploaded above is in it.
  await maker.click('form[action$="/run"] button')
  const pdf = evaluation + '/pdf'
  for (let tries = 0; tries < 60 && !(await maker.locator(`a[href="${pdf}"]`).count()); tries += 1) {
    await maker.waitForTimeout(2000)
    await maker.reload()
  }
  const paper = await (await maker.request.get(origin + pdf)).body()
  if (!paper.subarray(0, 5).equals(Buffer.from('%PDF-'))) faults.push('the report is no PDF')
  if (!paper.includes('/Subtype/Image')) faults.push('the photo of a project is not in the report')

  const assessor = await desk('pinggu')
  await go(assessor, evaluation, '提交意见')
  if (await assessor.locator('text=保存文字').count()) faults.push('an assessor can write the texts')

  // Without scripts the drawings of the server stand.
  const still = await desk('shi', WIDTHS.phone, { scripts: false })
  for (const path of ['/desk/plan/gantt', '/desk/plan/indicators/wh_i005']) {
    await still.goto(origin + path)
    if (!(await still.locator('.drawn__still svg').first().isVisible())) faults.push(`${path}: no drawing without scripts`)
  }

  const anybody = await desk('shi', WIDTHS.phone, { scripts: false })
  await go(anybody, '/plan', '开放数据')
})
