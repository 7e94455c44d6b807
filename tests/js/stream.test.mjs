// Messages of any size and shape: memory does not grow with them, and sources are let go.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { connect, sendMail } from "../../adapters/js/hosts/node.mjs";
import { reservePort } from "../servers/ports.mjs";
import { close, expect, hello, readData, send, wait } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const ENVELOPE = [expect("MAIL"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "354 go")];
const QUIT = [expect("QUIT"), send("221 bye")];
const MESSAGE = { from: "a@b.test", to: "c@d.test" };
const MiB = 2 ** 20;

/** A server that keeps nothing of a message but its digest, as it came over the wire. */
async function startDigestServer(t) {
  const digest = createHash("sha256");
  const result = { octets: 0 };
  const server = createServer((socket) => {
    let inData = false;
    let tail = Buffer.alloc(0);
    const answer = (...lines) => socket.write(lines.map((line) => `${line}\r\n`).join(""));
    answer("220 mx.test");
    socket.on("data", (chunk) => {
      if (inData) {
        digest.update(chunk);
        result.octets += chunk.length;
        tail = Buffer.concat([tail, chunk.subarray(-5)]).subarray(-5);
        if (tail.toString() !== "\r\n.\r\n") return;
        inData = false;
        result.digest = digest.digest("hex");
        answer("250 ok");
      } else if (/^EHLO/.test(chunk)) answer("250-mx.test", "250 PIPELINING");
      else if (/^MAIL/.test(chunk)) {
        inData = true;
        answer("250 ok", "250 ok", "354 go");
      } else answer("221 bye");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { port: server.address().port, result };
}

test("shapes of a message give the same octets", async (t) => {
  const text = "Subject: x\r\n\r\n.a\r\n..\r\nlast line without an end";
  const encode = (piece) => new TextEncoder().encode(piece);
  const pieces = text.match(/[\s\S]{1,3}/g);
  const shapes = {
    string: text,
    octets: encode(text),
    array: pieces,
    "array of both": pieces.map((piece, index) => (index % 2 ? piece : encode(piece))),
    generator: (function* () { yield* pieces; })(),
    "asynchronous generator": (async function* () { yield* pieces; })(),
    "stream of octets": new Blob([text]).stream(),
    "stream of strings": new ReadableStream({ start(controller) { pieces.forEach((piece) => controller.enqueue(piece)); controller.close(); } }),
    "empty pieces": ["", ...pieces, "", new Uint8Array()],
    "generator with empty pieces": (function* () { yield ""; yield* pieces; yield new Uint8Array(); })(),
  };
  const rounds = Object.keys(shapes).map(() => [...ENVELOPE, readData(), send("250 ok")]);
  const { server, open } = await scripted(t, [...hello(["PIPELINING", "8BITMIME"]), ...rounds.flat(), ...QUIT]);
  const client = await open();
  for (const [shape, message] of Object.entries(shapes)) assert.equal((await client.send({ ...MESSAGE, message })).accepted, 1, shape);
  await client.quit();
  const { messages } = await server.finished();
  for (const stored of messages) assert.equal(stored.toString(), "Subject: x\r\n\r\n..a\r\n...\r\nlast line without an end\r\n.\r\n");
});

test('newlines: "crlf" makes line ends of bare CR and LF, cut anywhere', async (t) => {
  const text = "a\nb\rc\r\nd\n\n.\n";
  const { server, open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, readData(), send("250 ok"), ...ENVELOPE, readData(), send("250 ok"), ...QUIT]);
  const client = await open();
  await client.send({ ...MESSAGE, message: text, newlines: "crlf" });
  await client.send({ ...MESSAGE, message: (function* () { yield* text; })(), newlines: "crlf" });
  await client.quit();
  const { messages } = await server.finished();
  for (const stored of messages) assert.equal(stored.toString(), "a\r\nb\r\nc\r\nd\r\n\r\n..\r\n.\r\n");
});

test('longLines: "pass" lets long lines through', async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, readData(), send("250 ok"), ...QUIT]);
  const client = await open();
  assert.equal((await client.send({ ...MESSAGE, message: `${"x".repeat(5000)}\r\n`, longLines: "pass" })).accepted, 1);
  await client.quit();
});

test("a rule broken in a stream ends the session, and the message is not delivered", async (t) => {
  for (const [piece, reason] of [["a\nb", "body-bare-lf"], ["a\rb", "body-bare-cr"], ["x".repeat(999), "body-line-too-long"]]) {
    const { server, open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, { do: "call", run: (connection) => connection.expectEnd().catch(() => {}) }]);
    const client = await open();
    const sent = client.send({ ...MESSAGE, message: (function* () { yield "ok\r\n"; yield piece; yield "\r\n"; })() });
    await assert.rejects(sent, (error) => {
      assert.deepEqual([error.kind, error.reason, error.field, error.inDoubt, error.recipients[0].status], ["input", reason, "message", false, "not-sent"]);
      return true;
    });
    await server.finished();
    assert.ok(!server.connections[0].received.includes("\r\n.\r\n"));
  }
});

test("a piece that is neither text nor octets ends the session", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE]);
  const client = await open();
  await assert.rejects(client.send({ ...MESSAGE, message: (function* () { yield 3; })() }), { kind: "input", field: "message" });
});

