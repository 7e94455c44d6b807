// The component in the npm package: what is packed, its types, and what it does, from a packed tarball.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { installPackage } from '../js/packed.mjs';
import { hasIpv6 } from '../servers/ports.mjs';
import { bun, deno, tsc } from '../programs.mjs';
import { startServers } from '../servers/servers.mjs';
import { startSmallServer } from '../servers/small-server.mjs';

const CONTENT = 'From: me@lab.test\r\nSubject: package\r\n\r\n.hello\r\n';
const ipv6 = await hasIpv6();
const project = installPackage({ files: ['examples/component-npm/send.mjs'] });
const installed = join(project.folder, 'node_modules/wasm-smtp');
const { startMailer, SendError } = await import(pathToFileURL(join(installed, 'component/index.mjs')).href);

let run, mailer, trust;
before(async () => {
  run = await startServers({ names: ['postfix', 'smtp-server'] });
  trust = { tag: 'custom', val: readFileSync(run.ca.file) };
  mailer = startMailer();
});
after(async () => {
  await mailer?.stop();
  await run?.stop();
  project.remove();
});

const config = (listener, options) => ({ host: 'localhost', port: run.postfix.listeners[listener].port, tls: 'implicit', trust, ...options });
const login = (password = 'secret') => ({ tag: 'password', val: { user: 'alice', password } });
const message = (to, content = CONTENT) => ({ envelope: { sender: 'me@lab.test', recipients: [to].flat() }, content: Buffer.from(content) });

