// The component that imports nothing, in a host that is asynchronous: whole dialogues with real servers, and
// what only a scripted one does.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startScripted } from '../servers/scripted.mjs';
import { close, expect, expectEnd, hello, readData, reset, send, sendRaw, stall } from '../servers/scripted-steps.mjs';
import { startServers } from '../servers/servers.mjs';
import { startSmallServer } from '../servers/small-server.mjs';
import { MECHANISMS, startServer as startBindingServer } from '../uv/binding.mjs';
import { dial } from './engine-host.mjs';
import { instantiateComponent, transpileComponent } from './jco.mjs';
import { formsOf } from './secrets.mjs';

const CONTENT = Buffer.from('From: me@lab.test\r\nSubject: caf\u00e9\r\n\r\n.\r\n..two\r\nlast\r\n');
const EMPTY = { sender: '', recipients: [{ address: 'a@lab.test' }], options: {}, parameters: [], optional: {} };
const USER = { user: 'j\u00fcrgen', password: 'snow \u2603 man, =2C' }; // of tests/servers/users.mjs

let run, ca, component, instance, Session;
before(async () => {
  run = await startServers({ names: ['postfix', 'aiosmtpd'] });
  ca = readFileSync(run.ca.file);
  component = await transpileComponent('smtp-engine');
  instance = await instantiateComponent(component, {});
  ({ Session } = instance.exports.engine);
});
after(async () => {
  component?.remove();
  await run?.stop();
});

const withPassword = (mechanism, allowPlaintext = false, user = USER) => ({ tag: 'password', val: { ...user, mechanism, allowPlaintext } });
const withToken = (mechanism, accessToken) => ({ tag: 'token', val: { user: 'alice', accessToken, mechanism, allowPlaintext: false } });

let sequence = 0;
async function deliver(host, content = CONTENT, size) {
  const to = `engine${++sequence}@lab.test`;
  const { tag, val } = await host.send({ sender: 'me@lab.test', recipients: [to] }, content, { size });
  assert.equal(tag, 'sent', val.message);
  assert.deepEqual(val.recipients.map(({ address, status }) => [address, status]), [[to, 'accepted']]);
  assert.equal(val.reply.code, 250);
  assert.match(val.queueId, /^[0-9A-F]{6,}$/);
  const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope }) => envelope.to.includes(to) });
  assert.ok(arrived.content.equals(content));
}

test('the component imports nothing', () => assert.deepEqual(component.imports, []));

