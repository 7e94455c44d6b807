// An instance keeps no credentials: after the call that needed them its whole memory, heap and stack, is
// searched for the password or token, what SASL encodes it as, and the keys that are derived from it.
// While the call waits for the server the password must be there, or the search itself would be broken.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { serveSockets } from '../../adapters/js/component/sockets.mjs';
import { startServers } from '../servers/servers.mjs';
import { transpileComponent } from './jco.mjs';
import { formsOf, keysOf } from './secrets.mjs';

const MECHANISMS = { plain: null, login: null, 'cram-md5': null, 'scram-sha-1': 'sha1', 'scram-sha-256': 'sha256' };
const CONTENT = 'Subject: x\r\n\r\nx\r\n';
const { user, pass } = { user: 'j\u00fcrgen', pass: 'snow \u2603 man, =2C' }; // of tests/servers/users.mjs; found nowhere by chance

let run, trust;
const components = {};
before(async () => {
  run = await startServers({ names: ['postfix'] });
  trust = { tag: 'custom', val: readFileSync(run.ca.file) };
  for (const name of ['smtp-send', 'mailer']) components[name] = await transpileComponent(name);
});
after(async () => {
  for (const each of Object.values(components)) each.remove();
  await run?.stop();
});

async function start(name) {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('memory-worker.mjs', import.meta.url), {
    workerData: { port: port2, signal, component: { folder: components[name].folder, name } }, transferList: [port2],
  });
  const sockets = serveSockets(port1, signal);
  let fail;
  const failed = new Promise((resolve, reject) => (fail = reject));
  failed.catch(() => {});
  worker.on('error', fail);
  return {
    /** Makes a call; needles are searched from this call on. */
    call: (call, parameters, secrets) =>
      Promise.race([failed, new Promise((resolve) => {
        worker.once('message', resolve);
        worker.postMessage({ name: call, parameters, secrets });
      })]),
    async stop() {
      sockets.close();
      await worker.terminate();
    },
  };
}

const config = (listener, tls) => ({ host: 'localhost', port: run.postfix.listeners[listener].port, tls, trust, timeLimits: [], protocol: 'smtp', options: {} });
const withPassword = (mechanism, allowPlaintext, password = pass) => ({ tag: 'password', val: { user, password, mechanism, allowPlaintext } });
const withToken = (mechanism, accessToken) => ({ tag: 'token', val: { user: 'alice', accessToken, mechanism, allowPlaintext: false } });
const message = () => ({ envelope: { sender: 'me@lab.test', recipients: [{ address: 'alice@lab.test' }], options: {}, parameters: [], optional: {} }, content: Buffer.from(CONTENT) });

function forgotten({ error, during, after }, { failure, seen = 'as it is' } = {}) {
  if (failure) assert.match(error, failure);
  else assert.equal(error, undefined);
  assert.ok(during.includes(seen), 'the search found nothing while the call was under way');
  assert.deepEqual(after, []);
}

describe('smtp-send', () => {
  for (const [tls, listener] of [['implicit', 'strictImplicit'], ['starttls', 'strict'], ['none', 'relaxed']])
    for (const [mechanism, hash] of Object.entries(MECHANISMS))
      test(`${mechanism}, ${tls}`, async (t) => {
        const instance = await start('smtp-send');
        t.after(instance.stop);
        const call = (secrets) => instance.call('send', [config(listener, tls), withPassword(mechanism, tls === 'none'), message()], secrets);
        const result = await call(formsOf(pass));
        forgotten(result);
        if (tls !== 'none' || !hash) return;
        // Which keys there were is known only afterwards, from the server's salt.
        assert.deepEqual((await instance.call('search', [], keysOf(pass, result.dialogue, hash))).after, []);
      });
  for (const mechanism of ['oauthbearer', 'xoauth2'])
    test(`token, ${mechanism}`, async (t) => {
      const instance = await start('smtp-send');
      t.after(instance.stop);
      forgotten(await instance.call('send', [config('strictImplicit', 'implicit'), withToken(mechanism, run.tokens.valid), message()], formsOf(run.tokens.valid)));
    });
  for (const mechanism of Object.keys(MECHANISMS))
    test(`refused, ${mechanism}`, async (t) => {
      const instance = await start('smtp-send');
      t.after(instance.stop);
      const wrong = 'never the right password';
      forgotten(await instance.call('send', [config('strictImplicit', 'implicit'), withPassword(mechanism, false, wrong), message()], formsOf(wrong)), { failure: /credentials|auth/i });
    });
  test('a connection that fails', async (t) => {
    const instance = await start('smtp-send');
    t.after(instance.stop);
    forgotten(await instance.call('send', [config('untrusted', 'implicit'), withPassword('plain', false), message()], formsOf(pass)), { failure: /authority/ });
  });
  test('input that is refused at once', async (t) => {
    const instance = await start('smtp-send');
    t.after(instance.stop);
    const { error, after } = await instance.call('send', [{ ...config('relaxed', 'none'), host: 'a b' }, withPassword('plain', true), message()], formsOf(pass));
    assert.match(error, /^host /);
    assert.deepEqual(after, []);
  });
});

describe('client: after login, with the connection open', () => {
  for (const [mechanism] of Object.entries(MECHANISMS))
    test(mechanism, async (t) => {
      const instance = await start('mailer');
      t.after(instance.stop);
      assert.equal((await instance.call('connect', [config('strict', 'starttls')], formsOf(pass))).error, undefined);
      forgotten(await instance.call('login', [withPassword(mechanism, false)]));
      const { error, during, after } = await instance.call('noop', []);
      assert.deepEqual([error, during, after], [undefined, [], []]);
      assert.equal((await instance.call('quit', [])).error, undefined);
    });
  test('a token, refused first', async (t) => {
    const instance = await start('mailer');
    t.after(instance.stop);
    await instance.call('connect', [config('strict', 'starttls')]);
    forgotten(await instance.call('login', [withToken('automatic', run.tokens.expired)], formsOf(run.tokens.expired)), { failure: /credentials|auth/i });
    forgotten(await instance.call('login', [withToken('automatic', run.tokens.valid)], { ...formsOf(run.tokens.valid) }));
  });
});