describe('what is packed', () => {
  test('the component, its types, and none of its imports', () => {
    const files = readdirSync(join(installed, 'component'), { recursive: true }).sort();
    assert.deepEqual(files.filter((name) => statSync(join(installed, 'component', name)).isFile()), [
      'NOTICE.md',
      'generated/smtp-send.core.wasm', 'generated/smtp-send.core2.wasm', 'generated/smtp-send.core3.wasm', 'generated/smtp-send.mjs',
      'generated/types.d.ts', 'index.d.ts', 'index.mjs', 'sockets.mjs', 'wasi.mjs', 'worker.mjs',
    ]);
    for (const name of files.filter((name) => name.endsWith('.mjs')))
      for (const [, from] of readFileSync(join(installed, 'component', name), 'utf8').matchAll(/(?:^|;|\})\s*import\s*(?:[^"'();]*?from\s*)?["']([^"']+)["']/gm))
        assert.match(from, /^(node:|\.\/)/, `${name} imports ${from}`);
  });
  test('no dependency', () => {
    const { dependencies, peerDependencies, optionalDependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    assert.deepEqual([dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined]);
  });
  test('nothing of it is loaded by the main entry', () => {
    writeFileSync(join(project.folder, 'main.mjs'), "import 'wasm-smtp';");
    const loaded = spawnSync(process.execPath, ['--experimental-loader', `data:text/javascript,${encodeURIComponent(
      'export async function load(url, context, next) { process._rawDebug(url); return next(url, context); }')}`, 'main.mjs'], { cwd: project.folder, encoding: 'utf8' });
    assert.equal(loaded.status, 0, loaded.stderr);
    assert.match(loaded.stderr, /wasm-smtp\/client\.mjs/);
    assert.doesNotMatch(loaded.stderr, /wasm-smtp\/component\//);
  });
  test('types that fit', () => {
    writeFileSync(join(project.folder, 'use.ts'), `
      import { startMailer, SendError, type Outcome } from 'wasm-smtp/component';
      const mailer = startMailer();
      const outcome: Outcome = await mailer.send({ host: 'h', tls: 'implicit' }, { tag: 'token', val: { user: 'u', accessToken: 't' } },
        { envelope: { sender: '', recipients: ['a@b'], options: { smtputf8: true } }, content: new Uint8Array() });
      await mailer.send({ host: 'h', tls: 'none', protocol: 'lmtp', options: { noChunking: true }, eagerOctets: 0 }, { tag: 'external', val: {} }, {
        envelope: {
          sender: '',
          recipients: ['a@b', { address: 'c@d', notify: { failure: true }, originalRecipient: 'rfc822;e@f' }],
          parameters: [{ tag: 'priority', val: 3 }, { tag: 'deliver-by', val: { seconds: 60, mode: 'return', trace: false } }, { tag: 'require-tls' }],
          optional: { priority: true },
        },
        content: new Uint8Array(),
      });
      // @ts-expect-error: a priority is a number
      await mailer.send({ host: 'h', tls: 'none' }, undefined, { envelope: { sender: '', recipients: [], parameters: [{ tag: 'priority', val: 'high' }] }, content: new Uint8Array() });
      const code: number | undefined = outcome.recipients[0]?.reply?.code;
      try { await mailer.bundledRoots(); } catch (error) { if (error instanceof SendError) error.inDoubt satisfies boolean; }
      // @ts-expect-error: there is no such mode
      await mailer.send({ host: 'h', tls: 'maybe' }, undefined, { envelope: { sender: '', recipients: [] }, content: new Uint8Array() });
      // @ts-expect-error: content is octets
      await mailer.send({ host: 'h', tls: 'none' }, undefined, { envelope: { sender: '', recipients: [] }, content: 'text' });
      export { code };
    `);
    const { status, stdout } = spawnSync(process.execPath, [tsc(), '--strict', '--noEmit', '--target', 'esnext', '--module', 'nodenext', '--lib', 'esnext,dom', 'use.ts'],
      { cwd: project.folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });
});

for (const [tls, listener] of [['implicit', 'strictImplicit'], ['starttls', 'strict']])
  test(`sends with a login, ${tls}`, async () => {
    const to = `package-${tls}@lab.test`;
    const outcome = await mailer.send(config(listener, { tls }), login(), message(to));
    assert.equal(outcome.recipients[0].status, 'accepted');
    const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
    assert.equal(arrived.content.toString(), CONTENT);
  });

const RUNTIMES = {
  'Node.js': [process.execPath],
  Deno: [deno(), 'run', '--no-prompt', '--no-lock', '--node-modules-dir=manual', '--allow-net', '--allow-read', '--allow-env'],
  Bun: [bun(), 'run'],
};
for (const [name, [command, ...args]] of Object.entries(RUNTIMES))
  test(`${name}: the example sends, and its process ends by itself`, async () => {
    const to = `package-${name.toLowerCase().replace('.', '')}@lab.test`;
    const words = ['send.mjs', 'localhost', String(run.postfix.listeners.strict.port), 'starttls', run.ca.file, 'me@lab.test', to];
    const { status, stdout, stderr } = spawnSync(command, [...args, ...words], {
      cwd: project.folder, input: CONTENT, encoding: 'utf8', timeout: 20000, env: { ...process.env, SMTP_USER: 'alice', SMTP_PASSWORD: 'secret', NO_COLOR: '1' },
    });
    assert.equal(status, 0, stderr);
    assert.ok(stdout.startsWith(`${to}: accepted `), stdout);
    const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
    assert.equal(arrived.content.toString(), CONTENT);
  });

test('parameters, of the message and of recipients', async (t) => {
  const server = await startSmallServer({ extensions: ['PIPELINING', 'DSN', 'AUTH EXTERNAL', 'LIMITS RCPTMAX=1'] });
  t.after(server.stop);
  const plain = { host: '127.0.0.1', port: server.port, tls: 'none' };
  const envelope = { sender: 'me@lab.test', recipients: ['a@lab.test', { address: 'b@lab.test', notify: {} }], parameters: [{ tag: 'dsn-envelope-id', val: 'id' }, { tag: 'priority', val: 3 }] };
  await assert.rejects(mailer.send(plain, undefined, { envelope, content: Buffer.from(CONTENT) }), (error) => error instanceof SendError && error.kind === 'unsupported' && error.detail === 'MT-PRIORITY');
  const credentials = { tag: 'external', val: { allowPlaintext: true } };
  const outcome = await mailer.send({ ...plain, options: { noPipelining: true } }, credentials, { envelope: { ...envelope, optional: { priority: true } }, content: Buffer.from(CONTENT) });
  assert.equal(outcome.transactions, 2);
  assert.deepEqual(server.messages.map(({ mail, rcpt }) => [mail.replace(/ SIZE=\d+/, ''), ...rcpt]), [['MAIL FROM:<me@lab.test> ENVID=id', 'RCPT TO:<a@lab.test>'], ['MAIL FROM:<me@lab.test> ENVID=id', 'RCPT TO:<b@lab.test> NOTIFY=NEVER']]);
  assert.equal(server.sessions[1].lines[1], 'AUTH EXTERNAL =');
});

test('a large message arrives whole', async () => {
  const content = `Subject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(50000)}`;
  await mailer.send(config('unlimitedImplicit'), undefined, message('package-large@lab.test', content));
  const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes('package-large@lab.test') });
  assert.equal(arrived.content.length, content.length);
  assert.ok(arrived.content.equals(Buffer.from(content)));
});

test('the event loop stays free while the server is silent', async (t) => {
  const silent = createServer((socket) => socket.on('error', () => {}));
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 10);
  const began = performance.now();
  await assert.rejects(mailer.send({ host: '127.0.0.1', port: silent.address().port, tls: 'none', timeLimits: [{ phase: 'greeting', milliseconds: 500 }] }, undefined, message('a@lab.test')),
    (error) => error instanceof SendError && error.kind === 'transport' && error.retryable && /did not answer in time/.test(error.message));
  clearInterval(timer);
  const took = performance.now() - began;
  assert.ok(took >= 450 && took < 3000, `${took} ms`);
  assert.ok(turns >= 15, `${turns} turns of the event loop`);
});

describe('what fails', () => {
  const rejected = (sending, expected) =>
    assert.rejects(sending, (error) => {
      assert.ok(error instanceof SendError, String(error));
      for (const [name, value] of Object.entries(expected))
        if (value instanceof RegExp) assert.match(error[name], value);
        else assert.deepEqual(error[name], value, name);
      return true;
    });
  test('an expired certificate', () => rejected(mailer.send(config('expired'), undefined, message('a@lab.test')), { kind: 'transport', step: 'tls', message: /expired/ }));
  test('another authority', () => rejected(mailer.send(config('implicit', { trust: undefined }), undefined, message('a@lab.test')), { step: 'tls', message: /no trusted authority/ }));
  test('a closed port', () => rejected(mailer.send(config('implicit', { port: 1 }), undefined, message('a@lab.test')), { step: 'connect', message: /connection refused/ }));
  test('an unknown host', () => rejected(mailer.send(config('implicit', { host: 'nowhere.invalid' }), undefined, message('a@lab.test')), { step: 'connect', message: /not found|could not be looked up/ }));
  test('a refused recipient beside an accepted one', async () => {
    const outcome = await mailer.send(config('implicit'), undefined, message(['good@lab.test', 'bad@lab.test']));
    assert.deepEqual(outcome.recipients.map(({ status }) => status), ['accepted', 'refused']);
  });
  test('a wrong password, which nothing repeats', () =>
    assert.rejects(mailer.send(config('strict', { tls: 'starttls' }), login('hunter2hunter2'), message('a@lab.test')), (error) => {
      assert.equal(error.kind, 'auth');
      assert.equal(error.reply.code, 535);
      assert.ok(!JSON.stringify(error).includes('hunter2') && !error.stack.includes('hunter2'));
      return true;
    }));
  test('a connection that is lost', async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write('220 here\r\n', () => socket.resetAndDestroy());
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    await rejected(mailer.send({ host: '127.0.0.1', port: server.address().port, tls: 'none' }, undefined, message('a@lab.test')), { kind: 'transport', retryable: true });
  });
  test('a server that never stops talking', { timeout: 20000 }, async (t) => {
    const lines = Buffer.from(`${'x'.repeat(98)}\r\n`.repeat(1000));
    const server = createServer((socket) => {
      const flood = () => { while (!socket.destroyed && socket.write(lines)); };
      socket.on('error', () => {}).on('drain', flood);
      socket.write('220-');
      flood();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    await rejected(mailer.send({ host: '127.0.0.1', port: server.address().port, tls: 'none' }, undefined, message('a@lab.test')), { kind: 'protocol' });
  });
  test('values of a wrong type, after which the mailer still sends', async () => {
    await assert.rejects(mailer.send(config('implicit'), undefined, { envelope: { sender: '', recipients: ['a@lab.test'] }, content: 'text' }), TypeError);
    await assert.rejects(mailer.send(config('implicit', { tls: 'maybe' }), undefined, message('a@lab.test')), /the component failed: .*maybe/);
    const outcome = await mailer.send(config('implicit'), undefined, message('after@lab.test'));
    assert.equal(outcome.recipients[0].status, 'accepted');
  });
  test('a mailer that was stopped', async () => {
    const other = startMailer();
    const under = assert.rejects(other.send(config('implicit'), undefined, message('a@lab.test')), /the mailer was stopped/);
    await other.stop();
    await under;
    await assert.rejects(other.bundledRoots(), /the mailer was stopped/);
  });
});

test('over IPv6', { skip: !ipv6 && 'this machine has no ::1' }, async () => {
  const { port } = run['smtp-server'].listeners.ipv6;
  const outcome = await mailer.send(config('implicit', { host: '::1', port, tls: 'starttls' }), undefined, message('v6@lab.test'));
  assert.equal(outcome.recipients[0].status, 'accepted');
});

test('messages that are given at once are sent one after another', async () => {
  const outcomes = await Promise.all(Array.from({ length: 5 }, (_, n) => mailer.send(config('implicit'), undefined, message(`queue${n}@lab.test`))));
  assert.equal(outcomes.length, 5);
  assert.equal((await run.postfix.delivered({ count: 5, where: ({ envelope }) => /^queue\d/.test(envelope.to[0]) })).length, 5);
});

test('which authorities are built in', async () => {
  assert.match(await mailer.bundledRoots(), /^Mozilla, Debian ca-certificates \d{8}\S*, \d{3} certificates$/);
});

test('addresses as WASI has them', async () => {
  const { addressParts } = await import(pathToFileURL(join(installed, 'component/wasi.mjs')).href);
  for (const [text, parts] of [
    ['127.0.0.1', [127, 0, 0, 1]], ['::', [0, 0, 0, 0, 0, 0, 0, 0]], ['::1', [0, 0, 0, 0, 0, 0, 0, 1]], ['2001:db8::5:0', [0x2001, 0xdb8, 0, 0, 0, 0, 5, 0]],
    ['fe80::1%eth0', [0xfe80, 0, 0, 0, 0, 0, 0, 1]], ['::ffff:192.0.2.33', [0, 0, 0, 0, 0, 0xffff, 0xc000, 0x221]], ['1:2:3:4:5:6:7:8', [1, 2, 3, 4, 5, 6, 7, 8]],
  ]) assert.deepEqual(addressParts(text), parts, text);
});
