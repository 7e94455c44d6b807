// Several messages under way on one session: what travels together, and that each message has its
// one true outcome, whatever becomes of the others or of the connection.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../adapters/js/client.mjs";
import { call, close, expect, hello, readChunk, readData, reset, send, wait } from "../servers/scripted-steps.mjs";
import { module } from "./engine.mjs";
import { scripted } from "./scripted.mjs";

const EXTENSIONS = ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"];
const QUIT = [expect("QUIT"), send("221 bye")];
const FIRST = [expect("MAIL"), expect("RCPT"), readChunk()];
/** RSET: how the message ahead will end is not known when this one is written. */
const LATER = [expect("RSET"), ...FIRST];
const text = (name) => `Subject: ${name}\r\n\r\n.${name}\r\n`;
const message = (name, more) => ({ from: "a@b.test", to: `${name}@d.test`, message: text(name), ...more });
const ok = (name) => ["250 2.1.0 sender", "250 2.1.5 recipient", `250 2.0.0 queued as ${name}`];
const tick = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

/** A source that gives its first piece, and the rest when told. */
function heldSource(name) {
  let release;
  const held = new Promise((resolve, reject) => (release = { resolve, reject }));
  async function* pieces() {
    yield `Subject: ${name}\r\n\r\n`;
    yield await held;
  }
  return { source: pieces(), ...release };
}

const outcomes = (settled) => settled.map(({ value, reason }) => (value ?? reason).recipients.map(({ status, code, text: words }) => [status, code, words]));

test("messages are under way together before a reply has come, and each gets its own replies", async (t) => {
  const steps = [...hello(EXTENSIONS), ...FIRST, ...LATER, ...LATER,
    send(ok("111111"), "250 reset", "250 sender", "550 5.1.1 nobody", "554 5.5.1 no recipients", "250 reset", ok("333333")), ...QUIT];
  const { server, open } = await scripted(t, steps);
  const events = [];
  const client = await open({ overlap: 3, onEvent: ({ type, address }) => events.push([type, address].join(" ").trim()) });
  const settled = await Promise.allSettled(["one", "two", "three"].map((name) => client.send(message(name))));
  await client.quit();
  assert.deepEqual(outcomes(settled), [[["accepted", 250, "queued as 111111"]], [["refused", 550, "nobody"]], [["accepted", 250, "queued as 333333"]]]);
  assert.equal(settled[1].reason.reason, "all-recipients-refused");
  assert.deepEqual((await server.finished()).messages.map(String), ["one", "two", "three"].map(text));
  assert.deepEqual(events.slice(3), [
    "MailFromAccepted", "RecipientAccepted one@d.test", "MessageAccepted",
    "MailFromAccepted", "RecipientRejected two@d.test",
    "MailFromAccepted", "RecipientAccepted three@d.test", "MessageAccepted", "QuitCompleted",
  ]);
});

test("no more than asked for are under way, and without asking one", async (t) => {
  for (const overlap of [undefined, 0, 1]) {
    const { open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, wait(20), send(ok("111111")), ...FIRST, send(ok("222222")), ...QUIT]);
    const client = await open({ overlap });
    const results = await Promise.all([client.send(message("one")), client.send(message("two"))]);
    assert.deepEqual(results.map(({ queueId }) => queueId), ["111111", "222222"]);
    await client.quit();
  }
  const silence = call(async (connection) => {
    const before = connection.received.length;
    await tick();
    assert.equal(connection.received.length, before, "nothing more came");
  });
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, ...LATER, silence, send(ok("111111")), ...LATER, send("250 reset", ok("222222"), "250 reset", ok("333333")), ...QUIT]);
  const client = await open({ overlap: 2 });
  const results = await Promise.all(["one", "two", "three"].map((name) => client.send(message(name))));
  assert.deepEqual(results.map(({ queueId }) => queueId), ["111111", "222222", "333333"]);
  await client.quit();
  await server.finished();
});

test("without PIPELINING nothing overlaps", async (t) => {
  const one = [expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), readChunk(), send("250 ok")];
  const { server, open } = await scripted(t, [...hello(["CHUNKING"]), ...one, ...one, ...QUIT]);
  const client = await open({ overlap: 5 });
  await Promise.all([client.send(message("one")), client.send(message("two"))]);
  await client.quit();
  await server.finished();
});

