// The examples of other languages: each sends a real message with the component, and says what failed.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startServers } from '../servers/servers.mjs';
import { out, python, wasmtime } from './component.mjs';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const built = fileURLToPath(new URL('../../build/wasi/consumers/', import.meta.url)); // by tools/wasi/consumers.sh
const CONTENT = 'From: me@lab.test\r\nSubject: example\r\n\r\nhello\r\n';

let run;
before(async () => {
  run = await startServers({ names: ['postfix'] });
  execFileSync(process.execPath, ['transpile.mjs', `${out}smtp-send.wasm`, 'generated'], { cwd: `${examples}component-js` });
});
after(() => run?.stop());

/** Each takes HOST PORT TLS CA-FILE SENDER RECIPIENT..., the message from stdin, the login from the environment. */
const CONSUMERS = {
  'JavaScript (jco)': { login: true, line: () => [process.execPath, `${examples}component-js/send.mjs`], ca: () => run.ca.file },
  'Python (wasmtime)': { login: true, line: () => [python, `${examples}component-python/send.py`, `${out}smtp-send.wasm`], ca: () => run.ca.file },
  'C (wasmtime)': { login: true, line: () => [`${built}component-c-sanitized`, `${out}smtp-send.wasm`], ca: () => run.ca.file },
  'Go (wasmtime by cgo)': { login: true, line: () => [`${built}component-go`, `${out}smtp-send.wasm`], ca: () => run.ca.file },
  'Rust (wasmtime), in one call': { login: true, line: () => [`${built}component-rust`, 'send', `${out}mailer.wasm`], ca: () => run.ca.file },
  'Rust (wasmtime), a stream on a connection': { login: true, line: () => [`${built}component-rust`, 'stream', `${out}mailer.wasm`], ca: () => run.ca.file },
  'C guest, composed': {
    login: false,
    line: () => [wasmtime, 'run', '-S', 'inherit-network', '-S', 'allow-ip-name-lookup', '--dir', `${run.ca.folder}::/ca`, `${out}composed.wasm`],
    ca: () => '/ca/ca.pem',
  },
};

function start(line, args, env) {
  return new Promise((resolve) => {
    const child = spawn(line[0], [...line.slice(1), ...args], { env: { ...process.env, ...env } });
    let stdout = '', stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.stdin.on('error', () => {});
    child.stdin.end(CONTENT);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

for (const [name, { login, line, ca }] of Object.entries(CONSUMERS))
  describe(name, () => {
    const env = login ? { SMTP_USER: 'alice', SMTP_PASSWORD: 'secret' } : {};
    for (const [tls, listener] of [['implicit', login ? 'strictImplicit' : 'implicit'], ['starttls', login ? 'strict' : 'relaxed']])
      test(`sends, ${tls}`, async () => {
        const to = `${name.toLowerCase().replace(/\W+/g, '-')}-${tls}@lab.test`.replace('-@', '@');
        const { status, stderr } = await start(line(), ['localhost', String(run.postfix.listeners[listener].port), tls, ca(), 'me@lab.test', to], env);
        assert.equal(status, 0, stderr);
        const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
        assert.equal(arrived.content.toString(), CONTENT);
      });

    test('says what failed', async () => {
      const { status, stderr } = await start(line(), ['localhost', String(run.postfix.listeners.expired.port), 'implicit', ca(), 'me@lab.test', 'a@lab.test'], env);
      assert.notEqual(status, 0);
      assert.match(stderr, /the certificate has expired/);
    });
  });
