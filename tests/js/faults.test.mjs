// What goes wrong on a connection, at each step: the error says where, every recipient has one
// outcome, the audit ends once, and nothing hangs.

import assert from "node:assert/strict";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { readFileSync } from "node:fs";
import { makeCertificates } from "../servers/ca.mjs";
import { close, expect, hello, readData, reply, reset, send, sendRaw, sendSlowly, stall, startTls, wait } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const ca = makeCertificates(join(tmpdir(), "wasm-smtp-test-ca"));
const EXTENSIONS = ["PIPELINING", "8BITMIME", "AUTH PLAIN", "ENHANCEDSTATUSCODES"];
const AUTH = { auth: { user: "u", pass: "p" }, allowPlaintextAuth: true };
const MESSAGE = { from: "a@b.test", to: ["c@d.test", "e@f.test"], message: "Subject: x\r\n\r\nbody\r\n" };
const ENVELOPE = [expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "250 ok", "354 go")];
const GONE = { kind: "transport", retryable: true, inDoubt: false };

/** Steps until the fault, where the client is then, and what becomes of two recipients. */
const POINTS = [
  { at: "greeting", steps: [] },
  { at: "EHLO", steps: [send("220 mx.test"), expect("EHLO")] },
  { at: "AUTH", steps: [...hello(EXTENSIONS), expect("AUTH")] },
  { at: "MAIL FROM", steps: [...hello(EXTENSIONS), expect("AUTH"), send("235 ok"), expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA")], outcome: "not-sent" },
  { at: "RCPT TO", steps: [...hello(EXTENSIONS), expect("AUTH"), send("235 ok"), expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA"), send("250 ok")], outcome: "not-sent" },
  { at: "DATA", steps: [...hello(EXTENSIONS), expect("AUTH"), send("235 ok"), expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "250 ok")], outcome: "not-sent" },
  { at: "end of data", steps: [...hello(EXTENSIONS), expect("AUTH"), send("235 ok"), ...ENVELOPE, readData()], outcome: "in-doubt" },
];

/** Connects, logs in and sends; gives the error and the audit. */
async function attempt(open, more, message = MESSAGE) {
  const events = [];
  try {
    const client = await open({ ...AUTH, onEvent: ({ type }) => events.push(type), ...more });
    await client.send(message);
  } catch (error) {
    return { error, events };
  }
  throw new Error("nothing failed");
}

function check({ error, events }, { at, outcome }, fields) {
  const doubt = outcome === "in-doubt";
  for (const [name, value] of Object.entries({ ...GONE, step: at, inDoubt: doubt, ...(doubt ? { retryable: false } : {}), ...fields })) assert.deepEqual(error[name], value, `${name} of: ${error.stack}`);
  assert.deepEqual(error.recipients?.map(({ status }) => status), outcome && [outcome, outcome]);
  assert.deepEqual(events.filter((type) => /Quit|Aborted/.test(type)), ["SessionAborted"]);
  assert.equal(events.at(-1), "SessionAborted");
}

for (const point of POINTS) {
  test(`the server closes at ${point.at}`, async (t) => {
    const { open } = await scripted(t, [...point.steps, close()]);
    check(await attempt(open), point, { reason: "closed-by-peer" });
  });

  test(`the server resets the connection at ${point.at}`, async (t) => {
    const { open } = await scripted(t, [...point.steps, wait(20), reset()]);
    check(await attempt(open), point, { reason: "connection-reset" });
  });

  test(`the server says nothing at ${point.at}`, async (t) => {
    const phases = { greeting: "greeting", EHLO: "command", AUTH: "command", "MAIL FROM": "mail", "RCPT TO": "rcpt", DATA: "data", "end of data": "endOfData" };
    const { open } = await scripted(t, [...point.steps, wait()]);
    const began = Date.now();
    check(await attempt(open, { timeouts: { [phases[point.at]]: 150 } }), point, { reason: "timeout" });
    assert.ok(Date.now() - began < 3000);
  });

  test(`the caller aborts at ${point.at}`, async (t) => {
    const controller = new AbortController();
    const steps = [...point.steps, { do: "call", run: async () => void setTimeout(() => controller.abort(new Error("enough")), 30) }, wait()];
    const { open } = await scripted(t, steps);
    const result = await attempt(open, { signal: controller.signal });
    check(result, point, { reason: "cancelled", retryable: false });
    assert.equal(result.error.cause.message, "enough");
  });

  test(`garbage at ${point.at}`, async (t) => {
    const { open } = await scripted(t, [...point.steps, sendRaw("\0\xff\x80 hello\r\n"), wait()]);
    const { error, events } = await attempt(open);
    assert.equal(error.kind, "protocol", error.stack);
    assert.equal(events.at(-1), "SessionAborted");
  });
}

test("a signal given to send() ends what is under way, and only skips what waits", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), expect("MAIL"), wait()]);
  const client = await open();
  const first = new AbortController();
  const second = new AbortController();
  const running = client.send({ ...MESSAGE, signal: first.signal });
  const waiting = client.send({ ...MESSAGE, signal: second.signal });
  second.abort();
  await assert.rejects(waiting, (error) => error.reason === "cancelled" && error.step === undefined && error.recipients[0].status === "not-sent");
  assert.equal(client.closed, false);
  first.abort();
  await assert.rejects(running, (error) => error.reason === "cancelled" && error.step === "MAIL FROM" && error.recipients[1].status === "not-sent");
  assert.equal(client.closed, true);
});

