// The command line of cli/ as a WASI command in wasmtime.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startServers } from '../servers/servers.mjs';
import { startSmallServer } from '../servers/small-server.mjs';
import { out, wasmtime } from './component.mjs';

const NETWORK = ['-S', 'inherit-network', '-S', 'allow-ip-name-lookup'];
const MESSAGE = 'From: me@lab.test\nSubject: command\n\n.dot\nend\n';

let run;
before(async () => {
  run = await startServers({ names: ['postfix'] });
});
after(() => run?.stop());

/** Runs the command with the folder of the authorities as /ca; what it wrote, and its status. */
function command(args, { input = '', permissions = NETWORK } = {}) {
  return new Promise((resolve) => {
    const child = spawn(wasmtime, ['run', ...permissions, '--dir', `${run.ca.folder}::/ca`, '--env', 'PASSWORD=secret', `${out}wasm-smtp.wasm`, ...args]);
    let stdout = '', stderr = '';
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

const url = (scheme, listener) => `${scheme}://localhost:${run.postfix.listeners[listener].port}`;
const sending = (server, to, ...more) => ['send', '--server', server, '--from', 'me@lab.test', '--to', to, ...more];

describe('send', () => {
  for (const [scheme, listener] of [['smtps', 'implicit'], ['smtp', 'strict']])
    test(`${scheme}, with a login`, async () => {
      const to = `command-${scheme}@lab.test`;
      const { status, stdout, stderr } = await command(
        sending(url(scheme, listener), to, '--ca', '/ca/ca.pem', '--user', 'alice', '--password-env', 'PASSWORD', '--json'), { input: MESSAGE });
      assert.equal(status, 0, stderr);
      const report = JSON.parse(stdout);
      assert.equal(report.exitCode, 0);
      assert.equal(report.mechanism, 'SCRAM-SHA-256');
      assert.equal(report.tls.version, 'TLSv1.3');
      assert.equal(report.recipients[0].status, 'accepted');
      const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
      assert.equal(arrived.content.toString(), MESSAGE.replaceAll('\n', '\r\n'));
    });

  test('to a server that is not trusted', async () => {
    const { status, stdout } = await command(sending(url('smtps', 'implicit'), 'a@lab.test', '--json'), { input: MESSAGE });
    assert.equal(status, 1); // WASI 0.2 knows success and failure only; the report has the exit code
    assert.equal(JSON.parse(stdout).exitCode, 69);
    assert.equal(JSON.parse(stdout).error.cause, 'certificate-untrusted');
  });

  test('without permission to use the network', async () => {
    const { status, stderr } = await command(sending(url('smtps', 'implicit').replace('localhost', '127.0.0.1'), 'a@lab.test'), { input: MESSAGE, permissions: [] });
    assert.equal(status, 1);
    assert.match(stderr, /the host does not permit/);
  });
});

describe('what this build is without', () => {
  const report = async (args) => JSON.parse((await command([...args, '--json'], { input: MESSAGE })).stdout);
  const refused = async (exitCode, message, args) => {
    const { exitCode: found, error } = await report(args);
    assert.equal(found, exitCode);
    assert.match(error.message, message);
  };
  test('IDNA: names must be A-labels, and are told so', async () => {
    await refused(64, /the host is not ASCII, but this build has no IDNA: give its A-label form/, ['probe', 'smtp://b\u00fccher.test']);
    await refused(69, /recipient 2 has a non-ASCII domain, but this build has no IDNA/,
      sending(`smtp+plain://localhost:${run.postfix.listeners.legacy.port}`, 'a@lab.test', '--to', 'b@b\u00fccher.test'));
    // With SMTPUTF8 nothing needs to be converted.
    const { recipients } = await report(sending(url('smtps', 'implicit'), 'idna@b\u00fccher.test', '--ca', '/ca/ca.pem'));
    assert.equal(recipients[0].status, 'accepted');
  });
  test('processes: no token from a command', () =>
    refused(78, /the token command cannot be run: WASI has no processes/,
      sending(url('smtp', 'strict'), 'a@lab.test', '--ca', '/ca/ca.pem', '--user', 'alice', '--token-command', 'true')));
});

test('a question, and a parameter that is not offered', async () => {
  const said = await command(['vrfy', '--server', url('smtps', 'implicit'), '--ca', '/ca/ca.pem', 'a@lab.test']);
  assert.equal(said.status, 0, said.stderr);
  assert.match(said.stdout, /^252 /);
  const args = sending(url('smtps', 'implicit'), 'parameters@lab.test', '--ca', '/ca/ca.pem', '--notify', 'never', '--hold-for', '60', '--json');
  assert.equal(JSON.parse((await command(args, { input: MESSAGE })).stdout).error.reason, 'parameter-not-offered');
  assert.equal(JSON.parse((await command([...args, '--optional', 'hold-for'], { input: MESSAGE })).stdout).recipients[0].status, 'accepted');
});

test('a file goes in parts', async (context) => {
  const server = await startSmallServer({ extensions: ['LIMITS RCPTMAX=1'] });
  context.after(() => server.stop());
  const text = `Subject: parts\r\n\r\n${'a line\r\n'.repeat(20000)}`;
  writeFileSync(join(run.ca.folder, 'parts.eml'), text);
  context.after(() => rmSync(join(run.ca.folder, 'parts.eml')));
  const { stdout } = await command(sending(`smtp+plain://localhost:${server.port}`, 'a@lab.test', '--to', 'b@lab.test', '--json', '/ca/parts.eml'));
  assert.equal(JSON.parse(stdout).transactions, 2);
  assert.deepEqual(server.messages.map(({ to, content }) => [to, content.toString() === text]), [[['a@lab.test'], true], [['b@lab.test'], true]]);
});

test('probe tells what a server offers, and its certificate', async () => {
  const { status, stdout } = await command(['probe', '--json', '--ca', '/ca/ca.pem', url('smtp', 'relaxed')]);
  assert.equal(status, 0);
  const report = JSON.parse(stdout);
  assert.match(report.tls.cipher, /GCM|CHACHA20/);
  assert.match(report.tls.certificate.subject, /CN=localhost/);
  assert.match(report.tls.certificate.names, /localhost/);
});
