// size-details.mjs [COUNT] [FILE]: what the engine's wasm is made of: sections, then the COUNT largest
// functions (50). FILE is one that still has function names, by default build/wasm/engine.named.wasm.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const SECTIONS = ['custom', 'type', 'import', 'function', 'table', 'memory', 'global', 'export', 'start',
  'element', 'code', 'data', 'data count'];
const FUNCTION_NAMES = 1; // subsection of the "name" section
const HEADER = 8;

const [count = '50', file = new URL('../build/wasm/engine.named.wasm', import.meta.url)] = process.argv.slice(2);
const bytes = readFileSync(file);
let at = HEADER;

function unsigned() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return value;
  }
}

function text() {
  const length = unsigned();
  at += length;
  return bytes.toString('utf8', at - length, at);
}

const names = new Map();
const sizes = [];

function readNames(end) {
  while (at < end) {
    const kind = bytes[at++];
    const length = unsigned();
    const next = at + length;
    if (kind === FUNCTION_NAMES) {
      for (let left = unsigned(); left > 0; left--) {
        const index = unsigned();
        names.set(index, text());
      }
    }
    at = next;
  }
}

function readCode() {
  const functions = unsigned();
  for (let index = 0; index < functions; index++) {
    const length = unsigned();
    sizes.push([index, length]);
    at += length;
  }
}

while (at < bytes.length) {
  const id = bytes[at++];
  const length = unsigned();
  const start = at;
  if (id === 0) {
    if (text() === 'name') readNames(start + length);
  } else {
    const zipped = execFileSync('gzip', ['-9', '-n'], { input: bytes.subarray(start, start + length) }).length;
    console.log(`${String(length).padStart(6)} ${SECTIONS[id]} (gzip ${zipped})`);
    if (id === SECTIONS.indexOf('code')) readCode();
  }
  at = start + length;
}

// The module imports nothing, so that function indices begin with the first body.
console.log('functions');
sizes.sort((left, right) => right[1] - left[1]);
for (const [index, size] of sizes.slice(0, Number(count)))
  console.log(`${String(size).padStart(6)} ${names.get(index) ?? index}`);