test("with DATA the next envelope travels behind the final dot", async (t) => {
  const envelope = [expect("MAIL"), expect("RCPT"), expect("DATA")];
  const steps = [...hello(EXTENSIONS), ...envelope, send("250 ok", "250 ok", "354 go"), readData(), expect("RSET"), ...envelope,
    send("250 queued as 111111", "250 reset", "250 ok", "250 ok", "354 go"), readData(), send("250 queued as 222222"), ...QUIT];
  const { server, open } = await scripted(t, steps);
  const client = await open({ overlap: 5, chunking: false });
  const results = await Promise.all([client.send(message("one")), client.send(message("two"))]);
  assert.deepEqual(results.map(({ queueId }) => queueId), ["111111", "222222"]);
  await client.quit();
  await server.finished();
});

test("503 to an envelope that came early: it goes again, alone, and later ones do not come early", async (t) => {
  const envelope = [expect("MAIL"), expect("RCPT"), expect("DATA")];
  const steps = [...hello(["PIPELINING"]), ...envelope, send("250 ok", "250 ok", "354 go"), readData(), expect("RSET"), ...envelope,
    send("250 queued as 111111", "503 later", "503 nested", "503 nested", "503 nested"), expect("RSET"), ...envelope, send("250 reset", "250 ok", "250 ok", "354 go"), readData(), wait(20), send("250 queued as 222222"),
    ...envelope, send("250 ok", "250 ok", "354 go"), readData(), send("250 queued as 333333"), ...QUIT];
  const { server, open } = await scripted(t, steps);
  const client = await open({ overlap: 5 });
  const results = await Promise.all(["one", "two", "three"].map((name) => client.send(message(name))));
  assert.deepEqual(results.map(({ queueId }) => queueId), ["111111", "222222", "333333"]);
  await client.quit();
  await server.finished();
});

for (const [how, last] of [["closes", close()], ["resets the connection", reset()]]) {
  test(`the server ${how} in the middle: accepted, in doubt, not sent`, async (t) => {
    const { source } = heldSource("three");
    const { open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, ...LATER, expect("RSET"), expect("MAIL"), expect("RCPT"), send(ok("111111"), "250 reset", "250 sender"), wait(50), last]);
    const client = await open({ overlap: 3 });
    const settled = await Promise.allSettled([client.send(message("one")), client.send(message("two")), client.send(message("three", { message: source })), client.send(message("four")), client.noop()]);
    assert.deepEqual(outcomes(settled.slice(0, 4)), [[["accepted", 250, "queued as 111111"]], [["in-doubt", null, ""]], [["not-sent", null, ""]], [["not-sent", null, ""]]]);
    assert.deepEqual(settled.slice(1).map(({ reason }) => [reason.kind, reason.inDoubt, reason.retryable]), [["transport", true, false], ["transport", false, true], ["transport", false, true], ["transport", false, true]]);
    assert.equal(client.closed, true);
  });
}

test("a message that has not begun is cancelled alone; texts follow one another in order", async (t) => {
  const { source, resolve } = heldSource("one");
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), expect("MAIL"), expect("RCPT"), send("250 ok", "250 ok"), readChunk(), ...LATER, send("250 queued as 111111", "250 reset", ok("333333")), ...QUIT]);
  const client = await open({ overlap: 5 });
  const controller = new AbortController();
  const sends = [client.send(message("one", { message: source })), client.send(message("two", { signal: controller.signal })), client.send(message("three"))];
  await tick();
  controller.abort();
  await assert.rejects(sends[1], (error) => error.reason === "cancelled" && error.recipients[0].status === "not-sent");
  resolve("late\r\n");
  assert.equal((await sends[0]).queueId, "111111");
  assert.equal((await sends[2]).queueId, "333333");
  await client.quit();
  assert.deepEqual((await server.finished()).messages.map(String), ["Subject: one\r\n\r\nlate\r\n", text("three")]);
});

test("a source that fails ends the session, but only its own message is to blame", async (t) => {
  const { source, reject } = heldSource("two");
  const { open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, wait()]);
  const client = await open({ overlap: 3 });
  // Its size is known, so its text does not wait for the answers to its envelope.
  const sends = [client.send(message("one")), client.send(message("two", { message: source, size: 100 })), client.send(message("three"))];
  await tick();
  reject(new Error("disk on fire"));
  const settled = await Promise.allSettled(sends);
  assert.deepEqual(outcomes(settled), [[["in-doubt", null, ""]], [["not-sent", null, ""]], [["not-sent", null, ""]]]);
  const [first, second, third] = settled.map(({ reason }) => reason);
  assert.deepEqual([first.kind, first.message, first.inDoubt, first.retryable], ["transport", "another message ended the session", true, false]);
  assert.deepEqual([second.kind, second.reason, second.inDoubt, second.cause.message], ["input", "message-source", false, "disk on fire"]);
  assert.equal(third.recipients[0].status, "not-sent");
});

