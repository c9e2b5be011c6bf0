// Draws the charts of a dashboard page from the JSON beside each of them. Loaded on such pages only.
// Canvas, and tooltips as rich text: neither needs a style attribute, so the page's CSP holds.
import { BarChart, LineChart, MapChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, registerMap, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'

use([BarChart, LineChart, MapChart, GridComponent, LegendComponent, TooltipComponent, LabelLayout, CanvasRenderer])

const steps = ['#eaf2fb', '#c5daf1', '#8fb8e0', '#4f8bc6', '#0b4f9e'] // the legend's colours in styles/_own.scss
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
  const given = new Map(spec.values.map((place) => [place.code, place.value]))
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
        const value = given.get(properties.code)
        const at = value == null ? -1 : step(value)
        return {
          name: properties.name,
          value,
          itemStyle: at < 0 ? { areaColor: hatch() } : { areaColor: steps[at] },
          label: { show: fits(feature), fontFamily: font, fontSize: size, color: at === 4 ? '#fff' : '#0b0c0c' },
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

const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches

for (const place of document.querySelectorAll('[data-chart]')) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent)
  const font = getComputedStyle(document.body).fontFamily
  const chart = init(place, null, { renderer: 'canvas' })
  const draw = () => {
    chart.resize()
    const drawn = spec.kind === 'map' ? countyMap(place.dataset.chart, spec, font, chart.getWidth(), chart.getHeight()) : cartesian(spec, font)
    chart.setOption({ animation: !calm, ...drawn })
  }
  draw()
  if (window.ResizeObserver) new ResizeObserver(draw).observe(place)
  window.addEventListener('beforeprint', draw)
}
