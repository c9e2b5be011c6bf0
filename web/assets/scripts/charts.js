// Draws the charts of a dashboard page from the JSON beside each of them. Loaded on such pages only.
// Canvas, and tooltips as rich text: neither needs a style attribute, so the page's CSP holds.
import { BarChart, LineChart, MapChart } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, registerMap, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'
import { parts as recordMapParts, recordMap } from './record-map.js'

use([BarChart, LineChart, MapChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, LabelLayout, CanvasRenderer, ...recordMapParts])

const steps = ['#eaf2fb', '#aecbea', '#6a9fd4', '#3374b6', '#0a4180'] // the legend's colours in styles/_own.scss
const lines = ['#0b4f9e', '#b7592a', '#0f7a52', '#54319f', '#806f00']
const line = '#46627d'
const number = new Intl.NumberFormat('zh-CN')
const said = (value, unit) => (value == null || Number.isNaN(value) ? '无数据' : `${number.format(value)} ${unit}`)

/** Diagonal lines for places without a figure: not a colour of the scale, and readable in print. */
function hatch() {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 8
  const pen = tile.getContext('2d')
  pen.fillStyle = '#f0f0ee'
  pen.fillRect(0, 0, 8, 8)
  pen.strokeStyle = '#b6b6b4'
  pen.lineWidth = 1.2
  for (const x of [-8, 0, 8]) {
    pen.beginPath()
    pen.moveTo(x, 8)
    pen.lineTo(x + 8, 0)
    pen.stroke()
  }
  return { image: tile, repeat: 'repeat' }
}

/** West, south, east and north of a shape, in degrees. */
function bounds(coordinates) {
  const box = { west: 180, south: 90, east: -180, north: -90 }
  const walk = (point) => {
    if (typeof point[0] !== 'number') return point.forEach(walk)
    box.west = Math.min(box.west, point[0])
    box.east = Math.max(box.east, point[0])
    box.south = Math.min(box.south, point[1])
    box.north = Math.max(box.north, point[1])
  }
  walk(coordinates)
  return box
}

function countyMap(id, spec, font, width, height) {
  registerMap(id, spec.outline)
  const all = bounds(spec.outline.features.map((feature) => feature.geometry.coordinates))
  // Width of a degree of longitude against one of latitude in the middle of the outline.
  const aspect = Math.cos(((all.south + all.north) / 2) * (Math.PI / 180))
  const pixels = Math.min((width - 16) / ((all.east - all.west) * aspect), (height - 16) / (all.north - all.south))
  const size = width < 520 ? 11 : 14
  // A name stands where its county has room for it; the tooltip and the table have them all.
  const fits = ({ geometry, properties }) => {
    const box = bounds(geometry.coordinates)
    return (box.east - box.west) * aspect * pixels > properties.name.length * size * 0.9
  }
  const step = (value) => spec.bins.findIndex((bin) => value >= bin.from && value <= bin.to)
  const given = new Map(spec.values.map((place) => [place.code, place]))
  return {
    tooltip: { trigger: 'item', renderMode: 'richText', formatter: (item) => `${item.name}\n${said(item.value, spec.unit)}` },
    series: [{
      type: 'map',
      map: id,
      aspectScale: aspect,
      top: 8, bottom: 8, left: 8, right: 8,
      selectedMode: false,
      labelLayout: { hideOverlap: true },
      itemStyle: { borderColor: line, areaColor: hatch() },
      emphasis: { label: { color: '#0b0c0c' }, itemStyle: { areaColor: '#ffdd00' } },
      data: spec.outline.features.map((feature) => {
        const { properties } = feature
        const { value, href } = given.get(properties.code) || {}
        const at = value == null ? -1 : step(value)
        return {
          name: properties.name,
          value,
          href,
          itemStyle: at < 0 ? { areaColor: hatch() } : { areaColor: steps[at] },
          label: { show: fits(feature), fontFamily: font, fontSize: size, color: at >= 3 ? '#fff' : '#0b0c0c' },
        }
      }),
    }],
  }
}

function cartesian(spec, font) {
  const text = { fontFamily: font, fontSize: 14, color: '#0b0c0c' }
  const many = spec.series.length > 1
  return {
    color: lines,
    textStyle: text,
    grid: { left: 8, right: 24, top: many ? 72 : 36, bottom: 8, containLabel: true },
    legend: many ? { top: 0, left: 0, textStyle: text } : undefined,
    tooltip: { trigger: 'axis', renderMode: 'richText', valueFormatter: (value) => said(value, spec.unit) },
    xAxis: { type: 'category', data: spec.categories, axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
    yAxis: { type: 'value', name: spec.unit, nameTextStyle: { ...text, align: 'left' }, minInterval: 1, axisLabel: { ...text, formatter: (value) => number.format(value) } },
    series: spec.series.map((series) => ({
      type: spec.kind,
      name: series.name,
      data: series.values,
      barMaxWidth: 40,
      symbolSize: 8,
      lineStyle: { width: 3 },
    })),
  }
}

const counted = (month) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)) - 1
const spelt = (count) => `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}`
const exact = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 6 })

