// The code in the book: C compiles against the headers without a warning, JavaScript parses, and what
// it imports and passes exists.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import * as api from '../../adapters/js/hosts/node.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', ...readdirSync(`${root}docs/src`).map((name) => `docs/src/${name}`)].filter((name) => name.endsWith('.md'));

function blocks(language) {
  return pages.flatMap((page) =>
    [...readFileSync(root + page, 'utf8').matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))]
      .map(([, code], number) => ({ name: `${page}, ${language} ${number + 1}`, code })));
}

for (const { name, code } of blocks('c')) {
  test(`${name} compiles`, () => {
    const { status, stderr } = spawnSync('gcc', ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Werror',
      '-fsyntax-only', '-I', `${root}include`, '-xc', '-'], { input: code, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}

const explained = readFileSync(`${root}docs/src/usage.md`, 'utf8');
const exported = new Set(Object.keys(api));

/** The options of a call in the text of a program; those of nested objects too. */
function options(code) {
  const calls = [...code.matchAll(/\b(?:sendMail|connect|send)\(\{(.*?)\n? *\}\)/gs)];
  return calls.flatMap(([, text]) => [...text.matchAll(/(?:^|[{,])\s*(\w+):/gm)].map(([, option]) => option));
}

for (const { name, code } of blocks('js')) {
  test(`${name} parses, and imports what is there`, async () => {
    await transform(code, { loader: 'js', format: 'esm', target: 'esnext' });
    const imported = [...code.matchAll(/^import \{ (.+?) \} from "wasm-smtp";$/gm)].flatMap(([, names]) => names.split(', '));
    assert.ok(imported.length > 0);
    assert.deepEqual(imported.filter((given) => !exported.has(given)), []);
  });

  test(`${name} passes options that are explained`, () => {
    assert.deepEqual(options(code).filter((option) => !explained.includes(`\`${option}\``)), []);
  });
}

test('the book has code in both languages', () => {
  assert.ok(blocks('c').length > 0 && blocks('js').length > 3);
});
