// Mail from a component in wasmtime to Postfix and Dovecot: every kind of TLS, certificate and mechanism,
// octet for octet. With smtp-server: smtp-server.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startServers } from '../servers/servers.mjs';
import { config, message, password, startComponent, token } from './component.mjs';

const LIMITS = { connect: 10000, tls: 10000, greeting: 10000, command: 20000 };
const CONTENT = 'From: me@lab.test\r\nSubject: dots\r\n\r\n.\r\n..two\r\nlast\r\n';
const PASSWORDS = ['automatic', 'plain', 'login', 'scram-sha-256', 'scram-sha-1', 'cram-md5'];
const TOKENS = ['automatic', 'oauthbearer', 'xoauth2'];

let run, ca, component, plain;
before(async () => {
  run = await startServers({ names: ['postfix'] });
  ca = readFileSync(run.ca.file);
  component = startComponent('smtp-send-tls');
  plain = startComponent('smtp-send-plain');
});
after(async () => {
  await Promise.all([component, plain].map((each) => each?.stop()));
  await run?.stop();
});

const send = (target, port, options, credentials, to, content = CONTENT) =>
  target.call('smtp-send#send', config(port, { limits: LIMITS, ...options }), credentials, message([to], content));

let sequence = 0;
/** Sends, and compares what arrived. */
async function deliver(target, listener, options, credentials) {
  const to = `wasi${++sequence}@lab.test`;
  const outcome = await send(target, run.postfix.listeners[listener].port, options, credentials, to);
  assert.equal(outcome.recipients[0].status, 'accepted');
  assert.equal(outcome.recipients[0].address, to);
  assert.match(outcome['queue-id'], /^[0-9A-F]{6,}$/);
  const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
  assert.equal(arrived.content.toString('latin1'), CONTENT);
  assert.equal(arrived.envelope.from, 'me@lab.test');
}

function everyMechanism(target, listener, options, plaintext) {
  for (const mechanism of PASSWORDS)
    test(mechanism, () => deliver(target(), listener, options(), password('alice', 'secret', mechanism, plaintext)));
  for (const mechanism of TOKENS)
    test(`token, ${mechanism}`, () => deliver(target(), listener, options(), token('alice', run.tokens.valid, mechanism, plaintext)));
}

for (const listener of ['rsaTls12', 'rsaTls13', 'ecdsaTls12', 'ecdsaTls13'])
  describe(`implicit TLS, ${listener}`, () => everyMechanism(() => component, listener, () => ({ tls: 'implicit', ca }), false));
describe('STARTTLS', () => everyMechanism(() => component, 'strict', () => ({ tls: 'starttls', ca }), false));
describe('no TLS', () => everyMechanism(() => component, 'relaxed', () => ({}), true));
describe('component without TLS and login', () => {
  test('sends', () => deliver(plain, 'relaxed', {}, 'none'));
  for (const credentials of [password('alice', 'secret', 'automatic', true), token('alice', 'abc', 'automatic', true)])
    test(`refuses a ${Object.keys(credentials)[0]}`, () =>
      assert.rejects(send(plain, run.postfix.listeners.relaxed.port, {}, credentials, 'bob@lab.test'), (error) => {
        assert.equal(error.kind, 'unsupported');
        assert.equal(error.retryable, false);
        assert.match(error.message, /^credentials .*this build has no login$/);
        assert.equal(error.recipients[0].status, 'not-sent');
        return true;
      }));
});

test('each recipient has its own outcome', async () => {
  const outcome = await component.call('smtp-send#send', config(run.postfix.listeners.relaxed.port, { tls: 'starttls', ca, limits: LIMITS }), 'none',
    message(['good@lab.test', 'bad@lab.test', 'grey@lab.test'], CONTENT));
  assert.deepEqual(outcome.recipients.map(({ status }) => status), ['accepted', 'refused', 'deferred']);
  assert.deepEqual(outcome.recipients[1].reply.enhanced, { class: 5, subject: 1, detail: 1 });
  assert.match(outcome.recipients[1].reply.text, /no such user/);
  assert.equal(outcome.recipients[2].reply.code, 450);
});

test('a message that nobody gets is an error that says what was answered', async () => {
  await assert.rejects(send(component, run.postfix.listeners.relaxed.port, { tls: 'starttls', ca }, 'none', 'bad@lab.test'), (error) => {
    assert.equal(error.kind, 'refused');
    assert.equal(error.retryable, false);
    assert.equal(error.recipients[0].status, 'refused');
    assert.equal(error.recipients[0].reply.code, 550);
    return true;
  });
});