test("a signal that was aborted before is seen at once", async (t) => {
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), wait()]);
  await assert.rejects(open({ signal: AbortSignal.abort() }), { kind: "transport", reason: "cancelled" });
  const client = await open();
  await assert.rejects(client.noop({ signal: AbortSignal.abort() }), { reason: "cancelled" });
  await assert.rejects(client.send({ ...MESSAGE, signal: AbortSignal.abort() }), { reason: "cancelled" });
  assert.equal(client.closed, false);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(server.connections.length, 1, "the first did not even connect");
});

test("octets behind the reply to STARTTLS end the session", async (t) => {
  // In a segment of its own the octets may also reach the handshake, which then fails.
  const together = [[send("220 go", "250 injected")], ["starttls-residue"]];
  const apart = [[send("220 go"), sendRaw("250 injected\r\n")], ["starttls-residue", "tls-failed", "tls-mode-mismatch"]];
  for (const [residue, reasons] of [together, apart]) {
    const { open } = await scripted(t, [...hello(["STARTTLS"]), expect("STARTTLS"), ...residue, startTls({ certificate: ca.good, mayFail: true })]);
    const events = [];
    await assert.rejects(
      open({ tls: "starttls", ca: readFileSync(ca.file, "utf8"), serverName: "localhost", onEvent: ({ type }) => events.push(type) }),
      (error) => reasons.includes(error.reason) && error.retryable === false,
    );
    assert.deepEqual(events, ["Connected", "GreetingReceived", "EhloCompleted", "SessionAborted"]);
  }
});

test("capabilities of the time before TLS are forgotten", async (t) => {
  const steps = [...hello(["STARTTLS", "AUTH PLAIN", "SIZE 5"]), expect("STARTTLS"), send("220 go"), startTls({ certificate: ca.good }), expect("EHLO"), reply(250, ["mx.test", "8BITMIME"]), expect("QUIT"), send("221 bye")];
  const { server, open } = await scripted(t, steps);
  const client = await open({ tls: "starttls", ca: readFileSync(ca.file, "utf8"), serverName: "localhost" });
  const { auth, size, starttls, eightBitMime } = client.capabilities;
  assert.deepEqual({ auth, size, starttls, eightBitMime, secure: client.secure }, { auth: [], size: null, starttls: false, eightBitMime: true, secure: true });
  await client.quit();
  await server.finished();
});

test("a session that ended while idle says so at the next call, and that repeating is safe", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), wait(30), send("421 4.3.2 idle for too long"), close()]);
  const events = [];
  const client = await open({ onEvent: ({ type, error }) => events.push([type, error?.code]) });
  await new Promise((resolve) => setTimeout(resolve, 120));
  assert.equal(client.closed, true);
  await assert.rejects(client.send(MESSAGE), (error) => {
    assert.deepEqual([error.reason, error.code, error.inDoubt, error.recipients[0].status], ["service-closing", 421, false, "not-sent"]);
    assert.match(error.message, /session is over.*421/);
    return true;
  });
  assert.deepEqual(events.filter(([type]) => type === "SessionAborted"), [["SessionAborted", 421]]);
  await client.quit();
  await client.close();
});

