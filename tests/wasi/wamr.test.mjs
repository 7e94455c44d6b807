// The command line in WAMR's iwasm: the one that WSMTP_IWASM names, or the one in PATH. Nothing that is
// installed here brings one; without it, what the module asks of its host is all that is looked at.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { hasIpv6 } from '../servers/ports.mjs';
import { startScripted } from '../servers/scripted.mjs';
import { call, close, expect, hello, readData, reset, send as reply, stall, wait } from '../servers/scripted-steps.mjs';
import { startServers } from '../servers/servers.mjs';
import { out, wasmtime } from './component.mjs';

const file = `${out}wasm-smtp-wamr.wasm`;
const iwasm = process.env.WSMTP_IWASM || spawnSync('sh', ['-c', 'command -v iwasm'], { encoding: 'utf8' }).stdout.trim();
const MESSAGE = 'From: me@lab.test\nSubject: WAMR\n\n.dot\nend\n';
const LARGE = 77 * 65000; // octets
const BIG = `Subject: x\n\n${`${'y'.repeat(76)}\n`.repeat(200000)}`; // more than the kernel keeps
const ENVELOPE = [...hello(), expect('MAIL'), reply('250 ok'), expect('RCPT'), reply('250 ok'), expect('DATA')];
const ipv6 = await hasIpv6();

describe('the module', () => {
  test('imports preview 1, and these of WAMR', () => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file)));
    assert.deepEqual([...new Set(imports.map(({ module }) => module))], ['wasi_snapshot_preview1']);
    const preview1 = ['sock_recv', 'sock_send', 'sock_shutdown', 'sock_accept'];
    assert.deepEqual(imports.map(({ name }) => name).filter((name) => name.startsWith('sock_') && !preview1.includes(name)).sort(),
      ['sock_addr_local', 'sock_addr_resolve', 'sock_connect', 'sock_open', 'sock_set_tcp_no_delay', 'sock_set_tcp_quick_ack']);
  });
  test('runs in any host of preview 1 up to the first socket', () => {
    const run = (...args) => spawnSync(wasmtime, ['run', '-W', 'unknown-imports-trap', file, ...args], { encoding: 'utf8' });
    const { version } = JSON.parse(readFileSync(new URL('../../adapters/js/package.json', import.meta.url)));
    assert.equal(run('--version').stdout, `wasm-smtp ${version}\n`);
    assert.equal(run('bogus').status, 64);
    assert.match(run('probe', 'smtp://127.0.0.1').stderr, /unknown import.*sock_open/);
  });
});

