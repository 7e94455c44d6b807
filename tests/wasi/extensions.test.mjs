// What of the extensions components have: each parameter accepted, absent, optional and refused, messages
// in parts, LMTP, questions, and logins without a password. Against Postfix, Exim and aiosmtpd where they
// offer it, else against small-server.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startServers } from '../servers/servers.mjs';
import { startSmallServer } from '../servers/small-server.mjs';
import { MECHANISMS, startServer as startBindingServer } from '../uv/binding.mjs';
import { config, envelope, identity, message, octets, password, startComponent } from './component.mjs';

const LIMITS = { connect: 10000, tls: 10000, greeting: 10000, command: 20000, 'end-of-data': 20000 };
const CONTENT = 'From: me@lab.test\r\nSubject: extensions\r\n\r\n.hello\r\n';
const BASE = ['PIPELINING', 'CHUNKING', 'ENHANCEDSTATUSCODES'];

let run, ca, sender, mailer, plain;
before(async () => {
  run = await startServers({ names: ['postfix', 'exim', 'aiosmtpd'] });
  ca = readFileSync(run.ca.file);
  sender = startComponent('smtp-send-tls');
  mailer = startComponent('mailer');
  plain = startComponent('smtp-send-plain');
});
after(async () => {
  await Promise.all([sender, mailer, plain].map((each) => each?.stop()));
  await run?.stop();
});

/** A server that is stopped after the test. */
async function small(t, options, tls) {
  const server = await startSmallServer(options, tls);
  t.after(server.stop);
  return server;
}

const send = (port, recipients, options = {}, { target = sender, credentials = 'none', content = CONTENT, ...connection } = {}) =>
  target.call('smtp-send#send', config(port, { limits: LIMITS, ...connection }), credentials, message(recipients, content, options));

/** A connection of the interface client, and its methods. */
async function connect(port, { known, ...options } = {}) {
  const settings = config(port, { limits: LIMITS, ...options });
  const connection = known ? await mailer.call('client#[static]connection.connect-again', settings, known) : await mailer.call('client#[static]connection.connect', settings);
  const call = (name, ...parameters) => mailer.call(`client#[method]connection.${name}`, connection, ...parameters);
  return { call, end: () => mailer.drop(connection) };
}

// Name, parameter of MAIL, what EHLO offers, what travels, what is optional.
const PARAMETERS = [
  ['RET', { 'dsn-return': 'headers' }, 'DSN', 'RET=HDRS', 'dsn'],
  ['RET', { 'dsn-return': 'full' }, 'DSN', 'RET=FULL', 'dsn'],
  ['ENVID', { 'dsn-envelope-id': 'a b+c' }, 'DSN', 'ENVID=a+20b+2Bc', 'dsn'],
  ['BY', { 'deliver-by': { seconds: 120, mode: 'return', trace: true } }, 'DELIVERBY 60', 'BY=120;RT', 'deliver-by'],
  ['BY', { 'deliver-by': { seconds: -5, mode: 'notify', trace: false } }, 'DELIVERBY', 'BY=-5;N', 'deliver-by'],
  ['HOLDFOR', { 'hold-for': 3600 }, 'FUTURERELEASE 86400 2030-01-01T00:00:00Z', 'HOLDFOR=3600', 'hold'],
  ['HOLDUNTIL', { 'hold-until': '2026-12-31T08:00:00Z' }, 'FUTURERELEASE 0 2030-01-01T00:00:00Z', 'HOLDUNTIL=2026-12-31T08:00:00Z', 'hold'],
  ['MT-PRIORITY', { priority: -9 }, 'MT-PRIORITY', 'MT-PRIORITY=-9', 'priority'],
  ['AUTH', { submitter: 'alice@lab.test' }, 'AUTH PLAIN', 'AUTH=alice@lab.test', 'submitter'],
  ['AUTH', { submitter: '' }, 'AUTH PLAIN', 'AUTH=<>', 'submitter'],
  ['PRDR', 'per-recipient-replies', 'PRDR', 'PRDR', 'per-recipient-replies'],
];

