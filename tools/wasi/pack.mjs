// Makes a component smaller by what nobody sees: it shortens the names inside, those by which its core
// modules are linked with each other and with the host's functions, and those of the wrapper around its
// exports, and does not say twice what its types are (wrapper.mjs). What it imports and exports stays as
// it was; that is compared.
//
//   node tools/wasi/pack.mjs COMPONENT PACKED
//
// Inside, names are only ever compared with each other: giving every name another, the same wherever it
// stands, links what was linked before.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { shareTypes } from './wrapper.mjs';

const [component, packed] = process.argv.slice(2);
if (!packed) throw new Error('usage: pack.mjs COMPONENT PACKED');
const wasmTools = (...args) => execFileSync('wasm-tools', args, { encoding: 'utf8', maxBuffer: 1 << 28 });

const NAME = '"((?:[^"\\\\]|\\\\.)*)"';
// By what a line begins with, and where it stands; the names in it that are meant.
const CORE_MODULE = [`^\\s*\\(import ${NAME} ${NAME} \\(`, `^\\s*\\(export ${NAME} \\((?:func|memory|table|global) `];
const CORE_INSTANCE = [`^\\s*\\(with ${NAME} \\(instance `, `^\\s*\\(export ${NAME} \\((?:func|memory|table|global) `];
const CORE_ALIAS = [`^\\s*\\(alias core export \\d+ ${NAME} `];
const WRAPPER = [`^\\s*\\(import "(import-[a-z0-9-]+)" \\(`, `^\\s*\\(with "(import-[a-z0-9-]+)" \\(`];

/** The names of each line: where they begin and end, and whether they are those of a wrapper. */
function* names(lines) {
  let block = 'component';
  let end = '';
  for (const [index, line] of lines.entries()) {
    const opening = line.match(/^(\s*)\(core (module|instance) /);
    if (block === 'component' && opening) {
      block = opening[2];
      end = `${opening[1]})`;
    }
    const core = { component: CORE_ALIAS, module: CORE_MODULE, instance: CORE_INSTANCE }[block];
    for (const [patterns, wrapper] of block === 'component' ? [[core, false], [WRAPPER, true]] : [[core, false]])
      for (const pattern of patterns) {
        const match = new RegExp(pattern, 'd').exec(line);
        for (const [from, to] of match?.indices.slice(1) ?? []) yield { index, from: from - 1, to: to + 1, wrapper };
      }
    if (block !== 'component' && (line === end || (opening && balanced(line)))) block = 'component';
  }
}

const balanced = (line) => {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '');
  return bare.split('(').length === bare.split(')').length;
};

/** The shortest names there are, all of them good as a label of the component model. */
function* short() {
  const letters = 'abcdefghijklmnopqrstuvwxyz';
  yield* letters;
  for (const first of letters) for (const second of `${letters}0123456789`) yield first + second;
}

const lines = shareTypes(wasmTools('print', component).split('\n'), 'wasm-smtp:smtp/types@1.0.0');
const found = [...names(lines)];
const uses = new Map();
const textOf = ({ index, from, to }) => lines[index].slice(from, to);
for (const name of found) uses.set(textOf(name), (uses.get(textOf(name)) ?? 0) + 1);
const shorter = short();
const renamed = new Map([...uses].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([text]) => [text, `"${shorter.next().value}"`]));
for (const name of found.toReversed())
  lines[name.index] = lines[name.index].slice(0, name.from) + renamed.get(textOf(name)) + lines[name.index].slice(name.to);

execFileSync('wasm-tools', ['parse', '-', '-o', packed], { input: lines.join('\n'), maxBuffer: 1 << 28 });
try {
  wasmTools('validate', packed);
  if (wasmTools('component', 'wit', packed) !== wasmTools('component', 'wit', component))
    throw new Error(`${component}: packed, it has other imports or exports`);
} catch (error) {
  rmSync(packed);
  throw error;
}
