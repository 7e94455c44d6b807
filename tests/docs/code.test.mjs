// The code in the book: C compiles against the headers without a warning, and the program that it
// makes runs; JavaScript fits the types of the package.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tsc } from '../programs.mjs';

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

test("the loop of the C chapter sends a message", () => {
  const folder = mkdtempSync(join(tmpdir(), 'wsmtp-docs-'));
  try {
    const code = blocks('c').filter(({ name }) => name.includes('c-api.md')).map((block) => block.code);
    writeFileSync(join(folder, 'program.c'), [...code, readFileSync(`${root}tests/docs/c-api-server.c`)].join('\n'));
    const sources = ['engine', 'sasl'].flatMap((part) => readdirSync(root + part).filter((name) => name.endsWith('.c')).map((name) => `${root}${part}/${name}`));
    const built = spawnSync('gcc', ['-std=c11', '-I', `${root}include`, '-I', `${root}engine`, '-I', `${root}sasl`, ...sources, 'program.c', '-o', 'program'],
      { cwd: folder, encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    const { status, stdout, stderr } = spawnSync(join(folder, 'program'), { encoding: 'utf8', timeout: 10000 });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^EHLO client\.example\.org\nSTARTTLS\n\(TLS\)\nEHLO client\.example\.org\nAUTH PLAIN \S+\nMAIL FROM:<site@example\.org>.*\nRCPT TO:<ann@example\.net>\nDATA\nHello\n\.\.dot\n\.\nQUIT\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the JavaScript fits the types of the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wsmtp-docs-'));
  try {
    const files = blocks('js').map(({ name, code }, number) => {
      assert.match(code, /^import .* from "wasm-smtp";$/m, name);
      writeFileSync(join(folder, `${number}.mjs`), `// ${name}\n${code}`);
      return `${number}.mjs`;
    });
    writeFileSync(join(folder, 'given.d.ts'), 'declare const letters: { to: string; message: string }[];\n');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({
      compilerOptions: {
        strict: true, noImplicitAny: false, allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, target: 'esnext',
        module: 'nodenext', lib: ['esnext', 'esnext.disposable', 'dom'], types: ['node'], typeRoots: [`${root}tests/node_modules/@types`],
        paths: { 'wasm-smtp': [`${root}adapters/js/index.d.ts`] },
      },
      files: ['given.d.ts', ...files],
    }));
    const { stdout, status } = spawnSync(tsc(), ['--project', folder], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the book has code in both languages', () => {
  assert.ok(blocks('c').length > 0 && blocks('js').length > 3);
});
