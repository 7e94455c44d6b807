// More recipients than a server takes at a time (LIMITS, 452): a message that can be given again goes in
// parts, and each recipient still has one outcome.

import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedPolicy } from "../../adapters/js/hosts/node.mjs";
import { expect, hello, readChunk, readData, send, wait } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const TEXT = "Subject: x\r\n\r\ntext\r\n";
const TO = ["a@d.test", "b@d.test", "c@d.test"];
const MESSAGE = { from: "a@b.test", to: TO, message: TEXT };
const RCPT2 = ["PIPELINING", "LIMITS RCPTMAX=2"];

const ask = (pattern, answer = "250 ok") => [expect(pattern), send(answer)];
/** One transaction, its recipients with their answers. */
const part = (recipients, answer) => [...ask("MAIL"), ...recipients.flatMap(([address, said]) => ask(`RCPT TO:<${address}>`, said)), ...ask("DATA", "354 go"), readData(), send(answer)];
const stuffed = (text) => text.replace(/^\./gm, "..") + ".\r\n";
const one = (client) => client.send(MESSAGE);
const statuses = ({ recipients }) => recipients.map(({ status, code, text }) => [status, code, text]);

test("recipients beyond RCPTMAX follow in a second transaction, with the whole message", async (t) => {
  const { server, open } = await scripted(t, [...hello(["LIMITS RCPTMAX=2"]), ...part([["a@d.test"], ["b@d.test"]], "250 queued as FIRST1"), ...part([["c@d.test"]], "250 queued as SECOND"), ...QUIT]);
  const events = [];
  const client = await open({ onEvent: ({ type, address }) => events.push(address ? `${type} ${address}` : type) });
  const result = await one(client);
  await client.quit();
  assert.deepEqual((await server.finished()).messages.map(String), [stuffed(TEXT), stuffed(TEXT)]);
  assert.deepEqual([result.accepted, result.recipients.map(({ status, code }) => [status, code])], [3, TO.map(() => ["accepted", 250])]);
  assert.equal(result.queueId, "SECOND");
  assert.deepEqual(events.filter((event) => event.startsWith("Message")), ["MessageAccepted"]);
});

test("so they do with pieces, chunks, large messages and functions that give a stream", async (t) => {
  const large = "x".repeat(78).concat("\r\n").repeat(1000);
  const chunked = () => ({
    do: "call",
    async run(connection) {
      let text = "";
      for (let last = false; !last; ) {
        const [, size, tail] = (await connection.readLine("BDAT")).split(" ");
        text += await connection.readBytes(Number(size));
        connection.write(Buffer.from(`250 ${size} taken\r\n`));
        last = tail === "LAST";
      }
      connection.messages.push(text);
    },
  });
  let given = 0;
  const streamed = () => {
    given += 1;
    return (async function* () { for (let at = 0; at < large.length; at += 8000) yield large.slice(at, at + 8000); })();
  };
  for (const [message, whole] of [[[large.slice(0, 300), new TextEncoder().encode(large.slice(300))], large], [streamed, large], [() => TEXT, TEXT], [() => [TEXT], TEXT]]) {
    const parts = [["a@d.test", "b@d.test"], ["c@d.test"]].flatMap((to) => [...ask("MAIL"), ...to.flatMap((address) => ask(`RCPT TO:<${address}>`)), chunked()]);
    const { server, open } = await scripted(t, [...hello(["CHUNKING", "LIMITS RCPTMAX=2"]), ...parts, ...QUIT]);
    const client = await open();
    const result = await client.send({ ...MESSAGE, message });
    await client.quit();
    const { messages } = await server.finished();
    assert.deepEqual([result.accepted, messages.length], [3, 2]);
    for (const text of messages) assert.ok(text === whole);
  }
  assert.equal(given, 2);
});

