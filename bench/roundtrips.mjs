// Round trips and time that a message costs over a distance, on Postfix with PIPELINING and CHUNKING behind
// a proxy that delays both directions, for this project's clients and their peers, in one run; the time
// of the same messages without a delay; and what an instance of the engine costs. Prints the tables, and
// writes them into docs/src/performance.md.
//
//   node bench/roundtrips.mjs [--rtt 40] [--count 100] [--runs 3]

import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { openSession } from "../adapters/js/driver.mjs";
import { connect, host } from "../adapters/js/hosts/node.mjs";
import { startWorker } from "../tests/runtime/workerd.mjs";
import { startDelayProxy } from "../tests/servers/delay-proxy.mjs";
import { startServers } from "../tests/servers/servers.mjs";
import { buildClients, OURS, OVERLAPPED, runClient } from "./native/clients.mjs";
import { judge, machine, table, targetTable, writePart } from "./native/page.mjs";

const { createTransport } = createRequire(new URL("../tests/package.json", import.meta.url))("nodemailer");
const { values } = parseArgs({ options: { rtt: { type: "string", default: "40" }, count: { type: "string", default: "100" }, runs: { type: "string", default: "3" } } });
const roundTripMs = Number(values.rtt);
const count = Number(values.count);
const runs = Number(values.runs);
const FROM = "bench@lab.test";
const TO = "b@lab.test";
const text = "A line of a message of two thousand octets.\r\n".repeat(45);

/** Messages under way at a time, where messages overlap. */
const OVERLAP = 10;
/** Most round trips that a message may cost, and most time, of nodemailer's. */
const TARGETS = { 1: { roundTrips: 1.1, time: 0.5 }, [OVERLAP]: { roundTrips: 0.2, time: 0.1 } };
const MOST_INSTANCE_US = 100;
const MOST_MEMORY_KIB = 128;
const OCTETS = 2048;

buildClients();
const servers = await startServers({ names: ["postfix"] });
const { port: near } = servers.postfix.listeners.unlimited;
const proxy = await startDelayProxy({ target: { port: near }, roundTripMs });
const worker = await startWorker({ entry: "bench/workers/send.mjs" });

const inWorker = (client, overlap = 1) => async (port, messages) => {
  const response = await fetch(worker.url, { method: "POST", body: JSON.stringify({ client, overlap, port, count: messages, text, ...servers.users[0] }) });
  if (!response.ok) throw new Error(`${client}: ${await response.text()}\n${worker.log()}`);
  return (await response.json()).ms;
};

const inNode = (overlap) => async (port, messages) => {
  const client = await connect({ hostname: "127.0.0.1", port, tls: "none", ehloName: "bench.lab.test", overlap });
  const send = () => client.send({ from: FROM, to: TO, message: `From: ${FROM}\r\nTo: ${TO}\r\nSubject: bench\r\n\r\n${text}` });
  await send();
  const began = performance.now();
  // Concurrent calls: without overlap they run one after another.
  await Promise.all(Array.from({ length: messages }, send));
  const ms = performance.now() - began;
  await client.quit();
  return ms;
};

const native = (name) => async (port, messages) => (await runClient(name, port, messages, OCTETS)).us / 1000;

const NODEMAILER = "nodemailer, Node";
/** Name → {run: (port, messages) → milliseconds, overlap of ours}; before them goes one message that does not count. */
const CLIENTS = {
  [NODEMAILER]: {
    async run(port, messages) {
      const transport = createTransport({ host: "127.0.0.1", port, secure: false, ignoreTLS: true, pool: true, maxConnections: 1, maxMessages: Infinity });
      const send = () => transport.sendMail({ from: FROM, to: TO, subject: "bench", text });
      await send();
      const began = performance.now();
      for (let index = 0; index < messages; index += 1) await send();
      const ms = performance.now() - began;
      transport.close();
      return ms;
    },
  },
  "worker-mailer, workerd": { run: inWorker("worker-mailer") },
  libcurl: { run: native("libcurl") },
  libESMTP: { run: native("libESMTP") },
  [OURS]: { run: native(OURS), overlap: 1 },
  "wasm-smtp, Node": { run: inNode(1), overlap: 1 },
  "wasm-smtp, workerd": { run: inWorker("wasm-smtp"), overlap: 1 },
  [OVERLAPPED]: { run: native(OVERLAPPED), overlap: OVERLAP },
  [`wasm-smtp, Node, overlap ${OVERLAP}`]: { run: inNode(OVERLAP), overlap: OVERLAP },
  [`wasm-smtp, workerd, overlap ${OVERLAP}`]: { run: inWorker("wasm-smtp", OVERLAP), overlap: OVERLAP },
};
const NAMES = Object.keys(CLIENTS);

