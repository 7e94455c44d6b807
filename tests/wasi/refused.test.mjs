// What a component in wasmtime refuses, and how it says so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasIpv6 } from '../servers/ports.mjs';
import { startScripted } from '../servers/scripted.mjs';
import { startServers } from '../servers/servers.mjs';
import { config, message, password, startComponent } from './component.mjs';

const LIMITS = { connect: 5000, tls: 5000, greeting: 5000, command: 5000 };
const ipv6 = await hasIpv6();
const CONTENT = 'Subject: x\r\n\r\nx\r\n';

let run, ca, component;
before(async () => {
  run = await startServers({ names: ['postfix', 'smtp-server'] });
  ca = readFileSync(run.ca.file);
  component = startComponent('smtp-send');
});
after(async () => {
  await component?.stop();
  await run?.stop();
});

const listener = (name, server = 'postfix') => run[server].listeners[name].port;
const send = (port, options, credentials = 'none', target = component) =>
  target.call('smtp-send#send', config(port, { limits: LIMITS, ...options }), credentials, message(['bob@lab.test'], CONTENT));

/** Expects an error; its recipient was not sent to. */
async function refused(sending, expected) {
  await assert.rejects(sending, (error) => {
    for (const [name, value] of Object.entries(expected))
      if (value instanceof RegExp) assert.match(error[name], value);
      else assert.equal(error[name], value, name);
    assert.deepEqual(error.recipients.map(({ address, status }) => ({ address, status })), [{ address: 'bob@lab.test', status: 'not-sent' }]);
    assert.equal(error['in-doubt'], false);
    return true;
  });
}

describe('certificates', () => {
  const tls = (message) => ({ kind: 'transport', step: 'tls', retryable: false, message });
  for (const [suffix, mode] of [['', 'implicit'], ['Starttls', 'starttls']]) {
    test(`of another authority, ${mode}`, () => refused(send(listener(`untrusted${suffix}`), { tls: mode, ca }), tls(/no trusted authority/)));
    test(`for another name, ${mode}`, () => refused(send(listener(`wrongName${suffix}`), { tls: mode, ca }), tls(/another name/)));
    test(`expired, ${mode}`, () => refused(send(listener(`expired${suffix}`), { tls: mode, ca }), tls(/expired/)));
  }
  test('of a private authority, with the roots that are built in', () => refused(send(listener('implicit'), { tls: 'implicit' }), tls(/no trusted authority/)));
  test('for an address: matches, and is not mistaken', async () => {
    await send(listener('implicit'), { tls: 'implicit', ca, host: '127.0.0.1' });
    await refused(send(listener('wrongName'), { tls: 'implicit', ca, host: '127.0.0.1' }), tls(/another name/));
  });
  test('authorities that are no PEM', () => refused(send(listener('implicit'), { tls: 'implicit', ca: 'nonsense' }), tls(/PEM/)));
  test('the roots that are built in say where they come from', async () => {
    assert.match(await component.call('smtp-send#bundled-roots'), /^Mozilla, Debian ca-certificates \d{8}\S*, \d{3} certificates$/);
  });
});

