// Fills the pages of a form as a patient person would: what the caller knows by field name, the rest in the simplest right way.

/** A white picture with a stroke, as a camera or the signature field makes one. */
const PHOTO = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAGElEQVR4nGP8//8/A27AhEduxEozMDAwAACg/AMRm0Hm8AAAAABJRU5ErkJggg==', 'base64')

/** The number of an invented person: its area belongs to no place (GB 11643 check character). */
export function citizenId(born, sequence) {
  const body = `990001${born}${String(sequence).padStart(3, '0')}`
  const sum = [...body].reduce((all, digit, index) => all + Number(digit) * (2 ** (17 - index) % 11), 0)
  return body + '10X98765432'[sum % 11]
}

/** The field in a control's name: `member.0.wage_income`, `visited_on.year`. */
const last = (name) => name.replace(/[._-](year|month|day)$/, '').split('.').pop()

/** A file to choose: give it as the answer of a field for papers. */
export const PAPER = { name: '材料.png', mimeType: 'image/png', buffer: PHOTO }

/** An answer that is given even where the field holds another one already. */
export const instead = (value) => ({ instead: value })

/** Which record of a repeated page a field belongs to: 0 for `family.0.name` and for what is not repeated. */
export const recordOf = (name) => Number(name.match(/\.(\d+)\./)?.[1] ?? 0)

/**
 * Answers every open question of the page. `known` gives answers by the field's name without its page and record; a
 * function gets the whole name. `form` is one of several on the page. Fields that hold something already are left alone, but for answers given as `instead`.
 */
export async function fill(page, known = {}, form = page.locator('main form')) {
  const given = (name) => {
    // A field may itself be called …_month.
    const value = known[name.split('.').pop()] ?? known[last(name)]
    return typeof value === 'function' ? value(name) : value
  }
  const fields = await form.locator('input, select, textarea').evaluateAll((controls) => controls
    .filter((control) => control.type !== 'hidden' && control.type !== 'submit' && !control.closest('.filter'))
    .map((control) => ({
      name: control.name, id: control.id, kind: control.tagName === 'SELECT' ? 'select' : control.type, value: control.value,
      signature: control.hasAttribute('data-signature'),
      choices: control.tagName === 'SELECT' ? [...control.options].map((option) => option.value) : [],
    })))
  const radios = new Set()
  for (const field of fields) {
    const control = form.locator(`[id="${field.id}"]`)
    const answer = given(field.name)
    const anew = answer?.instead !== undefined
    const known_ = anew ? answer.instead : answer
    if (field.kind === 'radio') {
      if (radios.has(field.name)) continue
      radios.add(field.name)
      const values = fields.filter((other) => other.name === field.name).map((other) => other.value)
      if (!anew && await form.locator(`input[name="${field.name}"]:checked`).count()) continue
      const value = known_ ?? (values.includes('no') ? 'no' : values.includes('none') ? 'none' : values[0])
      await form.locator(`input[name="${field.name}"][value="${value}"]`).check({ force: true })
    } else if (field.kind === 'checkbox') {
      const wanted = known_ === undefined ? /authorised|truthful|publicity/.test(field.name) : [].concat(known_).includes(field.value)
      if (wanted) await control.check({ force: true })
    } else if (field.kind === 'select') {
      if (field.value && !anew) continue
      const value = known_ ?? field.choices.find((choice) => choice)
      if (value) await control.selectOption(value)
    } else if (field.kind === 'file') {
      if (!field.signature) {
        if (known_) await control.setInputFiles(known_)
        continue
      }
      const canvas = form.locator(`[id="${field.id}"]`).locator('xpath=ancestor::div[contains(@class,"govuk-form-group")][1]').locator('canvas')
      if (await canvas.count()) {
        const paper = await canvas.first().boundingBox()
        await canvas.first().scrollIntoViewIfNeeded()
        const now = await canvas.first().boundingBox() ?? paper
        await page.mouse.move(now.x + 20, now.y + 30)
        await page.mouse.down()
        await page.mouse.move(now.x + 120, now.y + 60, { steps: 5 })
        await page.mouse.up()
        await page.waitForFunction((id) => document.getElementById(id).files.length > 0, field.id)
      } else {
        await control.setInputFiles({ name: '签名.png', mimeType: 'image/png', buffer: PHOTO })
      }
    } else {
      if (field.value && !anew) continue
      if (!(await control.isVisible())) continue
      if (known_ !== undefined) await control.fill(String(known_))
    }
  }
}

/** Presses the page's first button of its main form and waits for the answer. */
export async function send(page, words) {
  const button = words
    ? page.locator('main form button', { hasText: words }).first()
    : page.locator('main form button[type=submit], main form button:not([type])').first()
  await button.click()
  await page.waitForLoadState()
}

/** What is wrong on the page, in the words of its error summary. */
export async function errors(page) {
  return page.$$eval('.govuk-error-summary a', (links) => links.map((link) => link.textContent.trim()))
}
