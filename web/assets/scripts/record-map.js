// The records of a list as points and lines over the outlines of the pack. The table beside the map says the same.
import { LinesChart, ScatterChart } from 'echarts/charts'
import { GeoComponent } from 'echarts/components'
import { registerMap } from 'echarts/core'

/** What charts.js has to register for this. */
export const parts = [GeoComponent, LinesChart, ScatterChart]

const blue = '#0b4f9e'
const border = '#46627d'
/** Degrees around a single point: about two kilometres. */
const LEAST = 0.02

/** West, south, east and north of the records, with room around them. */
function around(points) {
  const [across, up] = [0, 1].map((axis) => points.map((point) => point[axis]))
  const [west, east, south, north] = [Math.min(...across), Math.max(...across), Math.min(...up), Math.max(...up)]
  const [x, y] = [Math.max((east - west) * 0.08, LEAST), Math.max((north - south) * 0.08, LEAST)]
  return { west: west - x, east: east + x, south: south - y, north: north + y }
}

/** A frame where the pack has no outline. */
const frame = ({ west, east, south, north }) => ({
  type: 'Feature',
  properties: { name: '' },
  geometry: { type: 'Polygon', coordinates: [[[west, south], [east, south], [east, north], [west, north], [west, south]]] },
})

export function recordMap(id, spec, font) {
  const records = spec.records.filter((record) => record.at.length > 0)
  const box = around(records.flatMap((record) => record.at))
  const outline = spec.outline.features.length > 0 ? spec.outline : { type: 'FeatureCollection', features: [frame(box)] }
  registerMap(id, outline)
  const item = ({ name, href }, value) => ({ name, href, ...value })
  return {
    tooltip: { trigger: 'item', renderMode: 'richText', formatter: ({ data }) => (data && data.href ? data.name : '') },
    geo: {
      map: id,
      // Width of a degree of longitude against one of latitude in the middle.
      aspectScale: Math.cos(((box.south + box.north) / 2) * (Math.PI / 180)),
      boundingCoords: [[box.west, box.north], [box.east, box.south]],
      // A map is drawn true to shape, with room left where its place has another one.
      preserveAspect: 'contain',
      top: 8, bottom: 8, left: 8, right: 8,
      selectedMode: false,
      silent: true,
      label: { show: spec.outline.features.length > 0, fontFamily: font, fontSize: 14, color: '#0b0c0c' },
      itemStyle: { borderColor: border, areaColor: '#f3f2f1' },
    },
    series: [
      {
        type: 'lines',
        coordinateSystem: 'geo',
        polyline: true,
        lineStyle: { color: blue, width: 4, opacity: 0.85 },
        emphasis: { lineStyle: { color: '#0b0c0c', width: 6 } },
        data: records.filter((record) => record.at.length > 1).map((record) => item(record, { coords: record.at })),
      },
      {
        type: 'scatter',
        coordinateSystem: 'geo',
        symbolSize: 14,
        itemStyle: { color: blue, borderColor: '#fff', borderWidth: 1, opacity: 0.85 },
        emphasis: { itemStyle: { color: '#ffdd00', borderColor: '#0b0c0c', borderWidth: 2 } },
        data: records.filter((record) => record.at.length === 1).map((record) => item(record, { value: record.at[0] })),
      },
    ],
  }
}
