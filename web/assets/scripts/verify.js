// Checks a 幸福码 in the browser with the public keys that the page holds: nothing is sent, and no network is needed.
// The same form and the same words as `proofs.rs` and `verify.rs`; without this script the form asks the server.
import { sm2 } from 'sm-crypto'

const PREFIX = 'HM1'
const TEXT_MAX = 2000
const CLOCKS_SECONDS = 120

function bytes(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null
  const plain = text.replace(/-/g, '+').replace(/_/g, '/')
  try {
    const raw = atob(plain + '='.repeat((4 - (plain.length % 4)) % 4))
    // One spelling of each: what the spare bits say must be nothing.
    if (btoa(raw).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '') !== text) return null
    return Uint8Array.from(raw, (sign) => sign.charCodeAt(0))
  } catch {
    return null
  }
}

const hex = (of) => Array.from(of, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** What a code says, or null if it is none of ours. */
export function read(keys, typed) {
  const text = typed.trim().split('#').pop()
  const parts = text.split('.')
  if (text.length > TEXT_MAX || parts.length !== 4 || parts[0] !== PREFIX) return null
  const key = keys.find((known) => String(known.id) === parts[1])
  const payload = bytes(parts[2])
  const signature = bytes(parts[3])
  if (!key || !payload || !signature || signature.length !== 64) return null
  const signed = parts.slice(0, 3).join('.')
  if (!sm2.doVerifySignature(signed, hex(signature), key.point, { hash: true })) return null
  try {
    return JSON.parse(new TextDecoder().decode(payload))
  } catch {
    return null
  }
}

/** How a code stands at a moment (unix seconds). */
export function standing(statement, now) {
  if (!statement) return 'forged'
  if (now >= statement.e) return 'expired'
  return now + CLOCKS_SECONDS < statement.i ? 'not_yet' : 'good'
}

const WORDS = {
  good: ['govuk-tag--green', '真实有效', ''],
  expired: ['govuk-tag--grey', '已经过期', '请对方重新生成。'],
  not_yet: ['govuk-tag--yellow', '时间不对', '请核对手机或者电脑的时间。'],
  forged: ['govuk-tag--red', '不是真的', '不是本系统发出的码，或者被改动过，或者没有复制完整。'],
}

const at = new Intl.DateTimeFormat('zh-CN', { dateStyle: 'long', timeStyle: 'short', timeZone: 'Asia/Shanghai' })

function element(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text) made.textContent = text
  return made
}

function show(place, statement, how) {
  const [colour, title, text] = WORDS[how]
  const line = element('p', 'govuk-body')
  line.append(element('strong', `govuk-tag ${colour}`, title), ` ${text}`)
  place.replaceChildren(line)
  if (!statement) return
  const list = element('dl', 'govuk-summary-list')
  const rows = [[statement.f, statement.v], ['姓名', statement.n], ['由谁证明', statement.p],
    ['生成时间', at.format(statement.i * 1000)], ['有效到', at.format(statement.e * 1000)]]
  for (const [key, value] of rows.filter((row) => row[1])) {
    const row = element('div', 'govuk-summary-list__row')
    row.append(element('dt', 'govuk-summary-list__key', key), element('dd', 'govuk-summary-list__value', value))
    list.append(row)
  }
  place.append(list)
}

const CAMERA_REFUSED = '没有打开摄像头。请在浏览器里允许使用摄像头，或者选一张照片、粘贴文字。'

/** Reads codes with the camera or from a photo, where the browser knows QR codes itself. Pictures stay in the browser. */
async function offerScanning(found) {
  if (!('BarcodeDetector' in window)) return
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => [])
  if (!formats.includes('qr_code')) return
  const detector = new BarcodeDetector({ formats: ['qr_code'] })
  const part = (id) => document.getElementById(`proof-${id}`)
  const [box, start, stop, photo, said, video] = ['scan', 'camera', 'stop', 'photo', 'scan-said', 'video'].map(part)
  const code = async (picture) => (await detector.detect(picture)).map((one) => one.rawValue)[0]
  let stream = null
  const end = () => {
    stream?.getTracks().forEach((track) => track.stop())
    stream = null
    video.hidden = stop.hidden = true
    start.hidden = false
  }
  const look = async () => {
    if (!stream) return
    const text = await code(video).catch(() => undefined)
    if (!text) return void setTimeout(look, 200)
    end()
    said.textContent = '已经扫到。'
    found(text)
  }
  start.hidden = !navigator.mediaDevices?.getUserMedia
  start.addEventListener('click', async () => {
    said.textContent = '把码对准摄像头。'
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
      video.srcObject = stream
      video.hidden = stop.hidden = false
      start.hidden = true
      await video.play()
      look()
    } catch {
      end()
      said.textContent = CAMERA_REFUSED
    }
  })
  stop.addEventListener('click', () => {
    end()
    said.textContent = ''
  })
  photo.addEventListener('change', async () => {
    const file = photo.files[0]
    if (!file) return
    const text = await createImageBitmap(file).then(code).catch(() => undefined)
    said.textContent = text ? '已经从照片读出。' : '照片里没有认出码，请换一张清楚的。'
    if (text) found(text)
  })
  addEventListener('pagehide', end)
  box.hidden = false
}

const page = document.getElementById('proof')
if (page) {
  const keys = JSON.parse(page.dataset.keys)
  const ahead = Number(page.dataset.ahead) // a demonstration may be ahead of everybody's clock
  const field = page.querySelector('textarea')
  const place = document.getElementById('proof-result')
  const check = () => {
    if (!field.value.trim()) return place.replaceChildren()
    const statement = read(keys, field.value)
    show(place, statement, standing(statement, (Date.now() + ahead) / 1000))
  }
  const fromAddress = () => {
    if (!location.hash.startsWith(`#${PREFIX}.`)) return
    field.value = location.hash.slice(1)
    check()
  }
  page.querySelector('form').addEventListener('submit', (event) => {
    event.preventDefault()
    check()
  })
  field.addEventListener('input', check)
  addEventListener('hashchange', fromAddress)
  fromAddress()
  offerScanning((text) => {
    field.value = text
    check()
    place.scrollIntoView({ block: 'nearest' })
  })
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/verify-worker.js', { scope: '/verify' }).catch(() => {})
}