describe('TLS', () => {
  test('1.1 only', () => refused(send(listener('tls11'), { tls: 'implicit', ca }), { step: 'tls', message: /no protocol version|alert/ }));
  test('where the server speaks first', () => refused(send(listener('relaxed'), { tls: 'implicit', ca }), { kind: 'protocol', message: /TLS mode and port/ }));
  test('not offered', async () => {
    const server = createServer((socket) => {
      socket.write('220 here\r\n');
      socket.on('data', (data) => socket.write(String(data).startsWith('EHLO') ? '250 here\r\n' : '221 bye\r\n'));
      socket.on('error', () => {});
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    await refused(send(server.address().port, { tls: 'starttls', ca }), { kind: 'unsupported', message: /STARTTLS is required/ });
    server.close();
  });
  test('with something between the reply to STARTTLS and the handshake', async () => {
    const server = createServer((socket) => {
      socket.write('220 here\r\n');
      socket.on('data', (data) => socket.write(String(data).startsWith('EHLO') ? '250-here\r\n250 STARTTLS\r\n' : '220 go\r\n250 injected\r\n'));
      socket.on('error', () => {});
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    await refused(send(server.address().port, { tls: 'starttls', ca }), { kind: 'protocol', message: /between its STARTTLS reply and TLS/ });
    server.close();
  });
  test('a component without it refuses', async () => {
    const plain = startComponent('smtp-send-plain');
    await refused(send(listener('implicit'), { tls: 'implicit', ca }, 'none', plain), { message: /this build has no TLS/ });
    await plain.stop();
  });
});

describe('connections', () => {
  const silent = createServer((socket) => socket.on('error', () => {}));
  before(() => new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve)));
  after(() => silent.close());

  for (const tls of ['none', 'implicit'])
    test(`to a silent server end in time, ${tls}`, async () => {
      const began = Date.now();
      await refused(send(silent.address().port, { tls, ca: tls === 'none' ? undefined : ca, limits: { greeting: 700, tls: 700 } }),
        { kind: 'transport', retryable: true, message: /did not answer in time/ });
      assert.ok(Date.now() - began < 3000);
    });
  test('to a closed port', () => refused(send(1), { kind: 'transport', step: 'connect', retryable: true, message: /connection refused/ }));
  test('to a name that does not exist', () => refused(send(25, { host: 'nowhere.invalid' }), { step: 'connect', message: /not found|could not be looked up/ }));
  test('to what is no name', () => refused(send(25, { host: 'a b' }), { kind: 'input', message: /^host / }));
  test('with a bad EHLO name', () => refused(send(25, { ehloName: 'a\r\nb' }), { kind: 'input', message: /^ehlo-name / }));
  test('to port 0', () => refused(send(0), { kind: 'input', message: /^port is 0/ }));
  test('with credentials and no TLS', () => refused(send(listener('relaxed'), {}, password('alice', 'secret')), { kind: 'auth', message: /without TLS/ }));
  test('with a wrong password: neither error nor anything else repeats it', async () => {
    await assert.rejects(send(listener('strict'), { tls: 'starttls', ca }, password('alice', 'hunter2hunter2')), (error) => {
      assert.equal(error.kind, 'auth');
      assert.equal(error.reply.code, 535);
      assert.ok(!JSON.stringify(error).includes('hunter2'));
      return true;
    });
  });
  test('over IPv6 only', { skip: !ipv6 && 'this machine has no ::1' }, async () => {
    await send(listener('ipv6', 'smtp-server'), { host: '::1', tls: 'starttls', ca });
  });
});

describe('names with two addresses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-smtp-hosts-'));
  const hosts = join(folder, 'hosts');
  after(() => rmSync(folder, { recursive: true }));
  // Names of its own: the component's process sees another /etc/hosts.
  const wrap = ['unshare', '--mount', 'sh', '-c', `mount --bind ${hosts} /etc/hosts && exec "$@"`, 'sh'];
  writeFileSync(hosts, '127.0.0.9 two.test\n127.0.0.1 two.test localhost\n');
  const possible = spawnSync(wrap[0], [...wrap.slice(1), 'true']).status === 0;

  test('the first of which is dead', { skip: !possible && 'this machine lets no process have its own /etc/hosts' }, async () => {
    const target = startComponent('smtp-send', { wrap });
    const outcome = await send(listener('relaxed'), { host: 'two.test' }, 'none', target);
    assert.equal(outcome.recipients[0].status, 'accepted');
    await target.stop();
  });
});

describe('permissions', () => {
  test('no network', async () => {
    const target = startComponent('smtp-send', { network: false });
    await refused(send(listener('relaxed'), { host: '127.0.0.1' }, 'none', target), { kind: 'transport', step: 'connect', message: /the host does not permit/ });
    await target.stop();
  });
  test('network, but no names', async () => {
    const target = startComponent('smtp-send', { lookup: false });
    await refused(send(listener('relaxed'), {}, 'none', target), { step: 'connect', message: /the host does not permit/ });
    await target.stop();
  });
});

test('a server that breaks off after the end of the message leaves it in doubt', async () => {
  const { hello, expect, readData, close, send: reply } = await import('../servers/scripted-steps.mjs');
  const server = await startScripted({
    steps: [...hello([]), expect('MAIL'), reply('250 ok'), expect('RCPT'), reply('250 ok'), expect('DATA'), reply('354 go'), readData(), close()],
  });
  await assert.rejects(send(server.port, { host: '127.0.0.1' }), (error) => {
    assert.equal(error['in-doubt'], true);
    assert.equal(error.retryable, false);
    assert.equal(error.recipients[0].status, 'in-doubt');
    return true;
  });
  await server.stop();
});