/** The path of an indicator dashed, its values, and the surface in which the forecast ends. Every month has its place, so that lines between far months are straight. */
function course(spec, font) {
  const text = { fontFamily: font, fontSize: 14, color: '#0b0c0c' }
  const [first, last] = [counted(spec.months[0].month), counted(spec.months[spec.months.length - 1].month)]
  const months = Array.from({ length: last - first + 1 }, (_, at) => spelt(first + at))
  const at = (month) => counted(month) - first
  // Decembers have their year; the newest month has its name wherever it is.
  const marked = (month) => month === spelt(last) || (month.endsWith('-12') && last - counted(month) > months.length / 12)
  const empty = () => months.map(() => null)
  const [path, values, least, most] = [empty(), empty(), empty(), empty()]
  for (const { month, expected, corner, value } of spec.months) {
    if (expected != null) path[at(month)] = { value: Number(expected), symbol: corner ? 'emptyCircle' : 'none' }
    if (value != null) values[at(month)] = Number(value)
  }
  const { reach } = spec
  if (reach) {
    const [from, due, now] = [at(reach.from), at(reach.due), Number(reach.value)]
    for (let month = from; month <= due; month += 1) {
      const gone = (month - from) / (due - from)
      least[month] = now + (Number(reach.least) - now) * gone
      most[month] = (Number(reach.most) - Number(reach.least)) * gone
    }
  }
  const words = (value) => `${exact.format(value)} ${spec.unit}`
  const given = new Map(spec.months.map((one) => [one.month, one]))
  // What the table says of a month, and nothing between.
  const tip = ([{ axisValue }]) => {
    const one = given.get(axisValue)
    const lines = [axisValue]
    if (one && one.expected != null) lines.push(`应到 ${words(one.expected)}`)
    if (one && one.value != null) lines.push(`${spec.said} ${words(one.value)}`)
    if (reach && reach.due === axisValue) lines.push(`推算到期 ${exact.format(reach.least)}–${words(reach.most)}`)
    return lines.length > 1 ? lines.join('\n') : ''
  }
  const surface = { type: 'line', stack: 'reach', symbol: 'none', lineStyle: { width: 0 }, silent: true }
  const names = ['进度线', spec.said, ...(reach ? ['推算到期的范围'] : [])]
  return {
    textStyle: text,
    grid: { left: 8, right: 32, top: 64, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, textStyle: text, data: names.map((name, at) => (at === 2 ? { name, icon: 'rect', itemStyle: { color: '#0b4f9e', opacity: 0.16 } } : { name })) },
    tooltip: { trigger: 'axis', renderMode: 'richText', formatter: tip },
    xAxis: {
      type: 'category', boundaryGap: false, data: months, axisLine: { lineStyle: { color: line } },
      axisTick: { interval: (_, month) => marked(month) },
      axisLabel: { ...text, hideOverlap: true, interval: (_, month) => marked(month), formatter: (month) => (month.endsWith('-12') ? month.slice(0, 4) : month) },
    },
    yAxis: { type: 'value', scale: true, name: spec.unit, nameTextStyle: { ...text, align: 'left' }, axisLabel: { ...text, formatter: (value) => exact.format(value) } },
    series: [
      { type: 'line', name: names[0], data: path, connectNulls: true, showAllSymbol: true, symbolSize: 8, color: '#505a5f', lineStyle: { width: 2, type: 'dashed' } },
      { ...surface, data: least },
      { ...surface, name: names[2], data: most, color: '#0b4f9e', areaStyle: { color: '#0b4f9e', opacity: 0.16 } },
      { type: 'line', name: names[1], data: values, connectNulls: true, showAllSymbol: true, symbol: 'circle', symbolSize: 9, color: '#0b4f9e', lineStyle: { width: 3 } },
    ],
  }
}

const LINE_OF_PROJECT = 30
const pen = document.createElement('canvas').getContext('2d')

/** The beginning of a text that is no wider than this, with … where something is left out. */
function fitted(text, font, most) {
  pen.font = font
  if (pen.measureText(text).width <= most) return text
  const signs = Array.from(text)
  while (signs.length > 1 && pen.measureText(`${signs.join('')}…`).width > most) signs.pop()
  return `${signs.join('')}…`
}

