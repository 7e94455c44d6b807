// The proxy delays by what it was told, keeps order and half-close, and counts turns as a client sees them.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startDelayProxy } from "./delay-proxy.mjs";
import { RawClient } from "./raw-client.mjs";
import { startScripted } from "./scripted.mjs";
import { close, expect, expectEnd, hello, send, wait } from "./scripted-steps.mjs";

const DIALOGUE = [...hello(["PIPELINING"]), expect("NOOP"), send("250 one"), expect("NOOP"), send("250 two"), expect("NOOP"), send("250 three"), expect("QUIT"), send("221 bye"), close()];

async function speak(port) {
  const client = await RawClient.open({ port });
  await client.reply();
  await client.command("EHLO client.test");
  // Two commands in one write, replies read together, then one more.
  await client.command("NOOP", "NOOP");
  await client.reply();
  await client.command("NOOP");
  await client.command("QUIT");
  assert.equal(await client.rest(), "");
  client.close();
}

test("a dialogue takes its turns' time, and they are counted", async () => {
  const server = await startScripted({ steps: DIALOGUE });
  const proxy = await startDelayProxy({ target: server, roundTripMs: 50 });
  const began = performance.now();
  await speak(proxy.port);
  const took = performance.now() - began;
  // Connecting and the greeting take two round trips, EHLO, NOOP NOOP, NOOP and QUIT one each.
  assert.ok(took >= 6 * 50, `${took} ms`);
  assert.ok(took < 9 * 50, `${took} ms`);
  await server.finished();
  const [counts] = proxy.connections;
  assert.equal(counts.turns, 4);
  assert.equal(counts.clientBytes, Buffer.byteLength("EHLO client.test\r\nNOOP\r\nNOOP\r\nNOOP\r\nQUIT\r\n"));
  assert.ok(counts.serverBytes > 80);
  proxy.reset();
  assert.equal(proxy.connections.length, 0);
  await proxy.stop();
  await server.stop();
});

test("without a delay it only counts", async () => {
  const server = await startScripted({ steps: DIALOGUE });
  const proxy = await startDelayProxy({ target: server, roundTripMs: 0 });
  await speak(proxy.port);
  await server.finished();
  assert.equal(proxy.connections[0].turns, 4);
  await proxy.stop();
  await server.stop();
});

test("commands sent while replies come in belong to one turn for each round trip", async () => {
  const steps = [send("220 hello"), ...Array.from({ length: 40 }, (_, index) => [expect("NOOP"), send(`250 ${index}`), wait(2)]), expectEnd()];
  const server = await startScripted({ steps });
  const proxy = await startDelayProxy({ target: server, roundTripMs: 60 });
  const client = await RawClient.open({ port: proxy.port });
  await client.reply();
  // Ten commands ahead all the time: each reply lets the next one go.
  await client.command(...Array(10).fill("NOOP"));
  for (let sent = 10; sent < 40; sent += 1) await client.command("NOOP");
  for (let left = 9; left > 0; left -= 1) await client.reply();
  assert.ok(proxy.connections[0].turns >= 4 && proxy.connections[0].turns <= 6, `${proxy.connections[0].turns} turns`);
  client.close();
  await server.finished();
  await proxy.stop();
  await server.stop();
});

test("many octets arrive in order, and a half-close leaves the other direction open", async () => {
  const echo = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    // Answers only after the client's end, which it must see although its own side is open.
    socket.on("end", () => socket.end(Buffer.concat(chunks)));
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const proxy = await startDelayProxy({ target: echo.address(), roundTripMs: 20 });
  const sent = Buffer.alloc(20 * 1024 * 1024);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
  const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
  const received = [];
  client.on("data", (chunk) => received.push(chunk));
  client.end(sent);
  await once(client, "end");
  assert.ok(Buffer.concat(received).equals(sent));
  await proxy.stop();
  echo.close();
});

test("a reset on one side is a reset on the other", async () => {
  const server = await startScripted({ steps: [send("220 hello"), expect("RESET"), { do: "reset" }] });
  const proxy = await startDelayProxy({ target: server, roundTripMs: 10 });
  const client = connect({ port: proxy.port, host: "127.0.0.1" });
  await once(client, "data");
  client.write("RESET\r\n");
  const [error] = await once(client, "error");
  assert.equal(error.code, "ECONNRESET");
  await proxy.stop();
  await server.stop();
});

test("the client's close reaches the server", async () => {
  const server = await startScripted({ steps: [send("220 hello"), expectEnd()] });
  const proxy = await startDelayProxy({ target: server, roundTripMs: 10 });
  const client = connect({ port: proxy.port, host: "127.0.0.1" });
  await once(client, "data");
  client.end();
  await server.finished();
  await proxy.stop();
  await server.stop();
});

test("the command line proxies and reports", async () => {
  const server = await startScripted({ steps: DIALOGUE });
  const child = spawn(process.execPath, [fileURLToPath(new URL("delay-proxy.mjs", import.meta.url)), "--target", String(server.port), "--rtt", "10"]);
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const lines = async (count) => {
    while (output.split("\n").length <= count) await sleep(10);
    return output.trim().split("\n").map((line) => JSON.parse(line));
  };
  const [{ port }] = await lines(1);
  await speak(port);
  const [, counts] = await lines(2);
  assert.equal(counts.turns, 4);
  child.kill();
  await server.stop();
});
