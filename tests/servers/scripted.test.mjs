// The scripted server does each of its steps, and notices a client that does not.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "./ca.mjs";
import { DEFAULT_PARENT } from "./folders.mjs";
import { RawClient } from "./raw-client.mjs";
import { startScripted } from "./scripted.mjs";
import * as steps from "./scripted-steps.mjs";

let ca;
before(() => {
  ca = makeCertificates(join(DEFAULT_PARENT, "ca"));
});

/** Starts a script and a client for it; both end with the test. */
async function open(context, options, { tls } = {}) {
  const server = await startScripted(Array.isArray(options) ? { steps: options } : options);
  context.after(() => server.stop());
  const client = await RawClient.open({ host: server.host, port: server.port, tls: tls && { ca: ca.file } });
  context.after(() => client.close());
  return { server, client };
}

test("a whole dialogue: lines, data, chunks, all recorded octet for octet", async (context) => {
  const { server, client } = await open(context, [
    ...steps.hello(["CHUNKING", "PIPELINING"]),
    steps.expect(/^MAIL FROM:<.*>$/), steps.send("250 ok"),
    steps.expect("data"), steps.send("354 go"), steps.readData(), steps.send("250-one", "250 two"),
    steps.readChunk(), steps.send("250 chunk"), steps.expect("QUIT"), steps.send("221 bye"), steps.close(),
  ]);
  assert.match(await client.reply(), /^220 /);
  assert.equal(await client.command("EHLO me"), "250-scripted.test\n250-CHUNKING\n250 PIPELINING");
  await client.command("MAIL FROM:<>");
  await client.command("DATA");
  client.write(Buffer.from("a\r\n..\r\n\xff\0\r\n.\r\n", "latin1"));
  assert.equal(await client.reply(), "250-one\n250 two");
  client.write("BDAT 5 LAST\r\n\r\n.\r\n");
  assert.equal(await client.reply(), "250 chunk");
  assert.equal(await client.command("QUIT"), "221 bye");
  assert.equal(await client.rest(), "");
  const connection = await server.finished();
  const expected = "EHLO me\r\nMAIL FROM:<>\r\nDATA\r\na\r\n..\r\n\xff\0\r\n.\r\nBDAT 5 LAST\r\n\r\n.\r\nQUIT\r\n";
  assert.equal(connection.received.toString("latin1"), expected);
  assert.deepEqual(connection.lines, ["EHLO me", "MAIL FROM:<>", "DATA", "BDAT 5 LAST", "QUIT"]);
  assert.deepEqual(connection.messages.map((message) => message.toString("latin1")), ["a\r\n..\r\n\xff\0\r\n.\r\n", "\r\n.\r\n"]);
});

test("an empty message's dot ends the data at once", async (context) => {
  const { server, client } = await open(context, [steps.expect("DATA"), steps.send("354 go"), steps.readData(), steps.send("250 ok")]);
  await client.command("DATA");
  assert.equal(await client.command("."), "250 ok");
  assert.equal((await server.finished()).messages[0].toString(), ".\r\n");
});

