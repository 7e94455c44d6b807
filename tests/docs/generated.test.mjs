// The book says what the sources say: generated parts are up to date, and everything that callers meet
// is explained: options, members, events, fields of errors, kinds, reasons, statuses.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { generate, reasons } from '../../tools/gen-docs.mjs';

const root = new URL('../../', import.meta.url);
const read = (name) => readFileSync(new URL(name, root), 'utf8');
const missing = (text, names) => names.filter((name) => !text.includes(`\`${name}\``));

/** The names of an enumeration of engine.h, as JavaScript spells them. */
const enumeration = (prefix) =>
  [...new Set([...read('include/wsmtp/engine.h').matchAll(new RegExp(`\\bWSMTP_${prefix}_([A-Z_]+)`, 'g'))].map(([, name]) => name.toLowerCase().replaceAll('_', '-')))];

for (const [path, [now, wanted]] of Object.entries(generate())) {
  test(`the generated parts of ${path} are up to date`, () => {
    assert.equal(now, wanted, 'run: node tools/gen-docs.mjs');
  });
}

test('the list of reasons is read whole from reason.h', () => {
  const found = reasons();
  assert.equal(found.length, read('include/wsmtp/reason.h').match(/^ +X\([A-Z]/gm).length);
  for (const row of found) {
    assert.equal(row.length, 3, String(row));
    assert.match(row[1], /^(NONE|INPUT|MISUSE|TRANSPORT|PROTOCOL|REFUSED|AUTH|UNSUPPORTED|POLICY)$/);
  }
});

test('every kind and every status of a recipient is explained', () => {
  const kinds = [...new Set(reasons().map(([, kind]) => kind.toLowerCase()))].filter((kind) => kind !== 'none');
  const statuses = enumeration('STATUS').filter((name) => name !== 'pending');
  assert.equal(statuses.length, 5);
  assert.deepEqual(missing(read('docs/src/errors.md'), [...kinds, ...statuses]), []);
});

test('every reason of the JavaScript package is explained', () => {
  const folder = new URL('adapters/js/', root);
  // The component is another client, with errors of its own.
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.mjs') && !name.startsWith('component') && !['tokens.mjs', 'reasons.mjs'].includes(name));
  const text = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const words = new Set([...text.matchAll(/"([a-z]+(?:-[a-z]+)+)"/g)].map(([, word]) => word));
  const others = [...enumeration('EVENT'), ...enumeration('STATUS')];
  const names = [...words].filter((word) => !others.includes(word));
  assert.ok(names.length > 10);
  assert.deepEqual(missing(read('docs/src/errors.md'), names), []);
});

/** The members of an interface or class of index.d.ts. */
function members(name) {
  const found = read('adapters/js/index.d.ts').match(new RegExp(`\\b(?:interface|class) ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, 'm'));
  assert.ok(found, `index.d.ts has no ${name}`);
  const names = [...found[1].matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member);
  assert.ok(names.length > 2, name);
  return names;
}

for (const name of ['ConnectOptions', 'SendOptions', 'Recipient', 'Dsn', 'XclientAttributes', 'Timeouts', 'AuthCommon', 'PolicyRequest', 'TraceRecord', 'SendResult', 'RecipientResult', 'Client']) {
  test(`every member of ${name} is explained`, () => {
    const text = read('docs/src/usage.md');
    const words = new Set([...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code.match(/\w+/g) ?? []));
    const names = name === 'RecipientResult' ? [...members('Reply'), 'address', 'status'] : members(name);
    assert.deepEqual(names.filter((member) => !words.has(member)), []);
  });
}

test('every event is explained', () => {
  const list = read('adapters/js/index.d.ts').match(/type AuditEvent =([^;]|;(?! *$))*?;$/ms)[0];
  const events = [...list.matchAll(/"([A-Z]\w+)"/g)].map(([, event]) => event);
  assert.ok(events.length > 9);
  assert.deepEqual(missing(read('docs/src/usage.md'), events), []);
});

test('every field of an error is explained', () => {
  const fields = members('SmtpError').filter((name) => name !== 'name');
  assert.deepEqual(missing(read('docs/src/errors.md'), fields), []);
});
