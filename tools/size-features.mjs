// size-features.mjs [--write]: what each switch of include/wsmtp/features.h costs: the engine with
// everything, less the engine without it, in bytes of wasm and of its gzip. What several share goes with
// the last of them only: so they are less than together. With --write the table goes
// into docs/src/protocol.md. What it reads is built by tools/build-wasm.sh --without-each.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const BEGIN = '<!-- costs: tools/size-features.mjs --write -->\n';
const END = '<!-- end of costs -->';
const BOOK = new URL('docs/src/protocol.md', root);

const weigh = (name) => {
  const bytes = readFileSync(new URL(`build/wasm/${name}.wasm`, root));
  return [bytes.length, execFileSync('gzip', ['-9', '-n'], { input: bytes }).length];
};

const header = readFileSync(new URL('include/wsmtp/features.h', root), 'utf8');
const features = [...header.matchAll(/^#ifndef WSMTP_FEATURE_([A-Z0-9_]+)/gm)].map(([, name]) => name);
const whole = weigh('engine');
const least = weigh('engine-min');
const cost = (name, title = `\`${name}\``) => [title, ...weigh(`without/${name}`).map((size, i) => whole[i] - size)];
const rows = features.map((name) => cost(name))
  .concat([cost('PARAMETERS', 'all of `WSMTP_FEATURE_PARAMETERS`'), ['all of them', ...whole.map((size, i) => size - least[i])], ['(the rest)', ...least], ['**everything**', ...whole]]);
const number = (value) => value.toLocaleString('en-US');
const table = [['`WSMTP_FEATURE_…`', 'bytes', 'gzip'], ['---', '--:', '--:'],
  ...rows.map(([name, ...sizes]) => [name, ...sizes.map(number)])].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
console.log(table);

if (process.argv.includes('--write')) {
  const book = readFileSync(BOOK, 'utf8');
  const begin = book.indexOf(BEGIN) + BEGIN.length;
  const end = book.indexOf(END);
  if (begin < BEGIN.length || end < begin) throw new Error(`${BOOK.pathname} has no place for the table`);
  writeFileSync(BOOK, `${book.slice(0, begin)}\n${table}\n\n${book.slice(end)}`);
}