test("a part that is over before its source is: the next part has none of its octets, and the source ends", async (t) => {
  const text = "x".repeat(78).concat("\r\n").repeat(600);
  const split = 40000;
  let release;
  const held = new Promise((resolve) => (release = resolve));
  let given = 0;
  let ended = 0;
  const message = async function* () {
    const number = (given += 1);
    if (number === 2) release();
    try {
      yield text.slice(0, split);
      // The first one is late: its part is refused meanwhile.
      if (number === 1) await held;
      yield number === 1 ? "late\r\n" : text.slice(split);
    } finally {
      ended += 1;
    }
  };
  const chunks = { do: "call", async run(connection) {
    let got = "";
    for (let last = false; !last; ) {
      const [, size, tail] = (await connection.readLine("BDAT")).split(" ");
      got += await connection.readBytes(Number(size));
      last = tail === "LAST";
      connection.write(Buffer.from("250 ok\r\n"));
    }
    connection.messages.push(got);
  } };
  const { server, open } = await scripted(t, [...hello(["PIPELINING", "CHUNKING", "LIMITS RCPTMAX=1"]), expect("MAIL"), expect("RCPT"), readChunk(), send("250 ok", "550 nobody", "503 no recipients"),
    expect("RSET"), expect("MAIL"), expect("RCPT"), send("250 reset", "250 ok", "250 ok"), chunks, ...QUIT]);
  // So that the text travels with its envelope, and its first chunk before its end.
  const client = await open({ eagerOctets: 1e6 });
  const result = await client.send({ ...MESSAGE, to: TO.slice(0, 2), message, size: text.length });
  await client.quit();
  assert.deepEqual(statuses(result), [["refused", 550, "nobody"], ["accepted", 250, "ok"]]);
  const { messages } = await server.finished();
  assert.ok(messages[1] === text);
  assert.deepEqual([given, ended], [2, 2]);
});

test("a function is called once if one transaction will do, and not at all if none begins", async (t) => {
  let called = 0;
  const message = () => {
    called += 1;
    return TEXT;
  };
  const { open } = await scripted(t, [...hello([]), ...part([["a@d.test"]], "250 ok"), ...ask("MAIL", "550 no"), ...QUIT]);
  const client = await open();
  await client.send({ ...MESSAGE, to: TO[0], message });
  assert.equal(called, 1);
  await assert.rejects(client.send({ ...MESSAGE, message }), { code: 550 });
  assert.equal(called, 1);
  await client.quit();
});

test("a function that throws, or gives nothing to send, fails the message and no delivery is made", async (t) => {
  const broken = new Error("gone");
  for (const [message, expected] of [[() => { throw broken; }, { kind: "input", reason: "message-source", cause: broken }], [() => 3, { kind: "input", field: "message" }]]) {
    const { open } = await scripted(t, [...hello([]), ...ask("MAIL"), ...ask("RCPT"), ...ask("DATA", "354 go"), expect("never")]);
    const client = await open();
    await assert.rejects(client.send({ ...MESSAGE, to: TO[0], message }), (error) => {
      for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, `${name}: ${error.stack}`);
      assert.equal(error.recipients[0].status, "not-sent");
      return true;
    });
  }
});

test("what a function gives counts to the policy's limit, and to what the server takes", async (t) => {
  for (const [options, extensions, message, expected] of [
    [{ policy: boundedPolicy({ maxBytes: 10 }) }, [], () => TEXT, { kind: "policy", reason: "policy" }],
    [{}, ["SIZE 10"], () => [TEXT], { kind: "input", reason: "message-too-large" }],
    [{}, [], () => "bare\nLF", { kind: "input", reason: "body-bare-lf" }],
  ]) {
    const { open } = await scripted(t, [...hello(extensions), ...ask("MAIL"), ...ask("RCPT"), ...ask("DATA", "354 go"), wait()]);
    const client = await open(options);
    await assert.rejects(client.send({ ...MESSAGE, to: TO[0], message }), expected);
  }
});

test("RCPTDOMAINMAX: one transaction for each lot of domains", async (t) => {
  const to = ["a@d.test", "b@e.test", "c@D.test"];
  const { server, open } = await scripted(t, [...hello(["LIMITS RCPTDOMAINMAX=1"]), ...part([["a@d.test"]], "250 ok"), ...part([["b@e.test"]], "250 ok"), ...part([["c@D.test"]], "250 ok"), ...QUIT]);
  const client = await open();
  assert.equal((await client.send({ ...MESSAGE, to })).accepted, 3);
  await client.quit();
  assert.equal((await server.finished()).messages.length, 3);
});

test("452 to a recipient while others were accepted is tried again behind them, and is told as it was", async (t) => {
  const { open } = await scripted(t, [...hello([]), ...part([["a@d.test"], ["b@d.test", "452 4.5.3 too many"], ["c@d.test", "452 4.5.3 too many"]], "250 ok"), ...part([["b@d.test"], ["c@d.test", "550 nobody"]], "250 ok"), ...QUIT]);
  const events = [];
  const client = await open({ onEvent: ({ type, address, code }) => address && events.push([type, address, code]) });
  const result = await one(client);
  await client.quit();
  assert.deepEqual(statuses(result), [["accepted", 250, "ok"], ["accepted", 250, "ok"], ["refused", 550, "nobody"]]);
  assert.deepEqual(events, [
    ["RecipientAccepted", "a@d.test", 250], ["RecipientRejected", "b@d.test", 452], ["RecipientRejected", "c@d.test", 452],
    ["RecipientAccepted", "b@d.test", 250], ["RecipientRejected", "c@d.test", 550],
  ]);
});

