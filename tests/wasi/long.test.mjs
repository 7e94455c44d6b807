// Memory: many messages through one instance, and a large one as a stream.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startServers } from '../servers/servers.mjs';
import { config, envelope, message, octets, out, password, startComponent, wasmtime } from './component.mjs';

const MEMORY_MIB = 2; // that a memory of an instance may grow to
const SENDS = 1000;
const LARGE = 100e6;
const CONTENT = `Subject: x\r\n\r\n${'y'.repeat(70)}\r\n`;
// The server has none of it: what is left out has been taken into memory, too.
const WANTED = { parameters: [{ 'hold-for': 60 }, { 'dsn-envelope-id': 'x'.repeat(90) }], optional: ['dsn', 'hold'] };

let run, ca;
before(async () => {
  run = await startServers({ names: ['postfix', 'smtp-sink'] });
  ca = readFileSync(run.ca.file);
});
after(() => run?.stop());

test(`${SENDS} messages through one instance, in ${MEMORY_MIB} MiB`, { timeout: 300000 }, async (t) => {
  const component = startComponent('smtp-send', { memory: MEMORY_MIB });
  t.after(component.stop);
  const { port } = run['smtp-sink'].listeners.discard;
  for (let n = 0; n < SENDS; n += 1) {
    const outcome = await component.call('smtp-send#send', config(port), 'none', message(['a@lab.test', { address: 'b@lab.test', notify: ['delay'], 'original-recipient': 'rfc822;c@lab.test' }], CONTENT, WANTED));
    assert.equal(outcome.recipients.length, 2);
    if (n % 50 === 0) await assert.rejects(component.call('smtp-send#send', config(1), 'none', message(['a@lab.test'], CONTENT)), /refused/);
  }
});

test(`60 sessions with TLS and a login through one instance, in ${MEMORY_MIB} MiB`, { timeout: 120000 }, async (t) => {
  const component = startComponent('smtp-send', { memory: MEMORY_MIB });
  t.after(component.stop);
  for (let n = 0; n < 60; n += 1) {
    const outcome = await component.call('smtp-send#send', config(run.postfix.listeners.implicit.port, { tls: 'implicit', ca }),
      password('alice', 'secret'), message(['alice@lab.test'], CONTENT));
    assert.equal(outcome.recipients[0].status, 'accepted');
  }
});

test('many messages on one connection, with a refusal between them', async (t) => {
  const component = startComponent('mailer', { memory: MEMORY_MIB });
  t.after(component.stop);
  const method = (name) => `client#[method]connection.${name}`;
  const connection = await component.call('client#[static]connection.connect', config(run.postfix.listeners.strict.port, { tls: 'starttls', ca }));
  const offered = await component.call(method('capabilities'), connection);
  assert.equal(await component.call(method('is-secure'), connection), true);
  assert.ok(offered.extensions.includes('pipelining'));
  assert.ok(offered.mechanisms.includes('SCRAM-SHA-256'));
  await assert.rejects(component.call(method('login'), connection, password('alice', 'wrong')), (error) => error.kind === 'auth');
  await component.call(method('login'), connection, password('alice', 'secret'));
  for (let n = 0; n < 20; n += 1) {
    const outcome = await component.call(method('send'), connection, envelope([`many${n}@lab.test`]), { bytes: octets(CONTENT) });
    assert.equal(outcome.recipients[0].status, 'accepted');
    if (n === 10)
      await assert.rejects(component.call(method('send'), connection, envelope(['bad@lab.test']), { bytes: octets(CONTENT) }), (error) => error.kind === 'refused');
  }
  await component.call(method('noop'), connection);
  const arrived = await run.postfix.delivered({ count: 20, where: ({ envelope: { to } }) => to[0].startsWith('many') });
  assert.ok(arrived.every(({ content }) => content.toString() === CONTENT));
  await component.call(method('quit'), connection);
  await assert.rejects(component.call(method('noop'), connection), (error) => error.kind === 'misuse' && /over/.test(error.message));
  await component.drop(connection);
});

describe(`${LARGE / 1e6} MB streamed through a composed program, in ${MEMORY_MIB} MiB`, () => {
  for (const tls of ['none', 'implicit'])
    test(tls, { timeout: 120000 }, async () => {
      const { port } = tls === 'none' ? run['smtp-sink'].listeners.discard : run.postfix.listeners.unlimitedImplicit;
      const child = spawn(wasmtime, ['run', '-W', `max-memory-size=${MEMORY_MIB << 20}`, '-W', 'trap-on-grow-failure',
        '-S', 'inherit-network', '-S', 'allow-ip-name-lookup', '--dir', `${run.ca.folder}::/ca`, `${out}composed.wasm`,
        'localhost', String(port), tls, tls === 'none' ? '-' : '/ca/ca.pem', 'me@lab.test', 'large@lab.test'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const exit = once(child, 'exit');
      child.stdin.write('Subject: large\r\n\r\n');
      const block = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(1000));
      for (let sent = 0; sent < LARGE; sent += block.length)
        if (!child.stdin.write(block)) await Promise.race([once(child.stdin, 'drain'), exit]);
      child.stdin.end();
      assert.deepEqual(await exit, [0, null]);
    });
});
