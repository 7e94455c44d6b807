// Prints what the engine weighs, beside its targets and beside its peers. Exits with 1 if a target
// is missed; with --guard, only if something has outgrown its ceiling: what it weighed when it was
// last looked at, so that no change makes it heavier unnoticed. The Worker bundle is what a Worker
// uploads: JavaScript, minified, and the wasm.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('../', import.meta.url);
const path = (name) => new URL(name, root).pathname;
const gzip = (bytes) => execFileSync('gzip', ['-9', '-n'], { input: bytes }).length;

// Bytes. Peers were measured once: wasm-opt'd for the Rust core, minified bundles for the others.
const peers = [
  ['Rust wasm-smtp, core', 40247, 19771],
  ['Rust wasm-smtp, with STARTTLS, XOAUTH2, SCRAM', 61695, 28601],
  ['worker-mailer 1.2.1 in a Worker', 13.95 * 1024, 4.59 * 1024],
  ['nodemailer 10.6.0 in a Worker', 242.59 * 1024, 70.99 * 1024],
];

/** The Worker as it would be uploaded: one minified module, and the engine beside it. */
async function workerBundle() {
  const manifest = JSON.parse(readFileSync(path('adapters/js/package.json'), 'utf8'));
  const { build } = createRequire(path('tests/package.json'))('esbuild');
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from ${JSON.stringify(manifest.name)};`,
      resolveDir: path('adapters/js'),
    },
    bundle: true, minify: true, format: 'esm', platform: 'neutral', write: false,
    conditions: ['workerd', 'worker', 'browser'], external: ['cloudflare:*', 'node:*', '*.wasm'],
    legalComments: 'none', logLevel: 'error',
  });
  return Buffer.from(outputFiles[0].contents);
}

const rows = [];
const over = (value, limit) => limit !== undefined && value > limit;
function row(name, bytes, zipped, maxBytes, maxGzip, ceiling) {
  const missed = over(bytes, maxBytes) || over(zipped, maxGzip);
  rows.push([name, bytes, zipped, maxBytes, maxGzip, missed, over(zipped, ceiling)]);
}

for (const [file, title, ...targets] of [
  ['engine.wasm', 'engine, everything, with the sentences of errors', 28000, 13000, 16500],
  ['engine-js.wasm', 'the same with the sentences in JavaScript', 28000, 13000, 15000],
  ['engine-base.wasm', '... without what is no part of plain submission', 24000, 11000, 11450],
  ['engine-min.wasm', 'engine, smallest profile', 12000, undefined, 6350],
]) {
  const bytes = readFileSync(path(`build/wasm/${file}`));
  row(title, bytes.length, gzip(bytes), ...targets);
}

if (existsSync(path('adapters/js/package.json'))) {
  const script = await workerBundle();
  const wasm = readFileSync(path('build/wasm/engine-js.wasm'));
  row('Worker bundle, JavaScript alone', script.length, gzip(script), undefined, undefined, 12150);
  row('Worker bundle, with the engine', script.length + wasm.length, gzip(script) + gzip(wasm), undefined, 16 * 1024, 27050);
}

const number = (value) => (value === undefined ? '' : Math.round(value).toLocaleString('en-US'));
const line = (name, ...cells) => console.log(name.padEnd(50) + cells.map((cell) => cell.padStart(10)).join(''));
line('', 'bytes', 'gzip', 'at most', 'gzip');
for (const [name, bytes, zipped, maxBytes, maxGzip, missed] of rows)
  line(name, number(bytes), number(zipped), number(maxBytes), number(maxGzip), missed ? 'MISSED' : '');
console.log('for comparison');
for (const [name, bytes, zipped] of peers) line(name, number(bytes), number(zipped));

const guard = process.argv.includes('--guard');
for (const [name, , , , , , grown] of rows) if (grown) console.log(`outgrew its ceiling: ${name}`);
process.exitCode = rows.some((cells) => cells[guard ? 6 : 5]) ? 1 : 0;
