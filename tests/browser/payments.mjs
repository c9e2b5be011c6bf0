// A month's run from the making to the bank's answer, by the accountant and by whoever approves.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { errors, send } from './forms.mjs'

/** The months of a county's accountant, over the pages of `looks`. */
export function payments(origin, { look, go, desk, faults }) {
  /** Makes the next run of a programme (without one: what the page proposes), pays it to the end: the bank file's text. */
  async function month(accountant, { programme, on } = {}) {
    await go(accountant, '/desk/payments', '生成月度批次')
    const form = accountant.locator('main form', { hasText: '生成发放批次' })
    if (programme) await form.locator('select[name=programme]').selectOption(programme)
    // Runs follow one another: the page proposes the next month.
    for (const [part, value] of Object.entries(on ?? {})) await form.locator(`input[name=month_${part}]`).fill(value)
    await send(accountant, '生成发放批次')
    const wrongRun = await errors(accountant)
    if (wrongRun.length) throw new Error(`the run: ${wrongRun.join(' ')}`)
    const run = new URL(accountant.url()).pathname
    await until(accountant, run, '待复核')
    await look(accountant, '控制数')
    const second = await desk('fuhe1')
    await go(second, run, '控制数')
    await second.goto(`${origin}${run}`)
    for (const box of await second.$$('main form input[type=checkbox]')) await box.check({ force: true })
    await send(second, /复核|批准|同意/)
    await look(second, '复核')
    await second.context().close()
    await accountant.goto(origin + run)
    await accountant.locator('input[value=csv]').check({ force: true })
    const [download] = await Promise.all([accountant.waitForEvent('download'), accountant.locator('main form button', { hasText: '导出银行文件' }).click()])
    const file = await readFile(await download.path(), 'utf8')
    if (createHash('sha256').update(file).digest('hex').length !== 64 || file.split('\n').length < 3) faults.push('the bank file is empty')
    await accountant.reload()
    await look(accountant, 'SM3')
    // The bank answers: everything went through.
    const lines = file.replace(/^\uFEFF/, '').trim().split(/\r?\n/).map((line) => line.split(',').map((cell) => cell.replace(/^"|"$/g, '').trim()))
    const [number, amount] = ['序号', '金额'].map((title) => lines[0].indexOf(title))
    const paid = lines.slice(1).filter((line) => /^\d+$/.test(line[number]))
    const total = paid.reduce((sum, line) => sum + Math.round(Number(line[amount].replaceAll(',', '')) * 100), 0)
    const answer = ['序号,金额,结果,失败原因,流水号', ...paid.map((line) => `${line[number]},${line[amount]},成功,,LS${line[number]}`)].join('\n')
    await accountant.goto(`${origin}${run}/answer`)
    await accountant.fill('input[name=count]', String(paid.length))
    await accountant.fill('input[name=total]', (total / 100).toFixed(2))
    await accountant.setInputFiles('input[name=file]', { name: '回盘.csv', mimeType: 'text/csv', buffer: Buffer.from(answer) })
    await send(accountant, '读入')
    const wrong = await errors(accountant)
    if (wrong.length) throw new Error(`the bank's answer: ${wrong.join(' ')}`)
    await until(accountant, run, '办结本批次')
    await send(accountant, '办结本批次')
    await look(accountant, '已办结')
    return file
  }

  /** Waits until a job has brought the words to the page. */
  async function until(page, path, words) {
    for (let wait = 0; wait < 60; wait += 1) {
      await page.goto(origin + path)
      if ((await page.textContent('main')).includes(words)) return
      await page.waitForTimeout(500)
    }
    throw new Error(`${path}: no ${words}`)
  }

  return { month, until }
}