test("what ends the session on behalf of one message is no error of those that wait", async (t) => {
  const controller = new AbortController();
  const pieces = (...all) => (async function* () {
    for (const piece of all) yield await (typeof piece === "function" ? piece() : piece);
  })();
  const pause = () => new Promise((resolve) => setTimeout(resolve, 20, "more\r\n"));
  const endless = (async function* () {
    for (;;) yield await pause();
  })();
  for (const [message, more, end, expected] of [
    [pieces("x\n"), {}, [wait()], { kind: "input", reason: "body-bare-lf" }],
    [pieces("x\r\n", () => Promise.reject(new Error("gone"))), {}, [wait()], { kind: "input", reason: "message-source" }],
    [pieces("x\r\n".repeat(10)), { policy: Object.assign(() => true, { maxBytes: 20 }) }, [wait()], { kind: "policy" }],
    [endless, {}, [expect("more"), send("552 5.3.4 too big"), wait()], { kind: "refused", code: 552 }],
    [pieces(pause, () => (controller.abort(), pause())), {}, [wait()], { kind: "transport", reason: "cancelled", retryable: false }],
  ]) {
    const { open } = await scripted(t, [...hello(EXTENSIONS), ...ENVELOPE, ...end]);
    const client = await open(more);
    const sends = [client.send({ ...MESSAGE, message, signal: controller.signal.aborted ? undefined : controller.signal }), client.send({ ...MESSAGE, to: "g@h.test" })];
    const [first, second] = (await Promise.allSettled(sends)).map(({ reason }) => reason);
    for (const [name, value] of Object.entries(expected)) assert.equal(first[name], value, first.stack);
    assert.deepEqual([second.kind, second.reason, second.retryable, second.inDoubt, second.code, second.field, second.cause.reason], ["transport", "cancelled", true, false, undefined, undefined, first.reason], second.stack);
    assert.match(second.message, /^the session is over/);
    assert.deepEqual(second.recipients, [{ address: "g@h.test", status: "not-sent", code: null, enhanced: null, text: "" }]);
  }
});

test("calls after quit are misuse", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), expect("QUIT"), send("221 bye")]);
  const client = await open();
  await client.quit();
  await client.quit();
  await assert.rejects(client.noop(), { kind: "misuse", reason: "closed" });
  await assert.rejects(client.send(MESSAGE), (error) => error.kind === "misuse" && error.recipients.length === 2);
});

for (const [how, steps] of [["is reset", [reset()]], ["is refused", [send("500 what?")]], ["gets no answer", [wait()]], ["finds the server gone", [close()]]]) {
  test(`a QUIT that ${how} fails nothing`, async (t) => {
    const { open } = await scripted(t, [...hello(EXTENSIONS), ...ENVELOPE, readData(), send("250 2.0.0 Ok: queued as 4XyZ12abc"), expect("QUIT"), ...steps]);
    const events = [];
    const client = await open({ timeouts: { quit: 150 }, onEvent: ({ type }) => events.push(type) });
    const result = await client.send(MESSAGE);
    assert.deepEqual([result.accepted, result.queueId, result.enhanced], [2, "4XyZ12abc", "2.0.0"]);
    await client.quit();
    assert.equal(events.at(-1), "QuitCompleted");
  });
}

