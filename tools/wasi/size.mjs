// Prints what the components and commands for WASI weigh, beside their targets. Exits with 1 if a limit is passed.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const out = new URL('../../build/wasi/out/', import.meta.url);
const gzip = (bytes) => execFileSync('gzip', ['-9', '-n'], { input: bytes, maxBuffer: 1 << 24 }).length;
const read = (name) => readFileSync(new URL(`${name}.wasm`, out));

const sizes = new Map(['smtp-send-plain', 'smtp-send-tls', 'smtp-send', 'mailer', 'smtp-engine', 'wasm-smtp', 'wasm-smtp-wamr'].map((name) => {
  const bytes = read(name);
  return [name, { bytes: bytes.length, gzip: gzip(bytes) }];
}));
const roots = { bytes: sizes.get('smtp-send').bytes - sizes.get('smtp-send-tls').bytes, gzip: sizes.get('smtp-send').gzip - sizes.get('smtp-send-tls').gzip };

// Name, title, most bytes, most gzip.
const rows = [
  ['smtp-send-plain', 'component, without TLS and login', 40000],
  ['smtp-send-tls', 'component, with TLS', 190000, 88000],
  ['roots', 'certificate authorities', 70000],
  ['smtp-send', 'component, with TLS and authorities'],
  ['mailer', 'component, with connections'],
  ['smtp-engine', 'component, the protocol alone'],
  ['wasm-smtp', 'command line'],
  ['wasm-smtp-wamr', 'command line, for WAMR'],
];
const number = (value) => (value === undefined ? '' : value.toLocaleString('en-US'));
const line = (title, ...cells) => console.log(title.padEnd(46) + cells.map((cell) => cell.padStart(10)).join(''));
line('WASI', 'bytes', 'gzip', 'at most', 'gzip');
for (const [name, title, maxBytes, maxGzip] of rows) {
  const size = name === 'roots' ? roots : sizes.get(name);
  const missed = size.bytes > (maxBytes ?? Infinity) || size.gzip > (maxGzip ?? Infinity);
  if (missed) process.exitCode = 1;
  line(title, number(size.bytes), number(size.gzip), number(maxBytes), number(maxGzip), missed ? 'MISSED' : '');
}