/** Rejected for that parameter, before a byte of the message's transaction. */
async function notOffered(sending, server, keyword) {
  await assert.rejects(sending, (error) => {
    assert.deepEqual([error.kind, error.detail, error.retryable], ['unsupported', keyword, false]);
    assert.match(error.message, new RegExp(`^the parameter ${keyword} .*not offer`));
    assert.ok(error.recipients.every(({ status }) => status === 'not-sent'));
    return true;
  });
  assert.ok(server.sessions.every(({ lines }) => lines.every((line) => /^(EHLO|QUIT)/.test(line))), 'something was sent');
}

describe('parameters of MAIL', () => {
  for (const [keyword, parameter, extension, words, optional] of PARAMETERS) {
    const name = `${keyword}, ${JSON.stringify(parameter)}`;
    test(`${name}: offered`, async (t) => {
      const server = await small(t, { extensions: [...BASE, extension] });
      await send(server.port, ['a@lab.test'], { parameters: [parameter] });
      const [{ mail, content }] = server.messages;
      assert.ok(`${mail} `.includes(` ${words} `), mail);
      assert.equal(content.toString(), CONTENT);
    });
    test(`${name}: absent, and optional`, async (t) => {
      const server = await small(t, { extensions: BASE });
      await notOffered(send(server.port, ['a@lab.test'], { parameters: [parameter], optional: ['dsn', 'hold', 'priority'].filter((each) => each !== optional) }), server, keyword);
      await send(server.port, ['a@lab.test'], { parameters: [parameter], optional: [optional] });
      assert.doesNotMatch(server.messages[0].mail, new RegExp(keyword));
    });
    test(`${name}: refused`, async (t) => {
      const server = await small(t, { extensions: [...BASE, extension], replies: { MAIL: () => '555 5.5.4 not for you' } });
      await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [parameter] }), (error) => error.kind === 'refused' && error.step === 'mail' && error.reply.code === 555);
      assert.equal(server.messages.length, 0);
    });
  }

  test('all of them at once, and each only once', async (t) => {
    const server = await small(t, { extensions: [...BASE, ...new Set(PARAMETERS.map(([, , extension]) => extension))] });
    const parameters = PARAMETERS.filter(([keyword], at) => keyword !== 'HOLDUNTIL' && PARAMETERS.findIndex(([other]) => other === keyword) === at).map(([, parameter]) => parameter);
    await send(server.port, ['a@lab.test'], { parameters });
    for (const keyword of ['RET', 'ENVID', 'BY', 'HOLDFOR', 'MT-PRIORITY', 'AUTH']) assert.match(server.messages[0].mail, new RegExp(` ${keyword}=`));
    await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [...parameters, { priority: 1 }] }), { kind: 'input', detail: 'MT-PRIORITY' });
    await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [{ 'hold-for': 1 }, { 'hold-until': '2026-12-31T08:00:00Z' }] }), { kind: 'input', detail: 'HOLDUNTIL' });
  });

  for (const [keyword, parameter] of [['MT-PRIORITY', { priority: 10 }], ['ENVID', { 'dsn-envelope-id': 'caf\u00e9' }], ['HOLDUNTIL', { 'hold-until': 'tomorrow' }], ['BY', { 'deliver-by': { seconds: 0, mode: 'return', trace: false } }], ['HOLDFOR', { 'hold-for': 4294967295 }], ['AUTH', { submitter: 'a b' }]])
    test(`a bad value is an error even if it is optional: ${keyword}`, async (t) => {
      const server = await small(t, { extensions: BASE });
      await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [parameter], optional: ['dsn', 'deliver-by', 'hold', 'priority', 'require-tls', 'submitter', 'per-recipient-replies'] }), { kind: 'input', detail: keyword });
    });

  test('beyond a limit that the server states', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'DELIVERBY 60', 'FUTURERELEASE 3600 2030-01-01T00:00:00Z'] });
    await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [{ 'hold-for': 3601 }] }), { kind: 'unsupported', detail: 'HOLDFOR' });
    await assert.rejects(send(server.port, ['a@lab.test'], { parameters: [{ 'deliver-by': { seconds: 59, mode: 'return', trace: false } }] }), { kind: 'unsupported', detail: 'BY' });
  });

  test('REQUIRETLS: behind TLS only', async (t) => {
    const extensions = [...BASE, 'REQUIRETLS'];
    const options = { parameters: ['require-tls'] };
    const bare = await small(t, { extensions });
    await notOffered(send(bare.port, ['a@lab.test'], options), bare, 'REQUIRETLS');
    await send(bare.port, ['a@lab.test'], { ...options, optional: ['require-tls'] });
    assert.doesNotMatch(bare.messages[0].mail, /REQUIRETLS/);
    const secure = await small(t, { extensions }, run.ca.good);
    await send(secure.port, ['a@lab.test'], options, { tls: 'implicit', ca });
    assert.match(secure.messages[0].mail, / REQUIRETLS/);
  });
});

