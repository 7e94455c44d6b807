// Writes adapters/js/reasons.mjs: the names and sentences of include/wsmtp/reason.h for JavaScript, so
// that the package's engine can be built without them. tests/js/contract.test.mjs compares them.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { reasons } from './gen-docs.mjs';

export const target = new URL('../adapters/js/reasons.mjs', import.meta.url);

/** What the file should contain. */
export function generate() {
  const lines = reasons().map(([name, , sentence]) => `${name.toLowerCase().replaceAll('_', '-')} ${sentence}`);
  return `// Made from include/wsmtp/reason.h by tools/gen-reasons.mjs.

// A line a reason, in the engine's order: its name, which is part of the API (SmtpError.reason), and
// its sentence.
const lines = \`${lines.join('\n')}\`.split("\\n");

export const REASONS = lines.map((line) => line.split(" ", 1)[0]);

/** The sentence of a reason given by name; about a field it is a predicate. */
export const sentence = (reason) => lines[REASONS.indexOf(reason)].slice(reason.length + 1);
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, generate());