test("a text that breaks a rule ends the session, but only its own message is to blame", async (t) => {
  const { source, resolve } = heldSource("two");
  const { open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, wait()]);
  const client = await open({ overlap: 3 });
  // Its size is known, so its text does not wait for the answers to its envelope.
  const sends = [client.send(message("one")), client.send(message("two", { message: source, size: 100 }))];
  await tick();
  resolve("bare\nLF\r\n");
  const [first, second] = (await Promise.allSettled(sends)).map(({ reason }) => reason);
  assert.deepEqual([first.kind, first.field, first.inDoubt, first.retryable], ["transport", undefined, true, false]);
  assert.deepEqual([second.kind, second.reason, second.field, second.inDoubt], ["input", "body-bare-lf", "message", false]);
});

test("commands wait until all messages are done, and messages until the command is", async (t) => {
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, ...LATER, wait(20), send(ok("111111"), "250 reset", ok("222222")), expect("NOOP"), wait(20), send("250 idle"), ...FIRST, send(ok("333333")), ...QUIT]);
  const client = await open({ overlap: 5 });
  const results = await Promise.all([client.send(message("one")), client.send(message("two")), client.noop(), client.send(message("three")), client.quit()]);
  assert.deepEqual(results.slice(0, 4).map(({ queueId, text: words }) => queueId ?? words), ["111111", "222222", "idle", "333333"]);
  await server.finished();
});

test("a policy is asked for each message before it begins", async (t) => {
  const { server, open } = await scripted(t, [...hello(EXTENSIONS), ...FIRST, ...LATER, send(ok("111111"), "250 reset", ok("333333")), ...QUIT]);
  const client = await open({ overlap: 5, policy: async ({ recipients }) => (await tick(5), recipients[0] !== "two@d.test") });
  const settled = await Promise.allSettled(["one", "two", "three"].map((name) => client.send(message(name))));
  assert.deepEqual(settled.map(({ value, reason }) => value?.queueId ?? reason.kind), ["111111", "policy", "333333"]);
  await client.quit();
  await server.finished();
});

test("memory is used again, however many messages there are", async (t) => {
  const count = 400;
  const answerAll = call(async (connection) => {
    for (let line = ""; line !== "QUIT"; ) {
      line = await connection.readLine("a command");
      if (line.startsWith("BDAT")) await connection.readBytes(Number(line.split(" ")[1]));
      connection.write(Buffer.from(`250 ${line}\r\n`));
    }
  });
  const { open } = await scripted(t, [...hello(EXTENSIONS), answerAll]);
  const client = await open({ overlap: 10 });
  const results = await Promise.all(Array.from({ length: count }, (_, index) => client.send(message(`${"x".repeat(index % 60)}${index}`))));
  assert.ok(results.every(({ accepted }) => accepted === 1));
  assert.equal(client.memorySize, 131072);
  await client.quit();
});

test("the replies to five messages, cut at every octet: accepted if its last reply was whole, else in doubt", async () => {
  const names = ["one", "two", "three", "four", "five"];
  const replies = names.map((name, index) => `${index ? "250 reset\r\n" : ""}250 ok\r\n250 ok\r\n250 2.0.0 queued as ${name}\r\n`);
  const ends = replies.map((_, index) => replies.slice(0, index + 1).join("").length);
  const stream = new TextEncoder().encode(replies.join(""));
  for (let cut = 0; cut < stream.length; cut += 1) {
    const queue = ["220 mx.test\r\n"].map((line) => new TextEncoder().encode(line));
    let wake;
    let written = "";
    const push = (...pieces) => (queue.push(...pieces), wake?.());
    const socket = {
      async read() {
        while (!queue.length) await new Promise((resolve) => (wake = resolve));
        return queue.shift();
      },
      async write(bytes) {
        written += new TextDecoder().decode(bytes);
        if (written === "EHLO [127.0.0.1]\r\n") push(new TextEncoder().encode("250-mx.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n"));
        // An empty piece would be nothing read; the end comes as null.
        else if (written.endsWith(text("five"))) push(...(cut ? [stream.slice(0, cut)] : []), null);
      },
      close: async () => {},
    };
    const client = await connect({ module: () => module, open: async () => socket }, { hostname: "mx.test", tls: "none", overlap: 5 });
    const settled = await Promise.allSettled(names.map((name) => client.send(message(name))));
    assert.deepEqual(outcomes(settled).map(([[status]]) => status), ends.map((end) => (end <= cut ? "accepted" : "in-doubt")), `cut at ${cut}`);
    for (const { reason } of settled) if (reason) assert.deepEqual([reason.reason, reason.inDoubt, reason.retryable], ["closed-by-peer", true, false]);
  }
});