describe('Postfix', () => {
  for (const [tls, listener] of [['implicit', 'strictImplicit'], ['starttls', 'strict']])
    for (const mechanism of ['automatic', 'plain', 'login', 'scram-sha-256', 'scram-sha-1', 'cram-md5', 'oauthbearer', 'xoauth2'])
      test(`${mechanism}, ${tls}`, async (t) => {
        const host = dial(Session, { port: run.postfix.listeners[listener].port, tls, ca });
        t.after(host.end);
        await host.ready();
        host.login(/oauth/.test(mechanism) ? withToken(mechanism, run.tokens.valid) : withPassword(mechanism));
        assert.equal((await host.next('authenticated')).val.code, 235);
        await deliver(host);
        await host.quit();
      });

  for (const piece of [1, 7, 65536])
    test(`${piece} octets at a time, several messages, and a refusal between them`, async (t) => {
      const host = dial(Session, { port: run.postfix.listeners.strict.port, tls: 'starttls', ca, piece });
      t.after(host.end);
      await host.ready();
      host.login(withPassword('automatic'));
      await host.next('authenticated');
      for (let n = 0; n < 3; n += 1) await deliver(host, CONTENT, BigInt(CONTENT.length));
      const refused = await host.send({ sender: 'me@lab.test', recipients: ['bad@lab.test'] }, CONTENT);
      assert.equal(refused.tag, 'not-sent');
      assert.equal(refused.val.kind, 'refused');
      assert.equal(refused.val.recipients[0].status, 'refused');
      const both = await host.send({ sender: 'me@lab.test', recipients: ['bad@lab.test', 'good@lab.test'] }, CONTENT);
      assert.deepEqual([both.tag, ...both.val.recipients.map(({ status }) => status)], ['sent', 'refused', 'accepted']);
      host.call('noop');
      assert.equal((await host.next('completed')).val.code, 250);
      host.call('reset');
      assert.equal((await host.next('completed')).val.code, 250);
      await deliver(host);
      await host.quit();
    });

  test('a message of 3 MB', async (t) => {
    const host = dial(Session, { port: run.postfix.listeners.unlimitedImplicit.port, tls: 'implicit', ca });
    t.after(host.end);
    await host.ready();
    await deliver(host, Buffer.from(`Subject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(40000)}`));
    await host.quit();
  });

  test('credentials are marked in what is sent, and forgotten when the login is over', async (t) => {
    for (const mechanism of ['plain', 'login', 'cram-md5', 'scram-sha-256']) {
      const host = dial(Session, { port: run.postfix.listeners.strict.port, tls: 'starttls', ca });
      t.after(host.end);
      await host.ready();
      const needles = formsOf(USER.password);
      assert.deepEqual(instance.find(needles), []);
      host.login(withPassword(mechanism));
      assert.ok(instance.find(needles).includes('as it is'), 'the search finds nothing while the login is under way');
      await host.next('authenticated');
      assert.deepEqual(instance.find(needles), [], mechanism);
      if (mechanism !== 'cram-md5' && mechanism !== 'scram-sha-256')
        assert.ok(Object.values(needles).some((needle) => host.sent.includes(needle.toString('latin1'))), 'the password was sent, encoded');
      for (const [name, needle] of Object.entries(needles)) assert.ok(!host.shown.includes(needle.toString('latin1')), `${mechanism}: shown ${name}`);
      assert.match(host.shown, /^EHLO host\.test\r\nSTARTTLS\r\nEHLO host\.test\r\n/);
      assert.match(host.shown, /<secret>/);
      await host.quit();
    }
  });

  test('a refused login, then one that is accepted', async (t) => {
    const host = dial(Session, { port: run.postfix.listeners.strict.port, tls: 'starttls', ca });
    t.after(host.end);
    await host.ready();
    const wrong = 'never the right password';
    host.login(withPassword('plain', false, { ...USER, password: wrong }));
    const { val } = await host.next('refused');
    assert.deepEqual([val.kind, val.reply.code, val.step], ['auth', 535, 'auth']);
    assert.deepEqual(instance.find(formsOf(wrong)), []);
    host.login(withPassword('plain'));
    await host.next('authenticated');
    await deliver(host);
    await host.quit();
  });
});

describe('calls out of order', () => {
  const rejects = (call, kind) => assert.throws(call, (error) => error.kind === kind && error.message.length > 0);
  test('are refused, and the session goes on', async (t) => {
    const host = dial(Session, { port: run.postfix.listeners.relaxed.port });
    t.after(host.end);
    rejects(() => host.call('submit', EMPTY, undefined, false), 'misuse');
    rejects(() => host.call('quit'), 'misuse');
    await host.ready();
    rejects(() => host.call('tlsDone'), 'misuse');
    rejects(() => host.call('endBody'), 'misuse');
    assert.equal(host.call('writeBody', CONTENT), 0);
    rejects(() => host.login({ tag: 'none' }), 'misuse');
    rejects(() => host.login(withPassword('plain')), 'auth'); // no TLS
    rejects(() => host.call('submit', { ...EMPTY, sender: 'a b@c' }, undefined, false), 'input');
    await deliver(host);
    await host.quit();
  });
  test('and a name that EHLO cannot say', () => rejects(() => dial(Session, { port: 1, ehloName: 'a\r\nb' }), 'input'));
});

