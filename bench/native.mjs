// The client for C on libuv beside libcurl, libESMTP, nodemailer and Python's smtplib, one connection
// each: processor time on smtp-sink, messages a second and round trips over a distance, and the memory
// that a large message takes. Prints the tables, and writes them into docs/src/performance.md with a plot.
//
//   node bench/native.mjs

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDelayProxy } from "../tests/servers/delay-proxy.mjs";
import { startServers } from "../tests/servers/servers.mjs";
import { barChart } from "./native/chart.mjs";
import { buildClients, NAMES, OURS, root, runClient } from "./native/clients.mjs";
import { judge, machine, table, targetTable, writePart } from "./native/page.mjs";

const RUNS = 3;
const NEAR_RUNS = 9; // one run differs from the next by a quarter
const NEAR_MESSAGES = 1000; // fewer let the noise of a busy machine decide
const KIB = 1024;
const LARGE = 100 * KIB * KIB;

const MOST_CPU = 0.4; // of libcurl's
const LEAST_RATE = 2; // times libcurl's, at 20 ms

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

/** Processor time and rate without a distance, in turn, so that what else the machine does meets all. */
async function measureNear(port) {
  const taken = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let at = 0; at < NEAR_RUNS; at += 1) for (const name of NAMES) taken[name].push(await runClient(name, port, NEAR_MESSAGES, KIB));
  return Object.fromEntries(NAMES.map((name) => {
    const of = (key) => median(taken[name].map((one) => one[key]));
    return [name, { cpu: of("cpu") / NEAR_MESSAGES, rate: (NEAR_MESSAGES * 1e6) / of("us") }];
  }));
}

/**
 * Over a distance clients mostly wait, so they run at the same time, each through a proxy of its own.
 * Round trips are those of count + 1 messages less those of one: neither connecting nor QUIT. The rate is
 * that of the fastest run, as what else the machine does can only make a client slower.
 */
async function measureFar(port, roundTripMs, count) {
  return Object.fromEntries(await Promise.all(NAMES.map(async (name) => {
    const proxy = await startDelayProxy({ target: { port }, roundTripMs });
    const turns = async (messages) => {
      proxy.reset();
      const { us } = await runClient(name, proxy.port, messages, KIB);
      return { us, turns: proxy.connections.reduce((sum, connection) => sum + connection.turns, 0) };
    };
    const one = await turns(0);
    const taken = [];
    for (let at = 0; at < RUNS; at += 1) taken.push(await turns(count));
    await proxy.stop();
    return [name, { rate: (count * 1e6) / Math.min(...taken.map(({ us }) => us)), roundTrips: (median(taken.map((all) => all.turns)) - one.turns) / count }];
  })));
}

async function measureMemory(port) {
  const peaks = {};
  for (const name of [OURS, "libcurl"]) peaks[name] = median([await runClient(name, port, 0, LARGE), await runClient(name, port, 0, LARGE), await runClient(name, port, 0, LARGE)].map(({ peak }) => peak / KIB));
  return peaks;
}

const farTable = (far) => table(["client", "messages/s", "round trips a message"], NAMES.map((name) => [name, far[name].rate.toFixed(1), far[name].roundTrips.toFixed(2)]));

buildClients();
const servers = await startServers({ names: ["smtp-sink", "postfix"] });
let near, sink20, sink100, postfix20, peaks;
try {
  const sink = servers["smtp-sink"].listeners.discard.port;
  const postfix = servers.postfix.listeners.unlimited.port;
  near = await measureNear(sink);
  sink20 = await measureFar(sink, 20, 30);
  sink100 = await measureFar(sink, 100, 10);
  postfix20 = await measureFar(postfix, 20, 30);
  peaks = await measureMemory(sink);
} finally {
  await servers.stop();
}

const targets = [
  { name: "processor time a message, of libcurl's", now: near[OURS].cpu / near.libcurl.cpu, most: MOST_CPU },
  { name: "messages/s at 20 ms, smtp-sink, times libcurl's", now: sink20[OURS].rate / sink20.libcurl.rate, least: LEAST_RATE },
  { name: "messages/s at 20 ms, Postfix, times libcurl's", now: postfix20[OURS].rate / postfix20.libcurl.rate, least: LEAST_RATE },
];

writeFileSync(join(root, "docs/src/performance.svg"), barChart([
  { title: "CPU µs a message, smtp-sink (less is better)", bars: NAMES.map((name) => ({ name, value: near[name].cpu })) },
  { title: "Messages/s at 20 ms, Postfix (more is better)", bars: NAMES.map((name) => ({ name, value: postfix20[name].rate })) },
]));
writePart("native", `
Numbers are medians of ${RUNS} runs, rates over a distance those of the fastest; ${machine()}.

![Processor time a message, and messages a second at 20 ms](performance.svg)

${targetTable(targets)}

### Without a distance

smtp-sink, ${NEAR_MESSAGES} messages of 1 KB. Processor time is that of the client, user and system;
medians of ${NEAR_RUNS} runs.

${table(["client", "CPU µs a message", "of libcurl's", "messages/s"], NAMES.map((name) => [name, near[name].cpu.toFixed(1), (near[name].cpu / near.libcurl.cpu).toFixed(2), near[name].rate.toFixed(0)]))}

### Over a distance

The clients run at the same time, through a proxy each. smtp-sink offers PIPELINING, Postfix CHUNKING as
well: without it a message takes two round trips where libcurl takes four, so that twice libcurl's rate
is all that messages one after another can reach there.

smtp-sink, 20 ms round trip, 30 messages of 1 KB:

${farTable(sink20)}

smtp-sink, 100 ms, 10 messages of 1 KB:

${farTable(sink100)}

Postfix, 20 ms, 30 messages of 1 KB:

${farTable(postfix20)}

### Memory

Peak of resident memory (VmHWM) while a message of 100 MB is streamed from a callback:

${table(["client", "MiB"], Object.entries(peaks).map(([name, mib]) => [name, mib.toFixed(1)]))}
`);
judge(targets);