/** Turns of the proxied session so far (it may stay open with some clients). */
const turns = () => proxy.connections.reduce((sum, { turns: number }) => sum + number, 0);

/** A message's round trips are what `count` more of them cost, so that connecting and quitting do not count. */
async function measure(run) {
  proxy.reset();
  await run(proxy.port, 0);
  const one = turns();
  proxy.reset();
  const ms = await run(proxy.port, count);
  return { roundTrips: (turns() - one) / count, ms: ms / count };
}

/**
 * All in turn, `runs` times, so that what else the machine does meets everyone; it can only make a client
 * slower, so that the least time of each is the one nearest to its own. Round trips: the most of them.
 */
async function measureAll() {
  const rows = Object.fromEntries(NAMES.map((name) => [name, { roundTrips: 0, ms: Infinity, nearMs: Infinity }]));
  for (let at = 0; at < runs; at += 1) {
    for (const name of NAMES) {
      const { run } = CLIENTS[name];
      const { roundTrips, ms } = await measure(run);
      const row = rows[name];
      row.roundTrips = Math.max(row.roundTrips, roundTrips);
      row.ms = Math.min(row.ms, ms);
      row.nearMs = Math.min(row.nearMs, await run(near, count) / count);
    }
  }
  return rows;
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

let rows, cost;
try {
  rows = await measureAll();
  cost = await instanceCost();
} finally {
  await worker.stop();
  await proxy.stop();
  await servers.stop();
}

const { ms: nodemailerMs } = rows[NODEMAILER];
const targets = NAMES.filter((name) => CLIENTS[name].overlap).flatMap((name) => {
  const target = TARGETS[CLIENTS[name].overlap];
  return [
    { name: `round trips a message, ${name}`, now: rows[name].roundTrips, most: target.roundTrips },
    { name: `time a message, ${name}, of nodemailer's`, now: rows[name].ms / nodemailerMs, most: target.time },
  ];
});
targets.push({ name: "µs, an instance of the engine", now: cost.instance, most: MOST_INSTANCE_US }, { name: "KiB, memory of a session", now: cost.memory / 1024, most: MOST_MEMORY_KIB });

// One message after another; the client in C takes next to nothing itself.
const server = rows[OURS].nearMs;
writePart("roundtrips", `
Postfix, ${roundTripMs} ms round trip, ${count} messages of 2 KB on one connection. Everyone in turn, ${runs} times, each time
after a message that does not count; the least time of each, the most round trips. ${machine()}.

${table(["client", "round trips a message", "ms a message", "times nodemailer's speed", "ms a message without delay"], NAMES.map((name) => [name, rows[name].roundTrips.toFixed(2), rows[name].ms.toFixed(1), (nodemailerMs / rows[name].ms).toFixed(2), rows[name].nearMs.toFixed(1)]))}

Without the delay what is left is the server's own time, which no client can save (${server.toFixed(1)} ms with the client
in C, messages one after another), and the client's. Between clients that take no time themselves, one round
trip against nodemailer's two is ${roundTripMs} + ${server.toFixed(1)} ms against ${2 * roundTripMs} + ${server.toFixed(1)} ms: ${((roundTripMs + server) / (2 * roundTripMs + server)).toFixed(3)} of the time. Only what nodemailer
takes itself, and does not take while it waits, can bring messages one after another below that.
libESMTP leaves Nagle's algorithm on: the second part of what it writes waits for an acknowledgement, which
comes after 40 ms or with a reply, so that over other distances it takes a third round trip.

${targetTable(targets)}

A session opened in an instance takes ${cost.session.toFixed(0)} µs (median).
`);
judge(targets);