describe('parameters of RCPT', () => {
  const notified = (address, notify, original = null) => ({ address, notify, 'original-recipient': original });

  test('each recipient has its own', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'DSN'] });
    const recipients = [notified('a@lab.test', []), notified('b@lab.test', ['success', 'failure', 'delay'], 'rfc822;first+one@lab.test'), notified('c@lab.test', ['delay']), notified('d@lab.test', null, 'utf-8;j\u00fcrgen@lab.test'), 'e@lab.test'];
    const { recipients: outcomes } = await send(server.port, recipients);
    assert.deepEqual(outcomes.map(({ status }) => status), Array(5).fill('accepted'));
    assert.deepEqual(server.messages[0].rcpt.map((line) => line.replace(/^.*> ?/, '')), [
      'NOTIFY=NEVER', 'NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;first+2Bone@lab.test', 'NOTIFY=DELAY', 'ORCPT=utf-8;j\\x{FC}rgen@lab.test', '',
    ]);
  });
  test('absent, and optional', async (t) => {
    const server = await small(t, { extensions: BASE });
    await assert.rejects(send(server.port, ['a@lab.test', notified('b@lab.test', ['success'])]), (error) => {
      assert.deepEqual([error.kind, error.detail], ['unsupported', 'NOTIFY']);
      assert.match(error.message, /^the parameter NOTIFY of recipient 2 /);
      return true;
    });
    await assert.rejects(send(server.port, [notified('b@lab.test', null, 'rfc822;x@lab.test')]), { kind: 'unsupported', detail: 'ORCPT' });
    assert.equal(server.messages.length, 0);
    await send(server.port, [notified('b@lab.test', ['success'], 'rfc822;x@lab.test')], { optional: ['dsn'] });
    assert.deepEqual(server.messages[0].rcpt, ['RCPT TO:<b@lab.test>']);
  });
  test('a bad value', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'DSN'] });
    await assert.rejects(send(server.port, [notified('b@lab.test', null, 'x@lab.test')]), { kind: 'input', detail: 'ORCPT' });
  });
  test('Postfix takes DSN', async () => {
    const options = { parameters: [{ 'dsn-return': 'headers' }, { 'dsn-envelope-id': 'id 1' }] };
    await send(run.postfix.listeners.implicit.port, [notified('dsn-wasi@lab.test', ['success', 'failure'], 'rfc822;first@lab.test')], options, { tls: 'implicit', ca });
    const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope: { to } }) => to.includes('dsn-wasi@lab.test') });
    assert.equal(arrived.content.toString(), CONTENT);
  });
});

describe('PRDR', () => {
  test('Exim: a recipient refuses the message for itself', async () => {
    const outcome = await send(run.exim.listeners.implicit.port, ['good-wasi@lab.test', 'prdrno@lab.test'], { parameters: ['per-recipient-replies'] }, { tls: 'implicit', ca });
    assert.deepEqual(outcome.recipients.map(({ status }) => status), ['accepted', 'refused']);
    const [arrived] = await run.exim.delivered({ count: 1, where: ({ envelope: { to } }) => to.includes('good-wasi@lab.test') });
    assert.equal(arrived.content.toString(), CONTENT);
  });
});

describe('LMTP', () => {
  test('aiosmtpd', async () => {
    for (const target of [sender, plain]) {
      const outcome = await send(run.aiosmtpd.listeners.lmtp.port, ['one-wasi@lab.test', 'two-wasi@lab.test'], {}, { protocol: 'lmtp', target });
      assert.deepEqual(outcome.recipients.map(({ status, reply }) => [status, reply.code]), [['accepted', 250], ['accepted', 250]]);
    }
  });
  test('an SMTP server does not know LHLO', async (t) => {
    const server = await small(t, { extensions: BASE });
    await assert.rejects(send(server.port, ['a@lab.test'], {}, { protocol: 'lmtp' }), { step: 'ehlo' });
    assert.match(server.sessions[0].lines[0], /^LHLO /);
  });
});