describe('a server that', () => {
  async function fails(t, steps, { before: prepare = (host) => host.next('greeting'), ...options } = {}) {
    const server = await startScripted({ steps });
    t.after(server.stop);
    const host = dial(Session, { port: server.port, host: '127.0.0.1', ...options });
    t.after(host.end);
    await prepare(host);
    return (await host.next('failed')).val;
  }
  test('says something between its reply to STARTTLS and the handshake', async (t) => {
    const error = await fails(t, [...hello(['STARTTLS']), expect('STARTTLS'), sendRaw('220 go\r\n250 injected\r\n'), expectEnd()],
      { tls: 'starttls', before: async (host) => { await host.next('greeting'); await host.next('ehlo'); } });
    assert.equal(error.kind, 'protocol');
    assert.match(error.message, /between its STARTTLS reply and TLS/);
  });
  test('does not offer STARTTLS', async (t) => {
    const error = await fails(t, [...hello([]), expectEnd()], { tls: 'starttls', before: async (host) => { await host.next('greeting'); await host.next('ehlo'); } });
    assert.equal(error.kind, 'unsupported');
  });
  test('is silent', async (t) => {
    const began = Date.now();
    const error = await fails(t, [stall()], { timeLimits: [{ phase: 'greeting', milliseconds: 300 }], before: () => {} });
    assert.deepEqual([error.kind, error.step, error.retryable], ['transport', 'greeting', true]);
    assert.ok(Date.now() - began >= 290);
  });
  test('has a certificate of another authority', async (t) => {
    const host = dial(Session, { port: run.postfix.listeners.untrusted.port, tls: 'implicit', ca });
    t.after(host.end);
    const { val } = await host.next('failed');
    assert.deepEqual([val.kind, val.step], ['transport', 'tls']);
  });
  test('closes in the middle', async (t) => {
    const error = await fails(t, [send('220 here'), expect('EHLO'), close()]);
    assert.deepEqual([error.kind, error.retryable, error.inDoubt], ['transport', true, false]);
  });
  test('talks of something else', async (t) => {
    const error = await fails(t, [sendRaw('SSH-2.0-x\r\n'), expectEnd()], { before: () => {} });
    assert.equal(error.kind, 'protocol');
  });
  test('takes no 8-bit messages', async (t) => {
    const server = await startScripted({ steps: [...hello([]), expect('MAIL'), send('250 ok'), expect('RCPT'), send('250 ok'), expect('DATA'), send('354 go')] });
    t.after(server.stop);
    const host = dial(Session, { port: server.port, host: '127.0.0.1' });
    t.after(host.end);
    await host.ready();
    const { tag, val } = await host.send({ sender: 'me@lab.test', recipients: ['a@lab.test'] }, CONTENT);
    assert.deepEqual([tag, val.kind, val.recipients[0].status], ['not-sent', 'input', 'not-sent']);
    assert.match(val.message, /octets above 127/);
  });
  test('is lost after the whole message: in doubt', async (t) => {
    const content = 'Subject: x\r\n\r\n.\r\n..two\r\nlast\r\n';
    const server = await startScripted({ steps: [...hello([]), expect('MAIL'), send('250 ok'), expect('RCPT'), send('250 ok'), expect('DATA'), send('354 go'), readData(), reset()] });
    t.after(server.stop);
    const host = dial(Session, { port: server.port, host: '127.0.0.1' });
    t.after(host.end);
    await host.ready();
    const { tag, val } = await host.send({ sender: 'me@lab.test', recipients: ['a@lab.test'] }, Buffer.from(content));
    assert.equal(tag, 'not-sent');
    assert.deepEqual([val.kind, val.inDoubt, val.retryable, val.recipients[0].status], ['transport', true, false, 'in-doubt']);
    assert.equal((await server.finished()).messages[0].toString('latin1'), `${content.replace(/^\./gm, '..')}.\r\n`);
  });
});