/** Projects over the months of a plan: each from its beginning to its date, in the colour of how it stands; a line through now where that lies in the picture. */
function gantt(spec, font, width) {
  const text = { fontFamily: font, fontSize: 14, color: '#0b0c0c' }
  const year = Number(spec.from.slice(0, 4))
  const now = spec.now >= 0 && spec.now <= spec.months
  const small = `${text.fontSize}px ${font}`
  pen.font = small
  const names = Math.ceil(Math.min(330, width * 0.38, Math.max(...spec.rows.map((row) => pen.measureText(row.name).width))))
  // Each bar of a line lies on a gap after the bar before it.
  const most = Math.max(...spec.rows.map((row) => row.bars.length))
  const series = []
  for (let at = 0; at < most; at += 1) {
    series.push(
      { type: 'bar', stack: 'span', silent: true, itemStyle: { color: 'transparent' }, barWidth: 14, data: spec.rows.map(({ bars }) => (bars[at] ? bars[at].begins - (at ? bars[at - 1].ends : 0) : 0)) },
      {
        type: 'bar', stack: 'span', barWidth: 14, cursor: 'pointer',
        itemStyle: { borderColor: '#fff', borderWidth: most > 1 ? 1 : 0 },
        data: spec.rows.map(({ bars }) => {
          const bar = bars[at]
          if (!bar) return 0
          const inside = bar.ends > bar.begins
          return {
            value: bar.ends - bar.begins, href: bar.href, itemStyle: { color: bar.colour },
            label: { ...text, show: Boolean(bar.earlier), position: inside ? 'insideLeft' : 'right', fontSize: inside ? 12 : 14, color: inside ? '#fff' : text.color, formatter: bar.earlier || '' },
          }
        }),
      },
    )
  }
  if (now) series[1].markLine = { silent: true, symbol: 'none', label: { ...text, formatter: '现在', position: 'end' }, lineStyle: { color: '#0b0c0c', width: 2, type: 'dashed' }, data: [{ xAxis: spec.now }] }
  return {
    textStyle: text,
    // The names have a room of their own: what the library measures itself may be cut at its left.
    grid: { left: names + 16, right: 24, top: 36, bottom: 28 },
    tooltip: { trigger: 'item', renderMode: 'richText', confine: true, formatter: ({ dataIndex, seriesIndex }) => {
      const row = spec.rows[dataIndex]
      const bar = row && row.bars[(seriesIndex - 1) / 2]
      return bar ? `${row.name}\n${bar.span}\n${bar.state}` : ''
    } },
    xAxis: {
      type: 'value', position: 'top', min: 0, max: spec.months, interval: 12, splitLine: { lineStyle: { color: '#d4d7da' } },
      axisLabel: { ...text, align: 'left', hideOverlap: true, formatter: (month) => (month < spec.months ? `${year + month / 12}` : '') },
    },
    yAxis: {
      // By number: two lines may have one name.
      type: 'category', inverse: true, data: spec.rows.map((_, at) => at), axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
      axisLabel: { ...text, interval: 0, formatter: (at) => fitted(spec.rows[at].name, small, names) },
    },
    series,
  }
}

// Dots between the margins of an A4 page.
const PAPER = 660
// Of a leader's page, whose tables stand beside their charts on paper too; styles/_own.scss says the same.
const BESIDE = { width: 390, height: 330 }
const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches

for (const place of document.querySelectorAll('[data-chart]')) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent)
  const font = getComputedStyle(document.body).fontFamily
  // From here on the chart stands in place of the server's drawing, if there is one.
  const pair = place.closest('.drawn')
  if (pair) pair.classList.add('drawn--live')
  if (spec.kind === 'gantt') place.style.height = `${spec.rows.length * LINE_OF_PROJECT + 64}px`
  let chart
  const option = () => {
    if (spec.kind === 'map') return countyMap(place.dataset.chart, spec, font, chart.getWidth(), chart.getHeight())
    if (spec.kind === 'records') return recordMap(place.dataset.chart, spec, font)
    if (spec.kind === 'course') return course(spec, font)
    if (spec.kind === 'gantt') return gantt(spec, font, chart.getWidth())
    return cartesian(spec, font)
  }
  const draw = () => {
    // Inside what is folded there is no width yet; the observer draws when it opens.
    if (!place.clientWidth) return
    if (chart) {
      chart.resize()
    } else {
      chart = init(place, null, { renderer: 'canvas' })
      // What is drawn opens what it is made of; the table has the same links for keys and readers.
      chart.on('click', ({ data }) => {
        if (data && data.href) location.assign(data.href)
      })
    }
    chart.setOption({ animation: !calm, ...option() })
  }
  draw()
  const fold = place.closest('details')
  if (window.ResizeObserver) new ResizeObserver(draw).observe(place)
  else if (fold) fold.addEventListener('toggle', draw)
  // Paper is narrower than a screen, and its layout comes too late to be measured.
  window.addEventListener('beforeprint', () => {
    if (!chart) return
    const beside = place.closest('.cockpit .chart-pair')
    chart.resize(beside ? BESIDE : { width: Math.min(place.clientWidth, PAPER) })
    chart.setOption({ ...option(), animation: false })
  })
  window.addEventListener('afterprint', () => {
    if (!chart) return
    chart.resize({ width: 'auto', height: 'auto' })
    draw()
  })
}
