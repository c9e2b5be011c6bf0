// Every page works without this file. It adds: focus on error summaries, conditional questions, the menu on phones,
// a file field that speaks Chinese, a signature written on the screen, the print button, what words may mean in a field of a register
// that points at something, and partial updates on staff pages (htmx).
import {
  Button, Checkboxes, ErrorSummary, FileUpload, NotificationBanner, Radios, ServiceNavigation, SkipLink, createAll, isSupported,
} from 'govuk-frontend'
import { signaturePads } from './signature.js'
import htmx from 'htmx.org/dist/htmx.esm.js'

// `aria-expanded` is not allowed on a radio button; show and hide its further questions without it.
Radios.prototype.syncConditionalRevealWithInputState = (input) => {
  const target = document.getElementById(input.getAttribute('aria-controls'))
  if (target) target.classList.toggle('govuk-radios__conditional--hidden', !input.checked)
}

if (isSupported()) {
  for (const component of [Checkboxes, ErrorSummary, NotificationBanner, Radios, ServiceNavigation, SkipLink]) createAll(component)
  createAll(Button, { preventDoubleClick: true })
  createAll(FileUpload, {
    i18n: {
      chooseFilesButton: '选择文件',
      dropInstruction: '或拖到这里',
      noFileChosen: '未选择文件',
      multipleFilesChosen: { other: '已选择 %{count} 个文件' },
      enteredDropZone: '已进入上传区，松开即可上传',
      leftDropZone: '已离开上传区',
    },
  })
  signaturePads(document)
}

// In one column (a phone, large type) the list comes first: the filter panel opens on a tap.
if (window.matchMedia('(max-width: 48em)').matches || /large-/.test(document.documentElement.className)) {
  for (const panel of document.querySelectorAll('details.filter')) panel.open = false
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-print]')) window.print()
})

// Paper cannot be unfolded.
let unfolded = []
window.addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('.folded-part:not([open])')]
  for (const part of unfolded) part.open = true
})
window.addEventListener('afterprint', () => {
  for (const part of unfolded) part.open = false
})

// Ctrl+K goes to the search box of the desks.
document.addEventListener('keydown', (event) => {
  const box = document.getElementById('site-search') || document.querySelector('main [name=q]')
  if (!box || event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
  event.preventDefault()
  box.focus()
})

// A field that points at something offers what its words may mean; sent without being chosen from, they are looked up all the same.
const PAUSE = 300
let picking
document.addEventListener('input', (event) => {
  const field = event.target.closest('input[data-pick]')
  const register = location.pathname.match(/^\/desk\/records\/([a-z0-9_]+)/)
  if (!field || !register) return
  clearTimeout(picking)
  const words = field.value.trim()
  if (words.length < 2 || words.endsWith('〕')) return
  picking = setTimeout(async () => {
    const address = `/desk/records/${register[1]}/pick/${field.name.split('.').pop()}?q=${encodeURIComponent(words)}`
    const answer = await fetch(address).catch(() => null)
    if (!answer || !answer.ok || answer.redirected || field.value.trim() !== words) return
    const meant = await answer.json()
    let list = field.list
    if (!list) {
      list = document.createElement('datalist')
      list.id = `${field.id}-offered`
      field.after(list)
      field.setAttribute('list', list.id)
    }
    list.replaceChildren(...meant.map((text) => new Option('', text)))
  }, PAUSE)
})

htmx.config.allowEval = false
htmx.config.includeIndicatorStyles = false
htmx.config.selfRequestsOnly = true
htmx.config.historyCacheSize = 0 // pages hold personal data: none of it goes to localStorage

// A redirect elsewhere (the sign-in page, say) or an error is a page of its own: go there instead of swapping a part.
document.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr, pathInfo } = event.detail
  const asked = new URL(pathInfo.requestPath, location.href).pathname
  const answered = xhr.responseURL || location.href
  if (xhr.status >= 400 || new URL(answered).pathname !== asked) {
    event.detail.shouldSwap = false
    location.assign(answered)
  }
})
