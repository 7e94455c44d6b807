// Fills the generated parts of the book from the sources that they describe:
//
//   node tools/gen-docs.mjs           writes what is out of date
//   node tools/gen-docs.mjs --check   only says so, and exits with 1
//
// A generated part stands between "<!-- generated: NAME -->" and "<!-- end -->".
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const source = (name) => readFileSync(new URL(name, root), 'utf8');

/** The arguments of every X(…) between two marks of a C source, strings as their text. */
function rows(text, macro, list) {
  const begin = text.indexOf(list);
  if (begin < 0) throw new Error(`${list} is not there any more`);
  const lines = text.slice(begin).split('\n');
  const end = lines.findIndex((line) => !line.endsWith('\\'));
  const found = lines.slice(1, end + 1).join('\n').matchAll(new RegExp(`\\b${macro}\\(([A-Z0-9_]+)([^\\n]*)\\)`, 'g'));
  return [...found].map(([, first, rest]) => [
    first,
    ...[...rest.matchAll(/, *(?:"((?:[^"\\]|\\.)*)"|([A-Z0-9_]+))/g)].map(([, string, word]) => string ?? word),
  ]);
}

const table = (head, body) => [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Every reason of the engine: [C name, kind, sentence]. */
export const reasons = () => rows(source('include/wsmtp/reason.h'), 'X', '#define WSMTP_REASONS(X)');

function reasonTable() {
  const body = reasons().filter(([name]) => name !== 'OK')
    .map(([name, kind, sentence]) => [`\`${name.toLowerCase().replaceAll('_', '-')}\``, kind.toLowerCase(), sentence]);
  return table(['reason', 'kind', 'sentence'], body);
}

function stateDiagram() {
  const transitions = ['TABLE', 'EARLY', 'QUERY', 'XCLIENT'].flatMap((list) =>
    rows(source('engine/session_table.h'), 'T', `#define WSMTP_SESSION_${list}(T)`));
  const arrows = transitions.map(([from, input, to]) => `    ${from} --> ${to}: ${input.toLowerCase()}`);
  return ['```mermaid', 'stateDiagram-v2', '    [*] --> START', ...arrows, '    CLOSED --> [*]', '```'].join('\n');
}

function timeoutTable() {
  const begin = source('engine/session.c').split(' seconds[WSMTP_PHASE_COUNT] = ')[1];
  const seconds = [...begin.split(';')[0].matchAll(/\[WSMTP_PHASE_([A-Z_]+)\] = (\d+)/g)].map(([, name, limit]) => [name, limit]);
  const camel = (name) => name.toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  const time = (limit) => (limit % 60 ? `${limit} s` : `${limit / 60} min`);
  return table(['phase', 'default', 'in C'], seconds.map(([name, limit]) => [`\`${camel(name)}\``, time(limit), `\`WSMTP_PHASE_${name}\``]));
}

function featureTable() {
  const found = source('include/wsmtp/features.h').matchAll(/\/\* (.+?) \*\/\n#ifndef (WSMTP_FEATURE_\w+)/gs);
  return table(['switch', 'what it builds in'], [...found].map(([, text, name]) => [`\`${name}\``, text.replace(/\s*\n \*\s*/g, ' ')]));
}

const parts = { reasons: reasonTable, states: stateDiagram, timeouts: timeoutTable, features: featureTable };

/** What the book's files should contain: {path: [now, wanted]}. */
export function generate() {
  const files = {};
  const unused = new Set(Object.keys(parts));
  for (const name of readdirSync(new URL('docs/src', root)).filter((file) => file.endsWith('.md'))) {
    const now = source(`docs/src/${name}`);
    const wanted = now.replace(/(<!-- generated: (\w+) -->\n)[^]*?(<!-- end -->)/g, (_, before, part, after) => {
      unused.delete(part);
      return `${before}\n${parts[part]()}\n\n${after}`;
    });
    if (wanted !== now || wanted.includes('<!-- generated:')) files[`docs/src/${name}`] = [now, wanted];
  }
  if (unused.size) throw new Error(`no chapter shows: ${[...unused].join(', ')}`);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, [now, wanted]] of Object.entries(generate())) {
    if (now === wanted) continue;
    console.log(`${path} is out of date`);
    if (process.argv.includes('--check')) process.exitCode = 1;
    else writeFileSync(new URL(path, root), wanted);
  }
}
