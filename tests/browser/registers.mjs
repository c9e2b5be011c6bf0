// A register from a pack as people use it: found, filled at a desk and without scripts on a phone, changed by two at once, taken out.
// node tests/browser/registers.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
import { WIDTHS } from './browser.mjs'
import { errors, fill, send } from './forms.mjs'
import { looks } from './looks.mjs'

const [origin, pictures] = process.argv.slice(2)
// Another number for every walk over one city.
const serial = String(Number(process.env.SERIAL ?? 1)).padStart(7, '0')
const { faults, look, go, desk, walk } = await looks(origin, pictures)

await walk(async () => {
  const county = await desk('xian1')
  await go(county, '/desk/records', '养老服务')
  await go(county, '/desk/records/care_institution', '养老机构')
  await go(county, '/desk/records/care_institution/new', '登记养老机构')
  // What is missing is said once, at its field, and nothing is lost.
  await fill(county, { name: '夕阳红养老院', approved_beds: '很多' })
  await send(county)
  // The level that was chosen brings up its date, shown once before anything is judged.
  await look(county, '等级有效期至')
  await send(county)
  await look(county, '整数')
  if (!(await errors(county)).length) faults.push('a wrong number was taken')
  await county.fill('input[name=approved_beds]', '20')
  await fill(county, { division: '凤凰岭街道', credit_code: `12150302MB${serial}X`, kind: 'private', phone: '13900001234' })
  await send(county)
  await look(county, '夕阳红养老院')
  const here = new URL(county.url()).pathname
  if (!/\/care_institution\/\d+$/.test(here)) throw new Error(`not saved: ${await errors(county)}`)
  if ((await county.textContent('main')).includes('13900001234')) faults.push('the telephone stands there in full')

  // Two open the form; what the other changed stays, and the masked number comes back whole.
  const other = await desk('xian1', WIDTHS.phone, { scripts: false })
  await go(other, `${here}/edit`, '夕阳红养老院')
  await go(county, `${here}/edit`, '夕阳红养老院')
  await county.fill('input[name=address]', '海北大街1号')
  await county.fill('input[name=_reason]', '核对地址')
  await send(county)
  await other.fill('input[name=approved_beds]', '30')
  await other.fill('input[name=_reason]', '核对床位')
  await send(other)
  await look(other, '30张')
  for (const wrong of await errors(other)) faults.push(`changing another field: ${wrong}`)
  if (!(await other.textContent('main')).includes('海北大街1号')) faults.push('what the first one changed is gone')

  // A bed, begun from the institution's page, on a phone without scripts.
  await other.goto(origin + (await other.getAttribute('main a[href*="care_bed/new"]', 'href')))
  await look(other, '登记养老床位')
  if (!(await other.inputValue('input[name=institution]')).startsWith('夕阳红养老院')) faults.push('the institution is not filled in')
  await fill(other, { number: '101', kind: 'nursing' })
  await send(other)
  await look(other, '101')
  await go(county, '/desk/records/care_institution?q=xyh', '夕阳红养老院')
  // The box in the header finds it by its initials, with the keyboard alone; on the phone without scripts too.
  await county.focus('#site-search')
  await county.keyboard.type('xyhyly')
  await county.keyboard.press('Enter')
  await county.waitForURL(/\/desk\/search\?q=xyhyly/)
  await look(county, '夕阳红养老院')
  await go(other, '/desk/search?q=夕阳红', '夕阳红养老院')
  await go(county, '/desk/search?q=海勃湾', '行政区划')
  await go(county, '/desk/records/care_institution/import', '模板')
  await go(county, '/desk/record-duties', '到期职责')
  await go(county, '/desk/record-alerts', '预警')
  await go(county, '/desk/record-rates', '履行率')
})
