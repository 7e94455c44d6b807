// Mail from a component in wasmtime to smtp-server: both ways into TLS, each version, each kind of
// certificate, every mechanism that this server knows. The others are Postfix's (matrix.test.mjs).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { startServers } from '../servers/servers.mjs';
import { config, message, password, startComponent, token } from './component.mjs';

const { SMTPServer } = createRequire(new URL('../package.json', import.meta.url))('smtp-server');
const LIMITS = { connect: 10000, tls: 10000, greeting: 10000, command: 20000 };
const CONTENT = 'From: me@lab.test\r\nSubject: dots\r\n\r\n.\r\n..two\r\nlast\r\n';
const SECRET = 'secret';
const CREDENTIALS = {
  PLAIN: password('alice', SECRET, 'plain'),
  LOGIN: password('alice', SECRET, 'login'),
  'CRAM-MD5': password('alice', SECRET, 'cram-md5'),
  XOAUTH2: token('alice', SECRET, 'xoauth2'),
};

let run, ca, component;
before(async () => {
  run = await startServers({ names: ['smtp-sink'] }); // for the certificates
  ca = readFileSync(run.ca.file);
  component = startComponent('smtp-send-tls');
});
after(async () => {
  await component?.stop();
  await run?.stop();
});

/** A server with one certificate and one version of TLS; got: what it received. */
async function start(version, certificate, secure) {
  const got = [];
  const server = new SMTPServer({
    secure,
    key: readFileSync(run.ca[certificate].key),
    cert: readFileSync(run.ca[certificate].chain),
    minVersion: version,
    maxVersion: version,
    authMethods: Object.keys(CREDENTIALS),
    onAuth(auth, session, done) {
      const right = auth.validatePassword ? auth.validatePassword(SECRET) : (auth.password ?? auth.accessToken) === SECRET;
      done(null, auth.username === 'alice' && right ? { user: `alice by ${auth.method}` } : null);
    },
    onData(stream, session, done) {
      const pieces = [];
      stream.on('data', (piece) => pieces.push(piece));
      stream.on('end', () => {
        got.push({ user: session.user, secure: session.secure, tls: session.tlsOptions, content: Buffer.concat(pieces).toString() });
        done();
      });
    },
  });
  server.on('error', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { got, port: server.server.address().port, stop: () => new Promise((resolve) => server.close(resolve)) };
}

for (const tls of ['implicit', 'starttls'])
  for (const version of ['TLSv1.2', 'TLSv1.3'])
    for (const certificate of ['good', 'goodEcdsa'])
      describe(`${tls}, ${version}, ${certificate}`, () => {
        let server;
        before(async () => {
          server = await start(version, certificate, tls === 'implicit');
        });
        after(() => server?.stop());

        for (const [mechanism, credentials] of Object.entries(CREDENTIALS))
          test(mechanism, async () => {
            await component.call('smtp-send#send', config(server.port, { tls, ca, limits: LIMITS }), credentials, message(['bob@lab.test'], CONTENT));
            const { user, secure, tls: negotiated, content } = server.got.pop();
            assert.equal(content, CONTENT);
            assert.equal(secure, true);
            assert.equal(user, `alice by ${mechanism}`);
            assert.equal(negotiated.version, version);
          });

        test('a wrong password', async () => {
          const wrong = password('alice', 'wrong', 'plain');
          await assert.rejects(component.call('smtp-send#send', config(server.port, { tls, ca, limits: LIMITS }), wrong, message(['bob@lab.test'], CONTENT)),
            (error) => error.kind === 'auth' && error.reply.code === 535);
          assert.equal(server.got.length, 0);
        });
      });
