// What leaves before it is answered: EHLO before the greeting (PIPECONNECT, by capabilities known from
// before), and an envelope behind a login. And that a server which turns out different costs nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SmtpError, sendMail } from "../../adapters/js/hosts/node.mjs";
import { call, close, expect, expectEnd, hello, readChunk, readData, reply, send, wait } from "../servers/scripted-steps.mjs";
import { connect as openOver } from "../../adapters/js/client.mjs";
import { module } from "./engine.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };
const OFFER = ["PIPELINING", "PIPECONNECT", "SIZE 1000", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"];
const AUTH = { allowPlaintextAuth: true, auth: { user: "u", pass: "p" } };
const ENVELOPE = [expect("MAIL"), expect("RCPT"), expect("DATA")];
const delivered = [...ENVELOPE, send("250 ok", "250 ok", "354 go"), readData(), send("250 2.0.0 queued")];
const greeting = send("220 scripted.test ESMTP");
const answer = (extensions) => reply(250, ["scripted.test", ...extensions]);

/** What a server with these extensions is remembered as, through JSON. */
async function remember(t, extensions = OFFER) {
  const { open } = await scripted(t, [...hello(extensions), ...QUIT]);
  const client = await open();
  const text = JSON.stringify(client.capabilities);
  await client.quit();
  return JSON.parse(text);
}

test("EHLO, AUTH and its answer's envelope do not wait for the greeting", async (t) => {
  const expected = await remember(t);
  const { server, open } = await scripted(t, [expect("EHLO client.test"), expect("AUTH PLAIN"), greeting, answer(OFFER), send("235 2.7.0 welcome"), ...delivered, ...QUIT]);
  const events = [];
  const client = await open({ ...AUTH, expected, onEvent: ({ type }) => events.push(type) });
  assert.equal((await client.send(MESSAGE)).accepted, 1);
  assert.equal(client.capabilities.size, 1000);
  await client.quit();
  await server.finished();
  assert.deepEqual(events, ["Connected", "GreetingReceived", "EhloCompleted", "AuthCompleted", "MailFromAccepted", "RecipientAccepted", "MessageAccepted", "QuitCompleted"]);
});

test("an envelope travels with EHLO, its message never before the answers", async (t) => {
  const extensions = [...OFFER, "CHUNKING"];
  const expected = await remember(t, extensions);
  const steps = [expect("EHLO"), expect("MAIL"), expect("RCPT"), call(async (connection) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(!String(connection.received).includes("BDAT"));
  }), greeting, answer(extensions), send("250 ok", "250 ok"), readChunk(), send("250 ok"), ...QUIT];
  const { server } = await scripted(t, steps);
  const result = await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", expected, ...MESSAGE });
  assert.equal(result.accepted, 1);
  await server.finished();
});

test("a server without PIPECONNECT is waited for, whatever is expected of it", async (t) => {
  for (const expected of [await remember(t, ["PIPELINING", "AUTH PLAIN"]), {}, { pipeConnect: true, auth: null, limits: 3, size: "x" }]) {
    const { server, open } = await scripted(t, [call(async (connection) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal(connection.received.length, 0);
    }), ...hello(["PIPELINING"]), ...QUIT]);
    await (await open({ expected })).quit();
    await server.finished();
  }
});

test("by what is expected it is known what may be asked for", async (t) => {
  const expected = await remember(t, ["PIPELINING", "PIPECONNECT", "SIZE 10", "LIMITS RCPTMAX=2 MAILMAX=9"]);
  assert.deepEqual([expected.size, expected.limits, expected.auth, expected.dsn], [10, { mailMax: 9, rcptMax: 2, rcptDomainMax: 0 }, [], false]);
  const { server, open } = await scripted(t, [expect("EHLO"), wait(50), greeting, answer(["PIPELINING", "PIPECONNECT", "SIZE 10", "LIMITS RCPTMAX=2 MAILMAX=9"]), ...QUIT]);
  const client = await open({ expected });
  assert.deepEqual(client.capabilities, { ...expected, esmtp: true });
  await assert.rejects(client.send({ ...MESSAGE, dsn: { return: "full" } }), { reason: "parameter-not-offered" });
  await assert.rejects(client.send({ ...MESSAGE, message: "x".repeat(20) }), { reason: "message-too-large" });
  await client.quit();
  await server.finished();
});