test("sources are cancelled when nobody reads on", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), expect("MAIL"), expect("RCPT"), expect("DATA"), send("250 ok", "550 no", "554 no"), expect("RSET"), send("250 ok"), ...ENVELOPE.slice(0, 3), send("250 ok", "550 no", "554 no")]);
  const client = await open();
  let cancelled = 0;
  const stream = new ReadableStream({ cancel: () => void (cancelled += 1) });
  await assert.rejects(client.send({ ...MESSAGE, message: stream }), { kind: "refused" });
  async function* source() {
    try {
      for (;;) yield "x\r\n";
    } finally {
      cancelled += 1;
    }
  }
  const generator = source();
  await generator.next();
  await assert.rejects(client.send({ ...MESSAGE, message: generator }), { kind: "refused" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(cancelled, 2);
});

test("a declared size travels with MAIL, and a stream may not exceed it", async (t) => {
  const { server, open } = await scripted(t, [...hello(["PIPELINING", "SIZE 1000"]), expect(/^MAIL FROM:<a@b.test> SIZE=6$/), ...ENVELOPE.slice(1), { do: "call", run: (connection) => connection.expectEnd().catch(() => {}) }]);
  const client = await open();
  await assert.rejects(client.send({ ...MESSAGE, size: 2000, message: (function* () { yield "x"; })() }), { reason: "message-too-large" });
  await assert.rejects(client.send({ ...MESSAGE, size: 6, message: (function* () { yield "1234\r\n"; yield "5\r\n"; })() }), { reason: "body-size-exceeded" });
  await server.finished();
});

test("100 MiB stream through 128 KiB of engine memory, octet by octet the same", { timeout: 120000 }, async (t) => {
  const { port, result } = await startDigestServer(t);
  const client = await connect({ hostname: "127.0.0.1", port, tls: "none" });
  const line = `${".".repeat(3)}${"x".repeat(71)}\r\n`;
  const piece = Buffer.from(line.repeat(1724)); // 131,024 octets
  const onTheWire = Buffer.from(`.${line}`.repeat(1724));
  const count = Math.ceil((100 * MiB) / piece.length);
  const expected = createHash("sha256");
  let largest = 0;
  const before = process.memoryUsage().rss;
  async function* source() {
    for (let index = 0; index < count; index += 1) {
      expected.update(onTheWire);
      largest = Math.max(largest, process.memoryUsage().rss);
      yield piece;
    }
  }
  assert.equal((await client.send({ ...MESSAGE, message: source() })).accepted, 1);
  assert.equal(client.memorySize, 131072);
  await client.quit();
  assert.equal(result.octets, count * onTheWire.length + 3);
  assert.equal(result.digest, expected.update(".\r\n").digest("hex"));
  // Client and server are one process here; neither may hold the message.
  assert.ok(largest - before < 90 * MiB, `the process grew by ${Math.round((largest - before) / MiB)} MiB`);
});

test("a connection that ends after the envelope leaves nothing in doubt", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, close()]);
  const client = await open();
  async function* slow() {
    for (;;) {
      yield "x\r\n";
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await assert.rejects(client.send({ ...MESSAGE, message: slow() }), (error) => error.inDoubt === false && error.recipients[0].status === "not-sent");
});

test("a stream of Node.js is let go also if nothing of it was read, or if it never gives what it was asked for", async (t) => {
  const idle = () => new Readable({ read() {} });
  const { open } = await scripted(t, [...hello([]), expect("MAIL"), send("550 no"), expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), send("354 go"), wait()]);
  const client = await open({ timeouts: { body: 100 } });
  const sources = Array.from({ length: 4 }, idle);
  await assert.rejects(client.send({ ...MESSAGE, message: sources[0] }), { code: 550 });
  await assert.rejects(client.send({ ...MESSAGE, message: sources[1] }), { reason: "timeout", step: "message" });
  await assert.rejects(client.send({ ...MESSAGE, message: sources[2] }), { reason: "timeout" });
  const failed = sendMail({ hostname: "127.0.0.1", port: await reservePort(), tls: "none", ...MESSAGE, to: ["c@d.test", "e@f.test"], message: sources[3] });
  await assert.rejects(failed, ({ reason, recipients }) => {
    assert.equal(reason, "connection-refused");
    assert.deepEqual(recipients.map(({ address, status }) => [address, status]), [["c@d.test", "not-sent"], ["e@f.test", "not-sent"]]);
    return true;
  });
  assert.deepEqual(sources.map(({ destroyed }) => destroyed), [true, true, true, true]);
});

test("an iterator that breaks its own rules is the source's fault", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, wait()]);
  const client = await open();
  const message = { [Symbol.iterator]: () => ({ next() {} }) };
  await assert.rejects(client.send({ ...MESSAGE, message }), ({ kind, reason, field, cause }) => kind === "input" && reason === "message-source" && field === "message" && cause instanceof TypeError);
});

test("a source that cannot be let go changes nothing", async (t) => {
  const { open } = await scripted(t, [...hello(["PIPELINING"]), ...ENVELOPE, readData(), send("250 ok"), ...QUIT]);
  const client = await open();
  const message = { [Symbol.iterator]: () => ({ rest: ["x\r\n"], next() { const value = this.rest.pop(); return { value, done: !value }; }, return() { throw new Error("no"); } }) };
  assert.equal((await client.send({ ...MESSAGE, message })).accepted, 1);
  await client.quit();
});
