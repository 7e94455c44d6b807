// CHUNKING and LMTP: what goes over the wire by each option, and which reply decides about whom.

import assert from "node:assert/strict";
import { test } from "node:test";
import { call, close, expect, hello, readChunk, readData, reply, send, wait } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const EXTENSIONS = ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"];
const QUIT = [expect("QUIT"), send("221 bye")];
const TEXT = "Subject: x\r\n\r\n.dot\r\n.\r\nlast\r\n";
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: TEXT };
const ENVELOPE = [expect("MAIL"), expect("RCPT")];

/** Fails if the client says anything before it hears anything. */
const silence = call(async (connection) => {
  const before = connection.received.length;
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(connection.received.length, before);
});

async function deliver(t, extensions, steps, options, message = MESSAGE) {
  const { server, open } = await scripted(t, [...hello(extensions), ...steps, ...QUIT]);
  const client = await open(options);
  const result = await client.send(message);
  await client.quit();
  return { result, messages: (await server.finished()).messages.map(String) };
}

test("a small message travels with its envelope, as it is", async (t) => {
  const { result, messages } = await deliver(t, EXTENSIONS, [...ENVELOPE, readChunk(), send("250 2.1.0 ok", "250 2.1.5 ok", "250 2.0.0 done")]);
  assert.deepEqual([result.accepted, result.text, messages], [1, "done", [TEXT]]);
});

test("a larger one waits for the answers to its envelope; how large is up to eagerOctets", async (t) => {
  for (const options of [{ eagerOctets: TEXT.length - 1 }, { eagerOctets: 0 }]) {
    const { messages } = await deliver(t, EXTENSIONS, [...ENVELOPE, silence, send("250 ok", "250 ok"), readChunk(), send("250 ok")], options);
    assert.deepEqual(messages, [TEXT]);
  }
  const large = "x".repeat(78).concat("\r\n").repeat(250);
  await deliver(t, EXTENSIONS, [...ENVELOPE, silence, send("250 ok", "250 ok"), readChunk(), send("250 ok")], {}, { ...MESSAGE, message: large });
  const { messages } = await deliver(t, EXTENSIONS, [...ENVELOPE, readChunk(), send("250 ok", "250 ok", "250 ok")], { eagerOctets: Infinity }, { ...MESSAGE, message: large });
  assert.deepEqual(messages, [large]);
});

test("chunking: false, or a server without it, means DATA", async (t) => {
  for (const [extensions, options] of [[EXTENSIONS, { chunking: false }], [["PIPELINING"], {}]]) {
    const { messages } = await deliver(t, extensions, [...ENVELOPE, expect("DATA"), send("250 ok", "250 ok", "354 go"), readData(), send("250 ok")], options);
    assert.deepEqual(messages, ["Subject: x\r\n\r\n..dot\r\n..\r\nlast\r\n.\r\n"]);
  }
});

test("pipelining: false sends one command at a time, also with chunks", async (t) => {
  const steps = [expect("MAIL"), silence, send("250 ok"), expect("RCPT"), silence, send("250 ok"), readChunk(), silence, send("250 ok")];
  const { messages } = await deliver(t, EXTENSIONS, steps, { pipelining: false });
  assert.deepEqual(messages, [TEXT]);
});

test("a stream goes in chunks, each answered", async (t) => {
  const piece = "x".repeat(78).concat("\r\n").repeat(100);
  const chunks = call(async (connection) => {
    for (let last = false; !last; ) {
      const [, size, tail] = (await connection.readLine("BDAT")).split(" ");
      connection.messages.push(await connection.readBytes(Number(size)));
      connection.write(Buffer.from(`250 ${size} taken\r\n`));
      last = tail === "LAST";
    }
  });
  const { result, messages } = await deliver(t, EXTENSIONS, [...ENVELOPE, send("250 ok", "250 ok"), chunks], {}, { ...MESSAGE, message: (function* () { for (let index = 0; index < 20; index += 1) yield piece; })() });
  assert.ok(messages.length > 1);
  assert.equal(messages.join(""), piece.repeat(20));
  assert.match(result.text, /taken/);
});

test("a server that offers CHUNKING and does not know BDAT: not sent, and it is said", async (t) => {
  const { open } = await scripted(t, [...hello(EXTENSIONS), ...ENVELOPE, readChunk(), send("250 ok", "250 ok", "500 5.5.2 what?"), wait()]);
  const client = await open();
  await assert.rejects(client.send(MESSAGE), (error) => {
    assert.deepEqual([error.reason, error.code, error.inDoubt, error.recipients[0].status, error.recipients[0].text], ["chunking-refused", 500, false, "not-sent", ""]);
    return true;
  });
});