test("behind TLS by STARTTLS, what is expected is what is offered there", async (t) => {
  const expected = await remember(t);
  const secured = { do: "call", async run(connection) {
    // The handshake is left out: the same octets go on.
    await connection.readLine("EHLO after TLS");
    await connection.readLine("AUTH");
    await connection.write(Buffer.from(`250-x\r\n${OFFER.slice(0, -1).map((name) => `250-${name}\r\n`).join("")}250 ${OFFER.at(-1)}\r\n235 ok\r\n`));
  } };
  const { server } = await scripted(t, [...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go"), secured, ...delivered, ...QUIT]);
  const { host } = await import("../../adapters/js/hosts/node.mjs");
  const { connect } = await import("../../adapters/js/client.mjs");
  const clear = { ...host, open: async (options) => {
    const socket = await host.open(options);
    return { ...socket, startTls: async () => socket };
  } };
  const client = await connect(clear, { hostname: "127.0.0.1", port: server.port, tls: "starttls", expected, auth: AUTH.auth });
  assert.equal((await client.send(MESSAGE)).accepted, 1);
  await client.quit();
  await server.finished();
});

// --- a server that has changed ---

/** The first connection is not as expected, the second one as it is now. */
const changed = (first, second) => (index) => (index ? second : first);

for (const [name, first] of [
  ["offers less", [greeting, answer(["PIPELINING", "SIZE 1000", "AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"])]],
  ["offers fewer mechanisms", [greeting, answer(OFFER.map((line) => line.replace(" LOGIN", "")))]],
  ["does not know EHLO", [greeting, send("502 what?")]],
  ["wants its greeting to be read first", [send("554 5.5.0 synchronization error")]],
]) {
  test(`one that ${name} is connected to again, and what was begun begins again`, async (t) => {
    const expected = await remember(t);
    const now = ["PIPELINING", "AUTH PLAIN"];
    const { server, open } = await scripted(t, changed([expect("EHLO"), expect("AUTH"), ...first, expectEnd()], [...hello(now), expect("AUTH PLAIN"), send("235 ok"), ...delivered, expect("NOOP"), send("250 ok"), ...QUIT]));
    const events = [];
    const client = await open({ ...AUTH, expected, onEvent: ({ type }) => events.push(type) });
    const [result] = await Promise.all([client.send(MESSAGE), client.noop()]);
    assert.equal(result.accepted, 1);
    await client.quit();
    await server.finished(2);
    assert.equal(server.connections.length, 2);
    assert.deepEqual(events.filter((type) => /Connected|Session|Quit|Auth/.test(type)), ["Connected", "Connected", "AuthCompleted", "QuitCompleted"]);
  });

  test(`one that ${name}, with messages under way, whole or as a stream`, async (t) => {
    const expected = await remember(t);
    async function* stream() { yield "streamed\r\n"; }
    const { server, open } = await scripted(t, changed([expect("EHLO"), expect("MAIL"), expect("RCPT"), ...first, expectEnd()], [...hello(["PIPELINING"]), ...delivered, ...delivered, expect("VRFY"), send("250 a"), ...QUIT]));
    const client = await open({ expected });
    const [one, two, three] = await Promise.all([client.send({ ...MESSAGE, message: stream() }), client.send(MESSAGE), client.vrfy("a")]);
    assert.deepEqual([one.accepted, two.accepted, three.text], [1, 1, "a"]);
    await client.quit();
    const { messages } = await server.finished(2);
    assert.deepEqual(messages.map(String), ["streamed\r\n.\r\n", "x\r\n.\r\n"]);
  });
}

test("several messages under way begin again in their order", async (t) => {
  const expected = await remember(t, ["PIPELINING", "PIPECONNECT", "CHUNKING"]);
  const batch = { do: "call", async run(connection) {
    for (let line; (line = await connection.readLine()) !== "QUIT"; ) {
      if (line.startsWith("BDAT")) connection.messages.push(await connection.readBytes(Number(line.split(" ")[1])));
      await connection.write(Buffer.from("250 ok\r\n"));
    }
    await connection.write(Buffer.from("221 bye\r\n"));
  } };
  const { server, open } = await scripted(t, changed([expect("EHLO"), expect("MAIL"), expect("RCPT"), greeting, answer(["PIPELINING"]), expectEnd()], [...hello(["PIPELINING", "CHUNKING"]), batch]));
  const client = await open({ expected, overlap: 3 });
  const results = await Promise.all([1, 2, 3, 4].map((number) => client.send({ ...MESSAGE, message: `${number}\r\n` })));
  await client.quit();
  assert.deepEqual(results.map(({ accepted }) => accepted), [1, 1, 1, 1]);
  assert.deepEqual((await server.finished(2)).messages.map(String), ["1\r\n", "2\r\n", "3\r\n", "4\r\n"]);
});

test("nothing is begun again that cannot be sent as the server is now", async (t) => {
  const expected = await remember(t, [...OFFER, "DSN"]);
  const { server, open } = await scripted(t, changed([expect("EHLO"), expect("MAIL"), expect("RCPT"), greeting, answer(OFFER), expectEnd()], [...hello(OFFER), ...QUIT]));
  const client = await open({ expected });
  await assert.rejects(client.send({ ...MESSAGE, dsn: { return: "full" } }), { reason: "parameter-not-offered", field: "dsn.return" });
  await client.quit();
  await server.finished(2);
});

test("it is connected to again once, and what waits fails with the second connection", async (t) => {
  const expected = await remember(t);
  const { server, open } = await scripted(t, changed([expect("EHLO"), expect("MAIL"), expect("RCPT"), greeting, answer([]), expectEnd()], [send("554 go away"), expectEnd()]));
  const client = await open({ expected });
  const outcomes = await Promise.allSettled([client.send(MESSAGE), client.send(MESSAGE), client.noop()]);
  for (const { reason } of outcomes) assert.deepEqual([reason instanceof SmtpError, reason.reason, reason.inDoubt], [true, "greeting-refused", false]);
  assert.deepEqual(outcomes[0].reason.recipients.map(({ status }) => status), ["not-sent"]);
  assert.equal(client.closed, true);
  await server.finished(2);
  assert.equal(server.connections.length, 2);
});

test("what ends a session for other reasons does not begin it again", async (t) => {
  const expected = await remember(t);
  for (const [steps, reason] of [
    [[expect("EHLO"), send("421 4.3.2 too busy"), wait(50)], "service-closing"],
    [[expect("EHLO"), wait(20), close()], "closed-by-peer"],
    [[expect("EHLO"), expect("MAIL"), expect("RCPT"), greeting, answer(OFFER), expect("DATA"), send("554 5.7.1 not you", "503 no", "503 no"), ...QUIT], "reply-refused"],
  ]) {
    const { server, open } = await scripted(t, steps);
    const client = await open({ expected });
    await assert.rejects(client.send(MESSAGE), { reason });
    await client.quit();
    await server.finished();
    assert.equal(server.connections.length, 1);
  }
});

test("a signal and close end the second connection, too", async (t) => {
  const expected = await remember(t);
  for (const end of ["signal", "close"]) {
    const controller = new AbortController();
    const { server, open } = await scripted(t, changed([expect("EHLO"), expect("MAIL"), expect("RCPT"), greeting, answer([]), expectEnd()], [wait()]));
    const client = await open({ expected, signal: controller.signal });
    const sent = client.send(MESSAGE).catch((error) => error);
    while (server.connections.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    if (end === "close") await client.close();
    else controller.abort();
    const { reason, recipients } = await sent;
    assert.deepEqual([reason, recipients[0].status], ["cancelled", "not-sent"]);
  }
});

// --- an envelope behind a login ---

const QUICK = ["PIPELINING", "AUTH PLAIN"];
const together = [expect("AUTH PLAIN"), expect("MAIL"), expect("RCPT")];

test("early: the envelope follows the login, its message the answer", async (t) => {
  const { server } = await scripted(t, [...hello(QUICK), ...together, send("235 ok", "250 ok", "250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const events = [];
  const result = await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", early: true, onEvent: ({ type }) => events.push(type), ...AUTH, ...MESSAGE });
  assert.equal(result.accepted, 1);
  await server.finished();
  assert.ok(events.indexOf("AuthCompleted") < events.indexOf("MailFromAccepted"));
});

test("early and expected: EHLO, login and envelope in one", async (t) => {
  const expected = await remember(t);
  const { server } = await scripted(t, [expect("EHLO"), ...together, greeting, answer(OFFER), send("235 ok", "250 ok", "250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const result = await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", early: true, expected, ...AUTH, ...MESSAGE });
  assert.equal(result.accepted, 1);
  await server.finished();
});

test("early and expected, by a server that has changed: all of it once more", async (t) => {
  const expected = await remember(t);
  const { server } = await scripted(t, changed([expect("EHLO"), ...together, greeting, answer(QUICK), expectEnd()], [...hello(QUICK), ...together, send("235 ok", "250 ok", "250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]));
  const result = await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", early: true, expected, ...AUTH, ...MESSAGE });
  assert.equal(result.accepted, 1);
  assert.equal((await server.finished(2)).messages.length, 1);
});

test("early with a login of several steps, or without PIPELINING: the envelope waits", async (t) => {
  for (const [extensions, login] of [
    [["PIPELINING", "AUTH LOGIN"], [expect("AUTH LOGIN"), send("334 VXNlcg=="), expect("dQ=="), send("334 UGFzcw=="), expect("cA=="), send("235 ok")]],
    [["AUTH PLAIN"], [expect("AUTH PLAIN"), call((connection) => new Promise((resolve) => setTimeout(resolve, 30)).then(() => assert.ok(!String(connection.received).includes("MAIL")))), send("235 ok")]],
  ]) {
    const envelope = [expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok")];
    const { server } = await scripted(t, [...hello(extensions), ...login, ...envelope, ...QUIT]);
    assert.equal((await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", early: true, ...AUTH, ...MESSAGE })).accepted, 1);
    await server.finished();
  }
});

test("early: a login that is refused is the message's error, and nothing is sent without it", async (t) => {
  for (const steps of [
    [...hello(QUICK), ...together, send("535 5.7.8 no", "530 login first", "530 login first"), expectEnd()],
    [...hello(QUICK), ...together, send("535 5.7.8 no"), expectEnd()],
    [...hello(["PIPELINING", "AUTH LOGIN"]), expect("AUTH LOGIN"), send("535 5.7.8 no"), expectEnd()],
  ]) {
    const { server } = await scripted(t, steps);
    await assert.rejects(sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", early: true, ...AUTH, ...MESSAGE }), (error) => {
      assert.deepEqual([error.kind, error.reason, error.code, error.inDoubt], ["auth", "auth-refused", 535, false], error.stack);
      assert.deepEqual(error.recipients.map(({ status }) => status), ["not-sent"]);
      return true;
    });
    await server.finished();
  }
});

test("early: a login that cannot be tried ends the session before anything is sent", async (t) => {
  const { server, open } = await scripted(t, [...hello(["PIPELINING"]), expectEnd()]);
  const client = await open({ early: true, ...AUTH });
  for (const outcome of await Promise.allSettled([client.send(MESSAGE), client.noop()])) {
    assert.deepEqual([outcome.reason?.kind, outcome.reason?.reason], ["auth", "auth-no-mechanism"]);
  }
  assert.equal(client.closed, true);
  await server.finished();
});

test("early: the message's memory is not wiped with the credentials", async (t) => {
  const { server, open } = await scripted(t, [...hello([...QUICK, "ENHANCEDSTATUSCODES"]), ...together, expect("RCPT"), send("235 ok"), wait(20), send("250 ok", "250 ok", "550 5.1.1 nobody"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...delivered, ...QUIT]);
  const client = await open({ early: true, ...AUTH });
  const { recipients } = await client.send({ ...MESSAGE, to: ["c@d.test", "e@d.test"] });
  assert.deepEqual(recipients.map(({ address, status }) => [address, status]), [["c@d.test", "accepted"], ["e@d.test", "refused"]]);
  assert.equal((await client.send(MESSAGE)).accepted, 1);
  await client.quit();
  const { lines } = await server.finished();
  assert.ok(lines.includes("RCPT TO:<e@d.test>"));
});

test("EXTERNAL and ANONYMOUS need no password, and their envelope may be early", async (t) => {
  for (const [auth, line] of [[{ mechanism: "external" }, "AUTH EXTERNAL ="], [{ mechanism: "EXTERNAL", authzid: "ann" }, "AUTH EXTERNAL YW5u"], [{ mechanism: "ANONYMOUS", user: "trace" }, "AUTH ANONYMOUS dHJhY2U="]]) {
    const { server, open } = await scripted(t, [...hello(["PIPELINING", "AUTH EXTERNAL ANONYMOUS"]), expect(new RegExp(`^${line}$`)), expect("MAIL"), expect("RCPT"), send("235 ok", "250 ok", "250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
    const client = await open({ early: true, allowPlaintextAuth: true, auth });
    assert.equal((await client.send(MESSAGE)).accepted, 1);
    assert.equal(client.mechanism, auth.mechanism.toUpperCase());
    await client.quit();
    await server.finished();
  }
});

test("a second connection that fails: each message has its own recipients in its error", async () => {
  const never = () => new Promise(() => {});
  const replies = ["220 mx.test", "250 mx.test"].map((line) => Buffer.from(`${line}\r\n`));
  const late = (value) => new Promise((resolve) => setTimeout(resolve, 20, value));
  let connections = 0;
  const host = {
    module: () => module,
    async open() {
      if (connections++) throw new Error("nobody there");
      return { read: () => (replies.length ? late(replies.shift()) : never()), write: async () => {}, close: async () => {} };
    },
  };
  const expected = { esmtp: true, pipelining: true, pipeConnect: true, auth: ["PLAIN"] };
  const client = await openOver(host, { hostname: "mx.test", tls: "none", ...AUTH, early: true, expected });
  const errors = [];
  const addresses = ["c@d.test", "e@f.test", "g@h.test"];
  const sends = addresses.slice(0, 2).map((to) => client.send({ ...MESSAGE, to }));
  for (const send of sends) await send.catch((error) => errors.push(error));
  await client.send({ ...MESSAGE, to: addresses[2] }).catch((error) => errors.push(error));
  assert.equal(connections, 2);
  assert.deepEqual(errors.map(({ reason, recipients }) => [reason, recipients.map(({ address, status }) => [address, status])]), addresses.map((address) => ["connect-failed", [[address, "not-sent"]]]));
});

test("a greeting that refuses is final where nothing came before it, whatever is expected", async (t) => {
  const pipeConnect = { esmtp: true, pipelining: true, pipeConnect: true };
  for (const options of [{ expected: { esmtp: true, pipelining: true } }, { expected: pipeConnect, pipelining: false }, { expected: pipeConnect, tls: "starttls" }]) {
    const { server, open } = await scripted(t, [send("554 5.3.2 not for you"), close()]);
    await assert.rejects(open({ ...options, early: true, timeouts: { greeting: 1000 } }), { kind: "refused", reason: "greeting-refused", code: 554 });
    assert.equal(server.connections.length, 1);
  }
});

test("a login by token that begins again takes the same token, and does take place", async (t) => {
  const offer = (more) => ["PIPELINING", "AUTH XOAUTH2", ...more];
  const expected = await remember(t, offer(["PIPECONNECT"]));
  const { server, open } = await scripted(t, changed([expect("EHLO"), expect("AUTH"), greeting, answer(offer([])), expectEnd()], [...hello(offer([])), expect("AUTH XOAUTH2"), send("235 ok"), ...QUIT]));
  const client = await open({ allowPlaintextAuth: true, auth: { user: "u", accessToken: async () => "token" }, expected });
  await client.quit();
  await server.finished(2);
});