test("a part that is refused decides about its own recipients only", async (t) => {
  const { open } = await scripted(t, [...hello(["LIMITS RCPTMAX=2"]), ...part([["a@d.test"], ["b@d.test"]], "250 2.0.0 fine"), ...part([["c@d.test"]], "552 5.2.2 full"), ...QUIT]);
  const client = await open();
  const result = await one(client);
  await client.quit();
  assert.deepEqual(result.recipients.map(({ status, code }) => [status, code]), [["accepted", 250], ["accepted", 250], ["refused", 552]]);
  // No recipient has the words of another one's reply.
  assert.ok(!result.recipients[2].text.includes("fine"));
});

test("a stream can be given once: more recipients than allowed are an error before a byte is sent", async (t) => {
  const { open } = await scripted(t, [...hello(RCPT2), ...ask("NOOP"), ...QUIT]);
  const client = await open();
  async function* stream() { yield TEXT; }
  for (const more of [{ message: stream() }, { allOrNothing: true }]) {
    await assert.rejects(client.send({ ...MESSAGE, ...more }), { kind: "unsupported", reason: "too-many-recipients", field: "to", message: "to are more than the server takes at a time" });
  }
  await client.noop();
  await client.quit();
});

test("a stream's 452 is an outcome like any other", async (t) => {
  async function* stream() { yield TEXT; }
  const { open } = await scripted(t, [...hello([]), ...part([["a@d.test"], ["b@d.test", "452 4.5.3 too many"]], "250 ok"), ...QUIT]);
  const client = await open();
  assert.deepEqual(statuses(await client.send({ ...MESSAGE, to: TO.slice(0, 2), message: stream() })), [["accepted", 250, "ok"], ["deferred", 452, "4.5.3 too many"]]);
  await client.quit();
});

test("a session that ends between parts leaves each recipient its outcome", async (t) => {
  const { open } = await scripted(t, [...hello(["LIMITS RCPTMAX=1"]), ...part([["a@d.test"]], "250 ok"), ...ask("MAIL", "421 4.3.0 going down")]);
  const client = await open();
  const result = await client.send({ ...MESSAGE, to: TO.slice(0, 2) });
  assert.deepEqual(result.recipients.map(({ status }) => status), ["accepted", "deferred"]);
});

test("MAILMAX: a message too many is refused, to be sent on a new connection", async (t) => {
  const { open } = await scripted(t, [...hello(["LIMITS MAILMAX=1"]), ...part([["a@d.test"]], "250 ok"), ...QUIT]);
  const client = await open();
  await client.send({ ...MESSAGE, to: TO[0] });
  await assert.rejects(client.send(MESSAGE), { kind: "unsupported", reason: "transaction-limit", retryable: true });
  await client.quit();
});

test("with overlap, parts and whole messages each have their own outcomes, in whatever order they end", async (t) => {
  const batch = { do: "call", async run(connection) {
    // Says yes to everything, and counts.
    let asked = 0;
    for (;;) {
      const line = await connection.readLine();
      if (line.startsWith("BDAT")) {
        connection.messages.push(`${asked}: ${await connection.readBytes(Number(line.split(" ")[1]))}`);
        asked = 0;
      }
      if (line.startsWith("RCPT")) asked += 1;
      await connection.write(Buffer.from(line === "QUIT" ? "221 bye\r\n" : "250 ok\r\n"));
      if (line === "QUIT") return;
    }
  } };
  const { server, open } = await scripted(t, [...hello(["PIPELINING", "CHUNKING", "LIMITS RCPTMAX=2"]), batch]);
  const client = await open({ overlap: 5 });
  const sizes = [3, 1, 5, 2, 4];
  const ended = [];
  const results = await Promise.all(sizes.map((size, number) =>
    client.send({ ...MESSAGE, to: Array.from({ length: size }, (_, index) => `r${index}@d.test`), message: `Number: ${number}\r\n` }).finally(() => ended.push(number))));
  await client.quit();
  assert.deepEqual(results.map(({ accepted, recipients }) => [accepted, recipients.length]), sizes.map((size) => [size, size]));
  const { messages } = await server.finished();
  for (const [number, size] of sizes.entries()) {
    const parts = messages.filter((text) => text.endsWith(`Number: ${number}\r\n`));
    assert.equal(parts.reduce((sum, text) => sum + parseInt(text, 10), 0), size);
    assert.equal(parts.length, Math.ceil(size / 2));
  }
  assert.deepEqual([...ended].sort(), [0, 1, 2, 3, 4]);
});