test("a client that leaves the script is reported", async (context) => {
  const { server, client } = await open(context, [steps.send("220 x"), steps.expect("EHLO ")]);
  await client.reply();
  client.write("HELO me\r\n");
  await assert.rejects(server.finished(), /expected EHLO , got "HELO me"/);
  const early = await open(context, [steps.send("220 x"), steps.expect("EHLO ")]);
  early.client.close();
  await assert.rejects(early.server.finished(), /waiting for EHLO : the client closed/);
  const chatty = await open(context, [steps.send("220 x"), steps.expectEnd()]);
  chatty.client.write("MORE\r\n");
  await assert.rejects(chatty.server.finished(), /the client was to close, but sent "MORE/);
});

test("STARTTLS, with plaintext injected behind the 220 when the script says so", async (context) => {
  const { server, client } = await open(context, {
    certificate: ca.good,
    steps: [...steps.hello(["STARTTLS"]), steps.expect("STARTTLS"), steps.sendRaw("220 go\r\n250 injected\r\n"), steps.startTls(), steps.expect("EHLO "), steps.send("250 secure")],
  });
  await client.reply();
  await client.command("EHLO plain");
  assert.equal(await client.command("STARTTLS"), "220 go");
  assert.equal(await client.reply(), "250 injected");
  await client.startTls({ ca: ca.file });
  assert.equal(await client.command("EHLO secure"), "250 secure");
  const connection = await server.finished();
  assert.equal(connection.receivedPlain.toString(), "EHLO plain\r\nSTARTTLS\r\n");
  assert.equal(connection.received.toString(), "EHLO plain\r\nSTARTTLS\r\nEHLO secure\r\n");
});

test("implicit TLS; a handshake may fail only where that is allowed", async (context) => {
  const { server, client } = await open(context, { tls: "implicit", certificate: ca.goodEcdsa, steps: [steps.send("220 x"), steps.expect("QUIT"), steps.close()] }, { tls: true });
  await client.reply();
  client.write("QUIT\r\n");
  assert.equal(await client.rest(), "");
  await server.finished();
  for (const tlsMayFail of [true, false]) {
    // A client that speaks plaintext to a TLS port.
    const mistaken = await open(context, { tls: "implicit", certificate: ca.good, tlsMayFail, steps: [steps.send("220 never")] });
    mistaken.client.write("EHLO me\r\n");
    if (tlsMayFail) assert.ok((await mistaken.server.finished()).tlsError);
    else await assert.rejects(mistaken.server.finished(), /TLS handshake/);
  }
});

test("closing in order, abruptly and by reset look different on TLS", async (context) => {
  for (const [step, ending] of [[steps.close(), ""], [steps.closeAbruptly(), ""], [steps.reset(), "ECONNRESET"]]) {
    const { client } = await open(context, { tls: "implicit", certificate: ca.good, steps: [steps.send("220 x"), steps.expect("NOOP"), step] }, { tls: true });
    await client.reply();
    client.write("NOOP\r\n");
    if (ending) await assert.rejects(client.reply(), new RegExp(ending));
    else assert.equal(await client.rest(), "");
  }
});

test("a plain reset is a reset, a close is an end", async (context) => {
  const reset = await open(context, [steps.expect("X"), steps.reset()]);
  reset.client.write("X\r\n");
  await assert.rejects(reset.client.reply(), /ECONNRESET/);
  const ended = await open(context, [steps.send("421 bye"), steps.close()]);
  assert.equal(await ended.client.rest(), "421 bye\r\n");
});

test("octets one by one, and garbage that is the same each time", async (context) => {
  const { server, client } = await open(context, [steps.sendSlowly("220-one\r\n220 two\r\n", { delayMs: 2 }), steps.expect("X"), steps.sendGarbage(64), steps.close()]);
  const socket = connect(server.port, "127.0.0.1");
  context.after(() => socket.destroy());
  const sizes = [];
  socket.on("data", (chunk) => sizes.push(chunk.length));
  assert.equal(await client.reply(), "220-one\n220 two");
  while (sizes.reduce((sum, size) => sum + size, 0) < 18) await sleep(5);
  assert.ok(sizes.length > 5, `${sizes}`);
  client.write("X\r\n");
  socket.write("X\r\n");
  const garbage = await client.rest();
  assert.equal(garbage.length, 64);
  assert.doesNotMatch(garbage, /[\r\n]/);
});

test("a stall stops reading, and stopping the server ends it", async (context) => {
  const { server, client } = await open(context, [steps.send("220 x"), steps.stall()]);
  await client.reply();
  client.write("ignored\r\n");
  await sleep(50);
  assert.equal(server.connections[0].received.length, 0);
  await server.stop();
  await assert.rejects(client.reply(), /closed by the server/);
});

test("each connection can have a script of its own", async (context) => {
  const server = await startScripted({ steps: (index) => [steps.send(`220 number ${index}`), steps.close()] });
  context.after(() => server.stop());
  for (const index of [0, 1]) {
    const client = await RawClient.open({ port: server.port });
    assert.equal(await client.rest(), `220 number ${index}\r\n`);
    client.close();
  }
  await server.finished(2);
  assert.equal(server.connections.length, 2);
});

test("from a JSON file, for other languages", async () => {
  const script = { certificate: ca.good, steps: [{ hello: ["STARTTLS"] }, { expect: "/^STARTTLS$/" }, { send: "220 go" }, { startTls: {} }, { expect: "QUIT" }, { send: ["221-a", "221 b"] }, { close: true }] };
  const child = spawn(process.execPath, [fileURLToPath(new URL("scripted.mjs", import.meta.url)), "-"]);
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stdin.end(JSON.stringify(script));
  while (!output.includes("\n")) await sleep(10);
  const client = await RawClient.open({ port: JSON.parse(output).port });
  await client.reply();
  await client.command("EHLO me");
  await client.command("STARTTLS");
  await client.startTls({ ca: ca.file });
  assert.equal(await client.command("QUIT"), "221-a\n221 b");
  const [code] = await once(child, "exit");
  client.close();
  assert.equal(code, 0);
  const { connections: [connection] } = JSON.parse(output.split("\n")[1]);
  assert.deepEqual(connection.lines, ["EHLO me", "STARTTLS", "QUIT"]);
  assert.equal(connection.error, null);
});