test("a server that refuses in the middle of the message and closes has its words read", async (t) => {
  const steps = [...hello(EXTENSIONS), ...ENVELOPE, expect("Subject"), send("552 5.3.4 message too big for us"), wait(20), reset()];
  const { open } = await scripted(t, steps);
  async function* endless() {
    yield "Subject: x\r\n\r\n";
    for (;;) {
      yield "x".repeat(998).concat("\r\n");
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const { error } = await attempt(async (more) => open({ ...more, auth: undefined }), {}, { ...MESSAGE, message: endless() });
  assert.deepEqual([error.kind, error.code, error.enhanced, error.recipients[0].status], ["refused", 552, "5.3.4", "refused"]);
});

test("a server that stops reading is given up, and closing does not hang", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), ...ENVELOPE, stall()]);
  const line = "x".repeat(998).concat("\r\n").repeat(1000);
  async function* endless() {
    for (;;) yield line;
  }
  const began = Date.now();
  const { error } = await attempt(async (more) => open({ ...more, auth: undefined }), { timeouts: { body: 300 } }, { ...MESSAGE, message: endless() });
  assert.deepEqual([error.reason, error.step, error.recipients[0].status], ["timeout", "message", "not-sent"]);
  assert.ok(Date.now() - began < 5000);
});

test("replies octet by octet, and full duplex: a reply read while a write is pending", async (t) => {
  const steps = [sendSlowly("220-a\r\n220 b\r\n"), expect("EHLO"), sendSlowly("250-mx\r\n250 PIPELINING\r\n"), expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA"),
    sendSlowly("250 ok\r\n250 ok\r\n550 no\r\n354 go\r\n"), readData(), sendSlowly("250 ok id=1abcde-000\r\n"), expect("QUIT"), send("221 bye")];
  const { server, open } = await scripted(t, steps);
  const client = await open();
  const result = await client.send(MESSAGE);
  assert.deepEqual(result.recipients.map(({ status, text }) => [status, text]), [["accepted", "ok id=1abcde-000"], ["refused", "no"]]);
  assert.equal(result.queueId, "1abcde-000");
  await client.quit();
  const { messages } = await server.finished();
  assert.equal(messages[0].toString(), `${MESSAGE.message}.\r\n`);
});

test("close() in the middle of everything settles everything", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), expect("MAIL"), wait()]);
  const client = await open();
  const pending = [client.send(MESSAGE), client.send(MESSAGE), client.noop(), client.quit()];
  await new Promise((resolve) => setTimeout(resolve, 30));
  await client.close();
  const settled = await Promise.allSettled(pending);
  assert.deepEqual(settled.map(({ status }) => status), ["rejected", "rejected", "rejected", "fulfilled"]);
  assert.deepEqual(settled.slice(0, 2).map(({ reason }) => reason.recipients[0].status), ["not-sent", "not-sent"]);
});

test("a policy that never answers keeps nothing waiting behind close(), a lost connection, or a signal", async (t) => {
  const never = () => new Promise(() => {});
  for (const [steps, end] of [[[wait()], (client) => client.close()], [[wait(30), close()], () => {}]]) {
    const { open } = await scripted(t, [...hello(EXTENSIONS), ...steps]);
    const client = await open({ policy: never });
    const settling = Promise.allSettled([client.send(MESSAGE), client.send(MESSAGE), client.noop(), client.quit()]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await end(client);
    const settled = await settling;
    assert.deepEqual(settled.map(({ status }) => status), ["rejected", "rejected", "rejected", "fulfilled"]);
    assert.equal(settled[0].reason.recipients[0].status, "not-sent");
  }
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), expect("NOOP"), send("250 ok"), expect("QUIT"), send("221 bye")]);
  let asked = 0;
  const client = await open({ policy: () => ((asked += 1), never()) });
  const controller = new AbortController();
  const first = client.send({ ...MESSAGE, signal: controller.signal });
  const second = client.send({ ...MESSAGE, signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 30));
  controller.abort();
  for (const sending of [first, second]) await assert.rejects(sending, { reason: "cancelled" });
  await client.noop();
  await client.quit();
  await server.finished();
  assert.equal(asked, 1, "none is asked about a message that is not wanted any more");
});

test("reset and noop answer with the reply; a refused one fails by itself", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), expect("RSET"), send("250 2.0.0 flushed"), expect("NOOP"), send("502 5.5.1 no noop"), expect("QUIT"), send("221 bye")]);
  const client = await open();
  assert.deepEqual(await client.reset(), { code: 250, enhanced: "2.0.0", text: "flushed" });
  await assert.rejects(client.noop(), { kind: "refused", code: 502, enhanced: "5.5.1", step: "NOOP", message: "during NOOP, the server refused the command: 502 5.5.1 no noop" });
  await client.quit();
});
