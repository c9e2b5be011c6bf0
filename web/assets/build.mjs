// Builds the front end into web/dist (content-hashed names) and copies the letter fonts into web/fonts.
// Both folders are ignored by git; `make front` runs this after `npm ci`.
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'
import * as sass from 'sass'

const sources = dirname(fileURLToPath(import.meta.url))
const root = join(sources, '../..')
const modules = join(root, 'node_modules')
const dist = join(root, 'web/dist')
const fonts = join(root, 'web/fonts')

/** Old WebKit inside WeChat and dual-core Chinese browsers understand this much. */
const target = 'es2017'

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })

function write(name, extension, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10)
  const file = `${name}-${hash}.${extension}`
  writeFileSync(join(dist, file), bytes)
  console.log(`web/dist/${file}  ${(bytes.length / 1024).toFixed(0)} KB`)
}

const style = sass.compile(join(sources, 'styles/app.scss'), {
  loadPaths: [modules],
  quietDeps: true,
  style: 'compressed',
  charset: false,
})
const css = await esbuild.transform(style.css, { loader: 'css', minify: true, target: ['chrome69', 'safari12', 'firefox68'] })
for (const forbidden of ['url(', 'GDS Transport', '@import']) {
  if (css.code.includes(forbidden)) throw new Error(`the stylesheet must not contain ${forbidden}`)
}
write('app', 'css', Buffer.from(css.code))

for (const name of ['app', 'charts', 'verify']) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(sources, `scripts/${name}.js`)],
    bundle: true,
    minify: true,
    format: 'iife',
    target,
    charset: 'utf8',
    legalComments: 'inline',
    write: false,
  })
  write(name, 'js', Buffer.from(outputFiles[0].contents))
}

write('icon', 'svg', readFileSync(join(sources, 'icon.svg')))

// Letters (PDF) are set in these; pages use the fonts of the reader's machine.
rmSync(fonts, { recursive: true, force: true })
mkdirSync(fonts, { recursive: true })
for (const [family, stem] of [['noto-serif-sc', 'NotoSerifSC'], ['noto-sans-sc', 'NotoSansSC']]) {
  for (const weight of ['400Regular', '700Bold']) {
    const file = `${stem}_${weight}.ttf`
    copyFileSync(join(modules, '@expo-google-fonts', family, weight, file), join(fonts, file))
    console.log(`web/fonts/${file}`)
  }
  copyFileSync(join(modules, '@expo-google-fonts', family, 'LICENSE_FONT'), join(fonts, `${stem}_OFL.txt`))
}