// As one test, where it is skipped: so that it is counted.
(iwasm ? describe : test)('in iwasm', { skip: !iwasm && 'no iwasm: neither WSMTP_IWASM nor PATH has one' }, () => {
  let run;
  before(async () => {
    run = await startServers({ names: ['postfix', 'smtp-server'] });
  });
  after(() => run?.stop());

  const port = (listener, server = 'postfix') => run[server].listeners[listener].port;
  const PERMISSIONS = ['--addr-pool=127.0.0.0/8,::1/128', '--allow-resolve=localhost', '--allow-resolve=*.test', '--allow-resolve=*.invalid'];

  /** Runs the command with the folder of the authorities as /ca: how it ended, what it wrote, how long it took. */
  function command(args, { input = MESSAGE, permissions = PERMISSIONS, wrap = [] } = {}) {
    return new Promise((resolve, reject) => {
      const began = Date.now();
      const line = [...wrap, iwasm, ...permissions, `--map-dir=/ca::${run.ca.folder}`, '--env=PASSWORD=secret', file, ...args];
      const child = spawn(line[0], line.slice(1));
      let stdout = '', stderr = '';
      child.stdout.on('data', (data) => (stdout += data));
      child.stderr.on('data', (data) => (stderr += data));
      child.stdin.on('error', () => {});
      child.on('error', reject);
      if (typeof input === 'function') input(child.stdin);
      else child.stdin.end(input);
      child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr, took: Date.now() - began }));
    });
  }
  // The authorities are for TLS, and only there.
  const CA = ['--ca', '/ca/ca.pem'];
  const sending = (server, to, ...more) =>
    ['send', '--server', server, '--from', 'me@lab.test', '--to', to, '--json', ...(server.startsWith('smtp+plain') ? [] : CA), ...more];
  const LOGIN = ['--user', 'alice', '--password-env', 'PASSWORD'];

  async function sent(server, to, more = [], options = {}) {
    const { status, stdout, stderr } = await command(sending(server, to, ...more), options);
    assert.equal(status, 0, stderr || stdout);
    return JSON.parse(stdout);
  }
  async function refused(status, cause, args, options) {
    const ended = await command(args, options);
    assert.deepEqual([ended.status, ended.signal], [status, null], ended.stderr);
    const { exitCode, error } = JSON.parse(ended.stdout);
    assert.equal(exitCode, status);
    if (cause) assert.equal(error.cause, cause);
    return { ...ended, error };
  }
  async function delivered(to, content = MESSAGE, server = 'postfix') {
    const [arrived] = await run[server].delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
    assert.ok(arrived.content.equals(Buffer.from(content.replaceAll('\n', '\r\n'))), 'the octets that were sent');
  }

  describe('a message arrives', () => {
    for (const [scheme, listener, version, more] of [
      ['smtp+plain', 'legacy', undefined, []],
      ['smtp', 'strict', 'TLSv1.3', LOGIN],
      ['smtps', 'implicit', 'TLSv1.3', LOGIN],
      ...['rsa', 'ecdsa'].flatMap((key) => [['smtps', `${key}Tls12`, 'TLSv1.2', LOGIN], ['smtps', `${key}Tls13`, 'TLSv1.3', LOGIN]]),
    ])
      test(`${scheme}, ${listener}`, async () => {
        const to = `wamr-${listener.toLowerCase()}@lab.test`;
        const report = await sent(`${scheme}://localhost:${port(listener)}`, to, more);
        assert.equal(report.tls?.version, version);
        assert.equal(report.mechanism ?? undefined, more.length ? 'SCRAM-SHA-256' : undefined);
        assert.equal(report.recipients[0].status, 'accepted');
        await delivered(to);
      });
    for (const mechanism of ['PLAIN', 'LOGIN', 'SCRAM-SHA-1', 'CRAM-MD5'])
      test(`after a login by ${mechanism}`, async () => {
        const to = `wamr-${mechanism.toLowerCase()}@lab.test`;
        const report = await sent(`smtps://localhost:${port('strictImplicit')}`, to, [...LOGIN, '--auth', mechanism]);
        assert.equal(report.mechanism, mechanism);
        await delivered(to);
      });
    test('over IPv6', { skip: !ipv6 && 'this machine has no ::1' }, async () => {
      const report = await sent(`smtp://[::1]:${port('ipv6', 'smtp-server')}`, 'wamr6@lab.test');
      assert.match(report.server.address, /^\[0:0:0:0:0:0:0:1\]:/);
      assert.equal(report.server.localName, '[IPv6:0:0:0:0:0:0:0:1]');
      await delivered('wamr6@lab.test', MESSAGE, 'smtp-server');
    });
    for (const [scheme, listener] of [['smtp+plain', 'unlimited'], ['smtps', 'unlimitedImplicit']])
      test(`of ${Math.round(LARGE / 1e6)} MB, ${scheme}`, { timeout: 120000 }, async () => {
        const to = `wamr-large-${scheme.replace('+', '-')}@lab.test`;
        const input = `Subject: large\n\n${`.${'x'.repeat(75)}\n`.repeat(LARGE / 77)}`;
        await sent(`${scheme}://localhost:${port(listener)}`, to, [], { input });
        await delivered(to, input);
      });
  });

  describe('certificates are verified', () => {
    for (const [listener, cause] of [['untrusted', 'certificate-untrusted'], ['wrongName', 'certificate-name'], ['expired', 'certificate-expired']])
      test(cause, () => refused(69, cause, sending(`smtps://localhost:${port(listener)}`, 'a@lab.test')));
    test('a private authority is not trusted unless given', () =>
      refused(69, 'certificate-untrusted', sending(`smtp://localhost:${port('strict')}`, 'a@lab.test').filter((word) => !CA.includes(word))));
  });

  describe('limits of time hold', () => {
    const inTime = async (server, options) => {
      const { took, error } = await refused(75, undefined, sending(server, 'a@lab.test', '--timeout', '1'), options);
      assert.equal(error.reason, 'timeout');
      assert.ok(took >= 1000 && took < 4000, `${took} ms`);
      return error;
    };
    test('connecting', async (t) => {
      // Connections wait at a listener whose queue is full: nobody takes any.
      const full = spawn('python3', ['-c', [
        'import socket, sys',
        's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(0)',
        'c = [socket.socket() for _ in range(4)]',
        'for x in c: x.setblocking(False); x.connect_ex(s.getsockname())',
        'print(s.getsockname()[1], flush=True); sys.stdin.read()'].join('\n')], { stdio: ['pipe', 'pipe', 'inherit'] });
      t.after(() => full.stdin.end());
      const dead = Number(await new Promise((resolve) => full.stdout.once('data', resolve)));
      assert.equal((await inTime(`smtp+plain://127.0.0.1:${dead}`)).step, 'connect');
    });
    for (const scheme of ['smtp', 'smtps'])
      test(`a silent server, ${scheme}`, async (t) => {
        const silent = createServer((socket) => socket.on('error', () => {}));
        await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
        t.after(() => silent.close());
        await inTime(`${scheme}://localhost:${silent.address().port}`);
      });
    test('a server that reads no further', async (t) => {
      const server = await startScripted({ steps: [...ENVELOPE, reply('354 go'), stall()] });
      t.after(() => server.stop());
      await inTime(`smtp+plain://localhost:${server.port}`, { input: BIG });
    });
  });

  describe('connections', () => {
    test('to a closed port', () => refused(75, 'connection-refused', sending('smtp://localhost:1', 'a@lab.test')));
    test('to a name that does not exist', async () => {
      const { status, stdout } = await command(sending('smtp://nowhere.invalid', 'a@lab.test'));
      const { cause } = JSON.parse(stdout).error;
      assert.equal(status, { 'host-not-found': 68, 'host-lookup-failed': 75 }[cause], stdout); // the latter without a resolver
    });
    test('the server resets', async (t) => {
      const server = await startScripted({ steps: [...ENVELOPE, reply('354 go'), reset()] });
      t.after(() => server.stop());
      await refused(75, 'connection-reset', sending(`smtp+plain://localhost:${server.port}`, 'a@lab.test'), { input: BIG });
    });
    test('the server closes', async (t) => {
      const server = await startScripted({ steps: [...ENVELOPE, reply('354 go'), close()] });
      t.after(() => server.stop());
      await refused(75, undefined, sending(`smtp+plain://localhost:${server.port}`, 'a@lab.test'), { input: BIG });
    });
    // WAMR would let SIGPIPE end the process, were the connection not looked at before each write.
    test('the server closes, then resets, while the message is still to come', { timeout: 20000 }, async (t) => {
      let stdin;
      const server = await startScripted({
        steps: [...ENVELOPE, reply('354 go'), wait(300), close(), wait(200), reset(), call(() => stdin.end(BIG))],
      });
      t.after(() => server.stop());
      await refused(75, 'connection-reset', sending(`smtp+plain://localhost:${server.port}`, 'a@lab.test'), {
        input: (stream) => {
          stdin = stream;
          stdin.write(BIG.slice(0, 300000));
        },
      });
    });
    test('the server breaks off after the end of the message', async (t) => {
      const server = await startScripted({ steps: [...ENVELOPE, reply('354 go'), readData(), close()] });
      t.after(() => server.stop());
      const { error } = await refused(75, undefined, sending(`smtp+plain://localhost:${server.port}`, 'a@lab.test'));
      assert.equal(error.inDoubt, true);
    });
  });

  describe('permissions', () => {
    const server = () => `smtp://localhost:${port('strict')}`;
    test('no addresses', async () => {
      const { error } = await refused(71, 'system', sending(server(), 'a@lab.test'), { permissions: PERMISSIONS.slice(1) });
      assert.match(error.message, /the host does not permit a connection to this address/);
    });
    test('no names', async () => {
      const { error } = await refused(71, 'system', sending(server(), 'a@lab.test'), { permissions: PERMISSIONS.slice(0, 1) });
      assert.match(error.message, /the host does not permit this program to look up this name/);
    });
    test('no names, and an address', () => sent(`smtps://127.0.0.1:${port('implicit')}`, 'wamr-address@lab.test', [], { permissions: PERMISSIONS.slice(0, 1) }));
  });

  // Names of its own: the process sees another /etc/hosts, or another resolver.
  const folder = mkdtempSync(join(tmpdir(), 'wasm-smtp-wamr-'));
  after(() => rmSync(folder, { recursive: true }));
  const instead = (path, content) => {
    const own = join(folder, path.replaceAll('/', '-'));
    writeFileSync(own, content);
    return ['unshare', '--mount', 'sh', '-c', `mount --bind ${own} ${path} && exec "$@"`, 'sh'];
  };
  const twoAddresses = instead('/etc/hosts', '127.0.0.9 two.test\n127.0.0.1 two.test localhost\n');
  const noAnswer = instead('/etc/resolv.conf', 'nameserver 127.0.0.9\noptions timeout:3 attempts:1\n');
  const possible = spawnSync(noAnswer[0], [...noAnswer.slice(1), 'true']).status === 0;

  describe('names', { skip: !possible && 'this machine lets no process have its own /etc/hosts' }, () => {
    test('the first address of which is dead', async () => {
      const report = await sent(`smtp+plain://two.test:${port('legacy')}`, 'wamr-two@lab.test', [], { wrap: twoAddresses });
      assert.match(report.server.address, /^127\.0\.0\.1:/);
    });
    test('that no resolver answers: the limit is kept only when the host gives up', async (t) => {
      const silent = createSocket('udp4');
      t.after(() => silent.close());
      const bound = await new Promise((resolve) => silent.once('listening', () => resolve(true)).once('error', () => resolve(false)).bind(53, '127.0.0.9'));
      if (!bound) return t.skip('port 53 is taken');
      const { took, error } = await refused(75, 'connection-timeout', sending('smtp+plain://slow.test', 'a@lab.test', '--timeout', '1'), { wrap: noAnswer });
      assert.equal(error.step, 'connect');
      assert.ok(took >= 3000, `${took} ms`);
    });
  });
});
