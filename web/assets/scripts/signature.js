// A signature written on the screen, beside the file field that takes a photo of one: the strokes become a PNG in that
// very field, so that the server sees no difference. Without this script, or without a pointer, the photo remains.

const INK = '#1a1a1a'

function pad(field) {
  if (typeof DataTransfer === 'undefined' || typeof HTMLCanvasElement.prototype.toBlob !== 'function') return
  const box = document.createElement('div')
  box.className = 'signature'
  const canvas = document.createElement('canvas')
  canvas.width = 1000
  canvas.height = 360
  canvas.className = 'signature__paper'
  canvas.setAttribute('role', 'img')
  canvas.setAttribute('aria-label', '手写签名区；不能手写的，可以在下面上传签名照片')
  const state = document.createElement('p')
  state.className = 'govuk-hint signature__state'
  state.setAttribute('role', 'status')
  state.textContent = '请用手指或者鼠标在框里签名'
  const again = document.createElement('button')
  again.type = 'button'
  again.className = 'govuk-button govuk-button--secondary signature__again'
  again.textContent = '擦掉重签'
  box.append(canvas, state, again)
  const wrapper = field.closest('.govuk-file-upload-wrapper') || field
  wrapper.before(box)

  const paper = canvas.getContext('2d')
  paper.lineWidth = 7
  paper.lineCap = 'round'
  paper.lineJoin = 'round'
  paper.strokeStyle = INK
  let drawing = false
  const at = (event) => {
    const edge = canvas.getBoundingClientRect()
    return [(event.clientX - edge.left) * canvas.width / edge.width, (event.clientY - edge.top) * canvas.height / edge.height]
  }
  const keep = () => canvas.toBlob((blob) => {
    const files = new DataTransfer()
    files.items.add(new File([blob], '手写签名.png', { type: 'image/png' }))
    field.files = files.files
    field.dispatchEvent(new Event('change', { bubbles: true }))
    state.textContent = '已签名'
  }, 'image/png')
  canvas.addEventListener('pointerdown', (event) => {
    event.preventDefault()
    canvas.setPointerCapture(event.pointerId)
    drawing = true
    paper.beginPath()
    paper.moveTo(...at(event))
  })
  canvas.addEventListener('pointermove', (event) => {
    if (!drawing) return
    paper.lineTo(...at(event))
    paper.stroke()
  })
  const lift = () => {
    if (drawing) keep()
    drawing = false
  }
  canvas.addEventListener('pointerup', lift)
  canvas.addEventListener('pointercancel', lift)
  again.addEventListener('click', () => {
    paper.clearRect(0, 0, canvas.width, canvas.height)
    field.value = ''
    field.dispatchEvent(new Event('change', { bubbles: true }))
    state.textContent = '请用手指或者鼠标在框里签名'
  })
}

export function signaturePads(root) {
  for (const field of root.querySelectorAll('input[type=file][data-signature]')) pad(field)
}
