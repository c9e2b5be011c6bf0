// The matters of social assistance, each from the form to the money or the decision, by its real actors in browsers of their own, on a desk
// and a phone, some without scripts: node tests/browser/matters.mjs http://127.0.0.1:18080 [FOLDER FOR PICTURES]
// ONLY=emergency,rigid plays these; SERIAL=700 gives other numbers for another walk over one city.
import { looks } from './looks.mjs'
import * as changes from './matters/changes.mjs'
import * as endings from './matters/endings.mjs'
import * as families from './matters/families.mjs'
import { kept, late, owed } from './matters/late.mjs'
import * as recognised from './matters/recognised.mjs'
import * as refusal from './matters/refusal.mjs'
import { reviews } from './matters/reviews.mjs'
import * as support from './matters/support.mjs'
import * as temporary from './matters/temporary.mjs'
import { town } from './matters/town.mjs'

const [origin, pictures] = process.argv.slice(2)
const shared = await looks(origin, pictures)

const only = process.env.ONLY?.split(',')
const play = async (name, steps) => {
  if (only && !only.includes(name)) return undefined
  const started = Date.now()
  const done = await steps()
  console.log(`${name}: ${((Date.now() - started) / 1000).toFixed(1)} s`)
  return done
}

await shared.walk(async () => {
  const city = await town(origin, shared, Number(process.env.SERIAL ?? 400))
  await play('emergency', () => temporary.emergency(city))
  await play('expenditure', async () => temporary.paid(city, await temporary.expenditure(city)))
  const near = await play('marginal', () => families.marginal(city))
  const ill = await play('rigid', () => families.rigid(city))
  await play('together', () => families.together(city, ill))
  await play('reviews', () => reviews(city))
  const asked = await play('refusal', () => refusal.asked(city))
  const supported = await play('support', async () => {
    const man = await support.filed(city)
    // The last of the seven days may be a day of rest: it ends on the next working day.
    await city.pass(city.clerk, 10)
    await support.confirmed(city, man)
    await city.pass(city.clerk, 31)
    await support.paid(city, man)
    await support.moved(city, man)
    return man
  })
  await play('recognised', () => recognised.changes(city))
  // The yearly reviews of those who were granted above: one ends at once, one after its notice.
  if (near && supported) {
    await play('endings', async () => {
      await endings.marginal(city, near)
      await endings.stopped(city, await endings.notice(city, supported))
    })
  }
  if (asked) await play('refusal', () => refusal.refused(city, asked))
  // Last, for it may want a month more to be paid.
  await play('changes', async () => {
    const clerk = await changes.clerkOf(city)
    await changes.taper(city, clerk)
    const family = await changes.more(city, clerk)
    const back = await late(city, clerk, family)
    await kept(city, clerk, back)
    await owed(city, clerk, back)
    await clerk.context().close()
  })
})