describe('binary messages', () => {
  const content = Buffer.from('Subject: b\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\n\r\xff.\n', 'latin1');
  test('travel as they are', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'BINARYMIME'] });
    await send(server.port, ['a@lab.test'], { options: ['binary'] }, { content });
    assert.match(server.messages[0].mail, / BODY=BINARYMIME/);
    assert.ok(server.messages[0].content.equals(content));
  });
  test('need BINARYMIME and chunks', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'BINARYMIME'] });
    const without = await small(t, { extensions: BASE });
    await assert.rejects(send(without.port, ['a@lab.test'], { options: ['binary'] }, { content }), { kind: 'unsupported' });
    await assert.rejects(send(server.port, ['a@lab.test'], { options: ['binary'] }, { content, options: ['no-chunking'] }), { kind: 'unsupported' });
    assert.equal(server.messages.length + without.messages.length, 0);
  });
});

describe('more recipients than fit', () => {
  const TO = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}@lab.test`);
  const CASES = {
    'LIMITS': { extensions: [...BASE, 'LIMITS RCPTMAX=2'], rcptMax: 2 },
    'LIMITS, one command at a time': { extensions: ['LIMITS RCPTMAX=2'], rcptMax: 2 },
    '452': { extensions: BASE, rcptMax: 2 },
  };
  for (const [name, options] of Object.entries(CASES))
    test(`${name}: several transactions, one outcome each`, async (t) => {
      const server = await small(t, options);
      const outcome = await send(server.port, TO);
      assert.deepEqual(server.messages.map(({ to }) => to), [TO.slice(0, 2), TO.slice(2, 4), TO.slice(4)]);
      for (const { content } of server.messages) assert.equal(content.toString(), CONTENT);
      assert.deepEqual(outcome.recipients.map(({ address, status }) => [address, status]), TO.map((address) => [address, 'accepted']));
      assert.deepEqual(outcome.recipients.map(({ reply }) => /4SMALL\d+/.exec(reply.text)[0]), [0, 0, 1, 1, 2].map((part) => `4SMALL000${part}`));
      assert.equal(outcome.transactions, 3);
    });
  test('a connection: from memory yes, and the session goes on', async (t) => {
    const server = await small(t, CASES.LIMITS);
    const { call, end } = await connect(server.port);
    for (const parts of [3, 1]) {
      const outcome = await call('send', envelope(parts === 1 ? TO.slice(0, 1) : TO), { bytes: octets(CONTENT) });
      assert.equal(outcome.transactions, parts);
    }
    await call('quit');
    await end();
  });
  test('all or nothing is not divided', async (t) => {
    const server = await small(t, CASES.LIMITS);
    await assert.rejects(send(server.port, TO, { options: ['all-or-nothing'] }), (error) => /too many|more recipients|at a time/.test(error.message));
    assert.equal(server.messages.length, 0);
  });
});

describe('what a session does without', () => {
  test('pipelining and chunks', async (t) => {
    const server = await small(t, { extensions: BASE });
    await send(server.port, ['a@lab.test'], {}, { options: ['no-chunking'] });
    await send(server.port, ['a@lab.test']);
    assert.deepEqual(server.sessions.map(({ lines }) => lines.map((line) => line.split(' ')[0])), [['EHLO', 'MAIL', 'RCPT', 'DATA', 'QUIT'], ['EHLO', 'MAIL', 'RCPT', 'BDAT', 'QUIT']]);
  });
  test('waiting: a small message travels with its envelope, a larger one does not', async (t) => {
    // RCPT is refused: what travelled with it was in vain.
    const server = await small(t, { extensions: BASE, replies: { RCPT: () => '550 5.1.1 nobody' } });
    for (const eagerOctets of [null, CONTENT.length, CONTENT.length - 1]) await assert.rejects(send(server.port, ['a@lab.test'], {}, { eagerOctets }), { kind: 'refused' });
    assert.deepEqual(server.sessions.map(({ lines }) => lines.some((line) => line.startsWith('BDAT'))), [true, true, false]);
  });
});

describe('logins', () => {
  test('EXTERNAL and ANONYMOUS', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'AUTH EXTERNAL ANONYMOUS'] }, run.ca.good);
    for (const credentials of [identity('external'), identity('external', 'bob'), identity('anonymous', 'trace'), identity('anonymous')]) await send(server.port, ['a@lab.test'], {}, { credentials, tls: 'implicit', ca });
    assert.deepEqual(server.sessions.map(({ lines }) => lines[1]), ['AUTH EXTERNAL =', 'AUTH EXTERNAL Ym9i', 'AUTH ANONYMOUS dHJhY2U=', 'AUTH ANONYMOUS =']);
  });
  test('are not said in clear text unless that is allowed', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'AUTH EXTERNAL ANONYMOUS'] });
    for (const name of ['external', 'anonymous']) {
      await assert.rejects(send(server.port, ['a@lab.test'], {}, { credentials: identity(name, 'x') }), { kind: 'auth' });
      await send(server.port, ['a@lab.test'], {}, { credentials: identity(name, 'x', true) });
    }
    assert.equal(server.messages.length, 2);
  });
  test('that are not offered', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'AUTH PLAIN'] });
    await assert.rejects(send(server.port, ['a@lab.test'], {}, { credentials: identity('external', '', true) }), { kind: 'auth' });
    await assert.rejects(send(server.port, ['a@lab.test'], {}, { credentials: password('alice', 'secret', 'scram-sha-512', true) }), { kind: 'auth' });
    assert.equal(server.messages.length, 0);
  });
  test('SCRAM-…-PLUS is tied to the TLS channel', async (t) => {
    const log = [];
    const start = async (version, other) => {
      const server = await startBindingServer({ certificate: run.ca.good, version, other, log });
      t.after(() => server.close());
      return server.address().port;
    };
    const ports = { honest: await start('TLSv1.3'), other: await start('TLSv1.3', true), old: await start('TLSv1.2') };
    const login = async (port, mechanism) => {
      const { call, end } = await connect(port, { tls: 'implicit', ca });
      try {
        await call('login', password('alice', 'secret', mechanism));
      } finally {
        await call('quit');
        await end();
      }
    };
    const names = Object.keys(MECHANISMS);
    for (const name of names) await login(ports.honest, name.toLowerCase());
    await login(ports.honest, 'automatic');
    assert.deepEqual(log.splice(0).map(({ mechanism, type, proven, bound }) => [mechanism, type, proven, bound]), [...names, names[0]].map((name) => [name, 'tls-exporter', true, true]));
    await assert.rejects(login(ports.other, 'automatic'), { kind: 'auth' });
    assert.deepEqual(log.splice(0).map(({ proven, bound }) => [proven, bound]), [[true, false]]);
    await assert.rejects(login(ports.old, names[0].toLowerCase()), (error) => error.kind !== 'refused' && log.length === 0);
  });
});

describe('questions', () => {
  test('VRFY, EXPN and HELP: answered, and refused', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'VRFY', 'EXPN', 'HELP'], replies: { VRFY: (line) => (line === 'VRFY bob' ? '252 2.5.0 perhaps' : undefined), EXPN: (line) => `250-2.1.5 <a@lab.test>\r\n250 2.1.5 <b@lab.test>`, HELP: (line) => `214 2.0.0 ${line}` } });
    const { call, end } = await connect(server.port);
    assert.deepEqual(await call('vrfy', 'bob'), { code: 252, enhanced: { class: 2, subject: 5, detail: 0 }, text: 'perhaps' });
    assert.equal((await call('expn', 'list')).text, '<a@lab.test>\n<b@lab.test>');
    assert.equal((await call('help', '')).text, 'HELP');
    assert.equal((await call('help', 'MAIL')).text, 'HELP MAIL');
    await assert.rejects(call('vrfy', 'carol'), (error) => error.kind === 'refused' && error.step === 'vrfy' && error.reply.code === 502);
    for (const bad of ['', 'a\r\nb', 'x'.repeat(255)]) await assert.rejects(call('vrfy', bad), { kind: 'input' });
    await call('send', envelope(['a@lab.test']), { bytes: octets(CONTENT) });
    await call('quit');
    await end();
    assert.equal(server.messages.length, 1);
  });
  test('Postfix answers VRFY', async () => {
    const { call, end } = await connect(run.postfix.listeners.relaxed.port);
    assert.equal((await call('vrfy', 'alice@lab.test')).code, 252);
    await call('quit');
    await end();
  });
});

describe('XCLIENT', () => {
  const NONE = Object.fromEntries(['name', 'addr', 'port', 'proto', 'helo', 'login', 'destaddr', 'destport'].map((name) => [name, null]));
  test('Postfix believes a relay, and the session begins anew', async () => {
    const { call, end } = await connect(run.postfix.listeners.xclient.port);
    const { extensions, xclient } = await call('capabilities');
    assert.ok(extensions.includes('xclient') && xclient.includes('addr') && xclient.includes('helo'));
    await call('xclient', { ...NONE, name: 'client.example', addr: '192.0.2.7', helo: 'there.example', login: 'bob', optional: ['login'] });
    await call('send', envelope(['xclient-wasi@lab.test']), { bytes: octets(CONTENT) });
    await call('quit');
    await end();
    const [arrived] = await run.postfix.delivered({ count: 1, where: ({ envelope: { to } }) => to.includes('xclient-wasi@lab.test') });
    assert.ok(arrived);
  });
  test('only attributes that are offered', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'XCLIENT ADDR NAME'] });
    const { call, end } = await connect(server.port);
    await assert.rejects(call('xclient', { ...NONE, login: 'bob', optional: [] }), { kind: 'unsupported', detail: 'LOGIN' });
    await assert.rejects(call('xclient', { ...NONE, addr: '', optional: [] }), { kind: 'input', detail: 'ADDR' });
    await call('xclient', { ...NONE, addr: '192.0.2.7', name: '[UNAVAILABLE]', login: 'bob', optional: ['login'] });
    await call('noop');
    await call('quit');
    await end();
    assert.deepEqual(server.sessions[0].lines.slice(1, 3).map((line) => line.replace(/^EHLO .*/, 'EHLO')), ['XCLIENT NAME=[UNAVAILABLE] ADDR=192.0.2.7', 'EHLO']);
  });
});

test('capabilities say what the server offers', async (t) => {
  const server = await small(t, { extensions: [...BASE, '8BITMIME', 'DSN', 'SIZE 1000000', 'LIMITS MAILMAX=9 RCPTMAX=5 RCPTDOMAINMAX=3', 'DELIVERBY 60', 'FUTURERELEASE 3600 2030-01-01T00:00:00Z', 'AUTH PLAIN EXTERNAL X-UNKNOWN', 'XCLIENT ADDR DESTPORT', 'ETRN'] });
  const { call, end } = await connect(server.port);
  const { extensions, ...others } = await call('capabilities');
  assert.deepEqual(extensions, ['auth', 'chunking', 'deliver-by', 'dsn', 'eight-bit-mime', 'enhanced-status-codes', 'esmtp', 'etrn', 'future-release', 'limits', 'pipelining', 'size', 'xclient']);
  assert.deepEqual(others, { mechanisms: ['PLAIN', 'EXTERNAL'], size: 1000000, 'mail-max': 9, 'rcpt-max': 5, 'rcpt-domain-max': 3, 'deliver-by-min': 60, 'hold-max': 3600, xclient: ['addr', 'destport'] });
  assert.equal(await call('greeting'), 'small.test ESMTP');
  assert.equal(await call('is-secure'), false);
  await call('quit');
  await end();
});

describe('a server that is known', () => {
  const OFFERED = [...BASE, 'PIPECONNECT', 'AUTH PLAIN'];
  /** Asks for its capabilities, then sends a message on a connection that counts on them. */
  async function again(port, options) {
    const first = await connect(port, options);
    const known = await first.call('capabilities');
    await first.call('quit');
    await first.end();
    const { call, end } = await connect(port, { ...options, known });
    const before = [await call('greeting'), await call('capabilities')];
    await call('login', password('alice', 'secret', 'plain', true));
    const outcome = await call('send', envelope(['again-wasi@lab.test']), { bytes: octets(CONTENT) });
    assert.deepEqual(outcome.recipients.map(({ status }) => status), ['accepted']);
    const after = [await call('greeting'), await call('capabilities')];
    await call('noop');
    await call('reset');
    await call('quit');
    await end();
    return { known, before, after };
  }
  for (const tls of ['none', 'implicit'])
    test(`is not waited for, ${tls}`, async (t) => {
      const server = await small(t, { extensions: OFFERED, greetingDelay: 200 }, tls === 'implicit' && run.ca.good);
      const { known, before, after } = await again(server.port, { tls, ca: tls === 'none' ? undefined : ca });
      assert.deepEqual(server.sessions.map(({ early }) => early), [false, true]);
      assert.deepEqual([before, after], [['', known], ['small.test ESMTP', known]]);
      assert.deepEqual(server.sessions[1].lines.map((line) => line.split(' ')[0]), ['EHLO', 'AUTH', 'MAIL', 'RCPT', 'BDAT', 'NOOP', 'RSET', 'QUIT']);
      assert.equal(server.messages.length, 1);
    });
  test('and does not offer it is waited for', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'AUTH PLAIN'], greetingDelay: 50 });
    await again(server.port);
    assert.deepEqual(server.sessions.map(({ early }) => early), [false, false]);
  });
  for (const [name, changed] of [['has changed', { extensions: ['PIPECONNECT', 'PIPELINING', 'AUTH PLAIN'], greetingDelay: 200 }], ['is patient now', { extensions: OFFERED, patient: true, greetingDelay: 100 }]])
    test(`and ${name} is connected to once more`, async (t) => {
      const server = await small(t, (index) => (index === 1 ? changed : { extensions: OFFERED }));
      await again(server.port);
      assert.deepEqual(server.sessions.map(({ lines }) => lines.filter((line) => line.startsWith('MAIL')).length).slice(0, 1), [0]);
      assert.equal(server.sessions.length, 3);
      assert.equal(server.messages.length, 1);
      assert.equal(server.sessions[2].early, false);
    });
  test('Exim', async () => {
    const { known } = await again(run.exim.listeners.implicit.port, { tls: 'implicit', ca });
    assert.ok(known.extensions.includes('pipe-connect'));
    const arrived = await run.exim.delivered({ count: 1, where: ({ envelope: { to } }) => to.includes('again-wasi@lab.test') });
    assert.equal(arrived.length, 1);
  });
});

describe('the component without TLS and login', () => {
  const unsupported = (sending, server, start) => assert.rejects(sending, (error) => {
    assert.equal(error.kind, 'unsupported');
    assert.match(error.message, start);
    assert.equal(error.recipients[0].status, 'not-sent');
    assert.equal(server.sessions.length, 0);
    return true;
  });
  test('has no parameters', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'DSN', 'MT-PRIORITY'] });
    for (const [keyword, parameter, , , optional] of [...PARAMETERS, ['REQUIRETLS', 'require-tls', '', '', 'require-tls']]) {
      await unsupported(send(server.port, ['a@lab.test'], { parameters: [parameter] }, { target: plain }), server, /^parameters cannot be used: this build has none$/);
      const all = ['dsn', 'deliver-by', 'hold', 'priority', 'require-tls', 'submitter', 'per-recipient-replies'];
      await unsupported(send(server.port, ['a@lab.test'], { parameters: [parameter], optional: all.filter((each) => each !== optional) }, { target: plain }), server, /^parameters/);
      assert.ok(keyword);
    }
    await unsupported(send(server.port, [{ address: 'a@lab.test', notify: [] }], {}, { target: plain }), server, /^parameters/);
    await send(server.port, [{ address: 'a@lab.test', notify: [] }], { parameters: PARAMETERS.map(([, parameter]) => parameter), optional: PARAMETERS.map((each) => each[4]) }, { target: plain });
    assert.match(server.messages[0].mail, /^MAIL FROM:<me@lab.test>( SIZE=\d+)?$/);
    assert.deepEqual(server.messages[0].rcpt, ['RCPT TO:<a@lab.test>']);
  });
  test('refuses a login without a password, too', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'AUTH EXTERNAL'] });
    await unsupported(send(server.port, ['a@lab.test'], {}, { target: plain, credentials: identity('external', '', true) }), server, /^credentials .*no login$/);
  });
  test('sends no binary messages', async (t) => {
    const server = await small(t, { extensions: [...BASE, 'BINARYMIME'] });
    await assert.rejects(send(server.port, ['a@lab.test'], { options: ['binary'] }, { target: plain }), { kind: 'unsupported' });
    assert.equal(server.messages.length, 0);
  });
});