describe('extensions', () => {
  const BASE = ['PIPELINING', 'CHUNKING', 'ENHANCEDSTATUSCODES', '8BITMIME'];
  async function session(t, server, options = {}) {
    const { port, stop } = await startSmallServer(server, options.tls && run.ca.good).then((started) => Object.assign(server, started));
    t.after(stop);
    const host = dial(Session, { port, ca, ...options });
    t.after(host.end);
    if (options.protocol !== 'lmtp') await host.ready();
    return host;
  }
  const rejects = (call, expected) => assert.throws(call, (error) => {
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(error[name], value, name);
    return true;
  });

  test('capabilities', async (t) => {
    const host = await session(t, { extensions: [...BASE, 'DSN', 'SIZE 1000', 'LIMITS RCPTMAX=5', 'AUTH PLAIN', 'XCLIENT ADDR'] });
    const { extensions, xclient, ...others } = host.session.capabilities();
    assert.deepEqual(Object.keys(extensions).filter((name) => extensions[name]).sort(), ['auth', 'chunking', 'dsn', 'eightBitMime', 'enhancedStatusCodes', 'esmtp', 'limits', 'pipelining', 'size', 'xclient']);
    assert.deepEqual(Object.keys(xclient).filter((name) => xclient[name]), ['addr']);
    assert.deepEqual([others.mechanisms, others.size, others.rcptMax, others.mailMax], [['PLAIN'], 1000n, 5, undefined]);
    await host.quit();
  });

  test('parameters: offered, absent, optional', async (t) => {
    const server = { extensions: [...BASE, 'DSN', 'MT-PRIORITY'] };
    const host = await session(t, server);
    const recipients = [{ address: 'a@lab.test', notify: { failure: true }, originalRecipient: 'rfc822;b@lab.test' }];
    const wanted = { sender: 'me@lab.test', recipients, parameters: [{ tag: 'priority', val: 3 }, { tag: 'dsn-return', val: 'headers' }] };
    assert.equal((await host.send(wanted, CONTENT)).tag, 'sent');
    assert.match(server.messages[0].mail, / MT-PRIORITY=3 RET=HDRS$/);
    assert.match(server.messages[0].rcpt[0], / NOTIFY=FAILURE ORCPT=rfc822;b@lab.test$/);
    const more = { ...EMPTY, parameters: [{ tag: 'hold-for', val: 60 }] };
    rejects(() => host.call('submit', more, undefined, false), { kind: 'unsupported', detail: 'HOLDFOR' });
    assert.equal((await host.send({ ...more, recipients: ['a@lab.test'], optional: { hold: true } }, CONTENT)).tag, 'sent');
    await host.quit();
  });

  for (const [name, extension] of [['LIMITS', ['LIMITS RCPTMAX=2']], ['452', []]])
    test(`a repeatable message in several transactions: ${name}`, async (t) => {
      const server = { extensions: [...BASE, ...extension], rcptMax: 2 };
      const host = await session(t, server);
      const recipients = ['a', 'b', 'c', 'd', 'e'].map((each) => `${each}@lab.test`);
      const { tag, val } = await host.send({ sender: 'me@lab.test', recipients }, CONTENT, { repeatable: true });
      assert.deepEqual([tag, val.transactions], ['sent', 3]);
      assert.deepEqual(server.messages.map(({ to }) => to.length), [2, 2, 1]);
      for (const { content } of server.messages) assert.ok(content.equals(CONTENT));
      assert.deepEqual(val.recipients.map(({ status, reply }) => [status, /4SMALL\d+/.exec(reply.text)[0]]), [0, 0, 1, 1, 2].map((part) => ['accepted', `4SMALL000${part}`]));
      if (extension.length === 0) { // what cannot be given again is put off, or refused before it begins
        const put = await host.send({ sender: 'me@lab.test', recipients }, CONTENT);
        assert.deepEqual(put.val.recipients.map(({ status }) => status), ['accepted', 'accepted', 'deferred', 'deferred', 'deferred']);
      } else rejects(() => host.call('submit', { ...EMPTY, recipients: recipients.map((address) => ({ address })) }, undefined, false), { kind: 'unsupported' });
      await host.quit();
    });

  test('questions and XCLIENT', async (t) => {
    const host = await session(t, { extensions: [...BASE, 'VRFY', 'XCLIENT NAME'], replies: { VRFY: () => '252 2.5.0 perhaps', HELP: (line) => `214 ${line}` } });
    host.call('vrfy', 'bob');
    assert.deepEqual((await host.next('completed')).val.text, 'perhaps');
    host.call('help', '');
    assert.deepEqual((await host.next('completed')).val.text, 'HELP');
    host.call('expn', 'list');
    const { val } = await host.next('refused');
    assert.deepEqual([val.step, val.reply.code], ['expn', 502]);
    rejects(() => host.call('vrfy', ''), { kind: 'input' });
    rejects(() => host.call('xclient', { addr: '192.0.2.1', optional: {} }), { kind: 'unsupported', detail: 'ADDR' });
    host.call('xclient', { name: 'client.example', addr: '192.0.2.1', optional: { addr: true } });
    await host.next('ehlo');
    await host.next('ready');
    assert.match(host.sent, /\r\nXCLIENT NAME=client\.example\r\nEHLO /);
    await host.quit();
  });

  test('EXTERNAL, ANONYMOUS, and SCRAM with the binding that the host gives', async (t) => {
    const server = { extensions: [...BASE, 'AUTH EXTERNAL ANONYMOUS'] };
    for (const [tag, words] of [['external', 'EXTERNAL Ym9i'], ['anonymous', 'ANONYMOUS Ym9i']]) {
      const host = await session(t, { ...server }, { tls: 'implicit' });
      host.login({ tag, val: { identity: 'bob', allowPlaintext: false } });
      await host.next('authenticated');
      assert.ok(host.sent.includes(`AUTH ${words}\r\n`));
      await host.quit();
    }
    const log = [];
    const started = await startBindingServer({ certificate: run.ca.good, version: 'TLSv1.3', log });
    t.after(() => started.close());
    for (const mechanism of [...Object.keys(MECHANISMS).map((name) => name.toLowerCase()), 'automatic']) {
      const host = dial(Session, { port: started.address().port, tls: 'implicit', ca });
      t.after(host.end);
      await host.ready();
      if (mechanism !== 'automatic') rejects(() => host.login(withPassword(mechanism, false, { user: 'alice', password: 'secret' })), { kind: 'input' }); // no binding
      host.login(withPassword(mechanism, false, { user: 'alice', password: 'secret' }), { bind: true });
      await host.next('authenticated');
      await host.quit();
    }
    assert.equal(log.length, 4);
    assert.ok(log.every(({ type, proven, bound }) => type === 'tls-exporter' && proven && bound));
  });

  test('LMTP, and without pipelining or chunks', async (t) => {
    const host = dial(Session, { port: run.aiosmtpd.listeners.lmtp.port, protocol: 'lmtp' });
    t.after(host.end);
    await host.ready();
    const { tag, val } = await host.send({ sender: 'me@lab.test', recipients: ['one@lab.test', 'two@lab.test'] }, CONTENT);
    assert.deepEqual([tag, val.recipients.length], ['sent', 2]);
    await host.quit();
    assert.match(host.sent, /^LHLO host\.test\r\n/);
    for (const [options, verb, eagerOctets] of [[{}, 'BDAT'], [{ noChunking: true }, 'DATA'], [{ noPipelining: true }, 'BDAT', 0]]) {
      const other = await session(t, { extensions: BASE }, { options, eagerOctets });
      assert.equal((await other.send({ sender: '', recipients: ['a@lab.test'] }, CONTENT, { size: BigInt(CONTENT.length) })).tag, 'sent');
      assert.match(other.sent, new RegExp(`\\r\\n${verb}`));
      await other.quit();
    }
  });

  test('a server that is known is not waited for; one that has changed is left', async (t) => {
    const extensions = [...BASE, 'PIPECONNECT', 'AUTH PLAIN'];
    const first = await session(t, { extensions });
    const known = first.session.capabilities();
    await first.quit();
    const server = await startSmallServer((index) => (index === 0 ? { extensions, greetingDelay: 100 } : { extensions: BASE }));
    t.after(server.stop);
    const host = dial(Session, { port: server.port, known });
    t.after(host.end);
    await host.next('ready');
    host.login(withPassword('plain', true, { user: 'alice', password: 'secret' }));
    for (const tag of ['greeting', 'ehlo', 'authenticated']) await host.next(tag);
    assert.equal((await host.send({ sender: '', recipients: ['a@lab.test'] }, CONTENT)).tag, 'sent');
    await host.quit();
    assert.equal(server.sessions[0].early, true);
    const other = dial(Session, { port: server.port, known });
    t.after(other.end);
    await other.next('ready');
    other.login(withPassword('plain', true, { user: 'alice', password: 'secret' }));
    await other.next('greeting');
    const { val } = await other.next('failed');
    assert.match(val.message, /offer/);
    assert.equal(val.inDoubt, false);
    assert.equal(server.messages.length, 1);
  });

  test('an envelope behind a login, where that is asked for', async (t) => {
    const server = { extensions: [...BASE, 'AUTH PLAIN'], replies: { AUTH: () => undefined } };
    const login = withPassword('plain', true, { user: 'alice', password: 'secret' });
    const envelope = { ...EMPTY, recipients: [{ address: 'a@lab.test' }] };
    const waits = await session(t, { ...server });
    waits.login(login);
    rejects(() => waits.call('submit', envelope, undefined, false), { kind: 'misuse' });
    const host = await session(t, server, { earlyEnvelope: true });
    host.login(login);
    host.call('submit', envelope, undefined, false);
    assert.match(host.sent, /AUTH PLAIN \S+\r\nMAIL FROM:<>.*\r\nRCPT TO:<a@lab\.test>\r\n$/);
    await host.next('authenticated');
    await host.next('body');
    await host.give(CONTENT);
    await host.next('sent');
    await host.quit();
    assert.equal(server.messages.length, 1);
  });
});
