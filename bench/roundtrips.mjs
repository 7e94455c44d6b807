// Round trips and time a message costs over a distance, on Postfix with PIPELINING and CHUNKING behind
// a proxy that delays both directions; and what an instance of the engine costs. Peers run beside it.
//
//   node bench/roundtrips.mjs [--rtt 40] [--count 100]

import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openSession } from "../adapters/js/driver.mjs";
import { connect, host } from "../adapters/js/hosts/node.mjs";
import { startWorker } from "../tests/runtime/workerd.mjs";
import { startDelayProxy } from "../tests/servers/delay-proxy.mjs";
import { startServers } from "../tests/servers/servers.mjs";

const { createTransport } = createRequire(new URL("../tests/package.json", import.meta.url))("nodemailer");
const { values } = parseArgs({ options: { rtt: { type: "string", default: "40" }, count: { type: "string", default: "100" } } });
const roundTripMs = Number(values.rtt);
const count = Number(values.count);
const FROM = "bench@lab.test";
const TO = "b@lab.test";
const text = "A line of a message of two thousand octets.\r\n".repeat(45);

/** Messages under way at a time, where messages overlap. */
const OVERLAP = 10;
/**
 * Most round trips a message may cost, and how many times nodemailer must be slower. It pipelines, too,
 * and needs two round trips; the server's own time for a message is the same with both.
 */
const TARGETS = { 1: { roundTrips: 1.1, faster: 1.5 }, [OVERLAP]: { roundTrips: 0.2, faster: 10 } };
const MOST_INSTANCE_US = 100;
const MOST_MEMORY = 131072;

const servers = await startServers({ names: ["postfix"] });
const proxy = await startDelayProxy({ target: { port: servers.postfix.listeners.unlimited.port }, roundTripMs });
const worker = await startWorker({ entry: "bench/workers/send.mjs" });

const inWorker = (client, overlap = 1) => async (messages) => {
  const response = await fetch(worker.url, { method: "POST", body: JSON.stringify({ client, overlap, port: proxy.port, count: messages, text, ...servers.users[0] }) });
  if (!response.ok) throw new Error(`${client}: ${await response.text()}\n${worker.log()}`);
  return (await response.json()).ms;
};

const inNode = (overlap) => async (messages) => {
  const client = await connect({ hostname: "127.0.0.1", port: proxy.port, tls: "none", ehloName: "bench.lab.test", overlap });
  const began = performance.now();
  // Concurrent calls: without overlap they run one after another.
  await Promise.all(Array.from({ length: messages }, () => client.send({ from: FROM, to: TO, message: `From: ${FROM}\r\nTo: ${TO}\r\nSubject: bench\r\n\r\n${text}` })));
  const ms = performance.now() - began;
  await client.quit();
  return ms;
};

const NODEMAILER = "nodemailer, Node";
const CLIENTS = {
  async [NODEMAILER](messages) {
    const transport = createTransport({ host: "127.0.0.1", port: proxy.port, secure: false, ignoreTLS: true, pool: true, maxConnections: 1, maxMessages: Infinity });
    const began = performance.now();
    for (let index = 0; index < messages; index += 1) await transport.sendMail({ from: FROM, to: TO, subject: "bench", text });
    const ms = performance.now() - began;
    transport.close();
    return ms;
  },
  "worker-mailer, workerd": inWorker("worker-mailer"),
  "wasm-smtp, Node": inNode(1),
  "wasm-smtp, workerd": inWorker("wasm-smtp"),
  [`wasm-smtp, Node, overlap ${OVERLAP}`]: inNode(OVERLAP),
  [`wasm-smtp, workerd, overlap ${OVERLAP}`]: inWorker("wasm-smtp", OVERLAP),
};

/** Turns of the proxied session so far (it may stay open with some clients). */
const turns = () => proxy.connections.reduce((sum, { turns: number }) => sum + number, 0);

/** What `count` messages cost beyond one, so that connecting and quitting do not count. */
async function measure(run) {
  proxy.reset();
  const oneMs = await run(1);
  const one = turns();
  proxy.reset();
  const manyMs = await run(1 + count);
  return { roundTrips: (turns() - one) / count, ms: (manyMs - oneMs) / count };
}

/** Median time in microseconds; what the collector of garbage takes now and then does not count. */
function medianUs(run) {
  const times = Array.from({ length: 1000 }, () => {
    const began = performance.now();
    run();
    return (performance.now() - began) * 1000;
  });
  return times.sort((a, b) => a - b)[times.length / 2];
}

async function instanceCost() {
  const module = await host.module();
  const options = { ehloName: "bench.lab.test", tls: "none" };
  return {
    instance: medianUs(() => new WebAssembly.Instance(module)),
    session: medianUs(() => openSession(module, options)),
    memory: openSession(module, options).memorySize(),
  };
}

const missed = [];
try {
  console.log(`Postfix, ${roundTripMs} ms round trip, ${count} messages of 2 KB on one connection\n`);
  console.log("client".padEnd(32), "round trips/message".padStart(20), "ms/message".padStart(12), "times faster than nodemailer".padStart(30));
  let nodemailerMs;
  for (const [name, run] of Object.entries(CLIENTS)) {
    const { roundTrips, ms } = await measure(run);
    if (name === NODEMAILER) nodemailerMs = ms;
    console.log(name.padEnd(32), roundTrips.toFixed(2).padStart(20), ms.toFixed(1).padStart(12), (nodemailerMs / ms).toFixed(1).padStart(30));
    if (!name.startsWith("wasm-smtp")) continue;
    const target = TARGETS[name.endsWith(`overlap ${OVERLAP}`) ? OVERLAP : 1];
    if (roundTrips > target.roundTrips) missed.push(`${name}: more than ${target.roundTrips} round trips a message`);
    if (ms * target.faster > nodemailerMs) missed.push(`${name}: not ${target.faster} times as fast as nodemailer`);
  }
  const { instance, session, memory } = await instanceCost();
  console.log(`\nAn instance of the engine: ${instance.toFixed(0)} us (at most ${MOST_INSTANCE_US}), a session opened in it: ${session.toFixed(0)} us, ${memory / 1024} KiB (at most ${MOST_MEMORY / 1024})`);
  if (instance > MOST_INSTANCE_US) missed.push("an instance takes too long");
  if (memory > MOST_MEMORY) missed.push("a session takes too much memory");
} finally {
  await worker.stop();
  await proxy.stop();
  await servers.stop();
}
for (const target of missed) console.error(`missed: ${target}`);
process.exitCode = missed.length ? 1 : 0;