test("MailFromAccepted is for a sender that was accepted", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), expect("MAIL"), expect("RCPT"), expect("DATA"), send("550 5.7.1 not you", "503 no", "503 no"), ...QUIT]);
  const events = [];
  const client = await open({ onEvent: ({ type }) => events.push(type) });
  await assert.rejects(client.send(MESSAGE), { kind: "refused", code: 550, step: "MAIL FROM" });
  await client.quit();
  assert.deepEqual(events, ["Connected", "GreetingReceived", "EhloCompleted", "QuitCompleted"]);
});

test("a recipient that was accepted and whose message was cut off has no reply's text", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("DATA"), send("250 ok", "250 recipient fine", "550 nobody", "354 go"), wait(20), close()]);
  const client = await open();
  async function* slow() {
    for (;;) {
      yield "x\r\n";
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await assert.rejects(client.send({ ...MESSAGE, to: ["c@d.test", "e@d.test"], message: slow() }), (error) => {
    assert.deepEqual(error.recipients.map(({ status, code, text }) => [status, code, text]), [["not-sent", null, ""], ["refused", 550, "nobody"]]);
    return true;
  });
});

// --- LMTP ---

const lmtp = (extensions) => [send("220 scripted.test LMTP"), expect("LHLO client.test"), reply(250, ["scripted.test", ...extensions])];
const TO = ["one@d.test", "two@d.test", "three@d.test"];
const RECIPIENTS = [expect("MAIL"), expect("RCPT"), expect("RCPT"), expect("RCPT")];

for (const chunking of [true, false]) {
  test(`LMTP, ${chunking ? "in chunks" : "behind DATA"}: the last reply about each recipient decides`, async (t) => {
    const envelope = ["250 2.1.0 ok", "250 2.1.5 one is here", "550 5.1.1 no two", "250 2.1.5 three is here"];
    const body = chunking ? [...RECIPIENTS, send(envelope), readChunk()] : [...RECIPIENTS, expect("DATA"), send(envelope, "354 go"), readData()];
    const { server, open } = await scripted(t, [...lmtp(EXTENSIONS), ...body, send("250 2.0.0 stored for one", "552 5.2.2 three is full"), ...QUIT]);
    const events = [];
    const client = await open({ protocol: "lmtp", chunking, onEvent: ({ type, address, text }) => events.push([type, address, text].filter((part) => typeof part === "string").join(" ")) });
    const { recipients, accepted } = await client.send({ ...MESSAGE, to: TO });
    await client.quit();
    assert.deepEqual(recipients.map(({ status, code, enhanced, text }) => [status, code, enhanced, text]), [
      ["accepted", 250, "2.0.0", "stored for one"],
      ["refused", 550, "5.1.1", "no two"],
      ["refused", 552, "5.2.2", "three is full"],
    ]);
    assert.equal(accepted, 1);
    assert.deepEqual(events.slice(3), [
      "MailFromAccepted ok",
      "RecipientAccepted one@d.test one is here",
      "RecipientRejected two@d.test no two",
      "RecipientAccepted three@d.test three is here",
      "RecipientRejected three@d.test three is full",
      "MessageAccepted stored for one",
      "QuitCompleted",
    ]);
    await server.finished();
  });
}

test("LMTP: a server that closes between two replies leaves only the rest in doubt", async (t) => {
  const { open } = await scripted(t, [...lmtp(EXTENSIONS), ...RECIPIENTS, send("250 ok", "250 ok", "250 ok", "250 ok"), readChunk(), send("452 4.2.2 try later"), wait(20), close()]);
  const client = await open({ protocol: "lmtp" });
  await assert.rejects(client.send({ ...MESSAGE, to: TO }), (error) => {
    assert.deepEqual(error.recipients.map(({ status, code, text }) => [status, code, text]), [["deferred", 452, "try later"], ["in-doubt", null, ""], ["in-doubt", null, ""]]);
    assert.equal(error.inDoubt, true);
    return true;
  });
});

test("LMTP refused at LHLO is not tried as something else", async (t) => {
  const { open } = await scripted(t, [send("220 scripted.test"), expect("LHLO"), send("500 unknown command"), wait()]);
  await assert.rejects(open({ protocol: "lmtp" }), { kind: "refused", code: 500, step: "EHLO" });
});
