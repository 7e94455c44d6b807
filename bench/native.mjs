// The client for C on libuv beside libcurl, libESMTP, nodemailer and Python's smtplib, one connection
// each: processor time on smtp-sink, messages a second and round trips over a distance, and the memory
// that a large message takes. Prints the tables, and writes docs/src/performance.md and its plot.
//
//   node bench/native.mjs

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startDelayProxy } from "../tests/servers/delay-proxy.mjs";
import { startServers } from "../tests/servers/servers.mjs";
import { barChart } from "./native/chart.mjs";

const root = join(import.meta.dirname, "..");
const sources = join(import.meta.dirname, "native");
const built = join(root, "build/bench");
const RUNS = 3;
const NEAR_MESSAGES = 1000; // fewer let the noise of a busy machine decide
const KIB = 1024;
const LARGE = 100 * KIB * KIB;

const MOST_CPU = 0.4; // of libcurl's
const LEAST_RATE = 2; // times libcurl's, at 20 ms
const MOST_ROUND_TRIPS = 1.1;
const MOST_ROUND_TRIPS_OVERLAPPED = 0.2;

function build() {
  const call = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("tools/setup.sh", ["bench"], { cwd: root, stdio: "inherit" });
  call("cmake", "--preset", "release");
  call("cmake", "--build", "--preset", "release", "--target", "wsmtp_uv");
  mkdirSync(built, { recursive: true });
  const libraries = {
    ours: ["build/release/adapters/uv/libwsmtp_uv.a", "build/release/libwsmtp.a", "-luv", "-lidn2", "-lssl", "-lcrypto"],
    libcurl: ["-lcurl"],
    libesmtp: ["-lesmtp"],
  };
  for (const [name, list] of Object.entries(libraries)) {
    call("gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-Iinclude", "-Iadapters/uv",
      join(sources, `${name}.c`), join(sources, "measure.c"), ...list, "-o", join(built, name));
  }
}

const OURS = "wasm-smtp, libuv";
const OVERLAPPED = "wasm-smtp, overlap 10";
const CLIENTS = {
  [OURS]: [join(built, "ours")],
  [OVERLAPPED]: [join(built, "ours")],
  libcurl: [join(built, "libcurl")],
  libESMTP: [join(built, "libesmtp")],
  nodemailer: [process.execPath, join(sources, "nodemailer_client.mjs")],
  "Python smtplib": ["python3", join(sources, "smtplib_client.py")],
};
const NAMES = Object.keys(CLIENTS);

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const run = promisify(execFile);

/** One run of a client; `count` messages beyond the first one are measured: {us, cpu, peak}. */
async function measure(name, port, count, octets) {
  const [program, ...args] = CLIENTS[name];
  const more = name === OVERLAPPED ? ["10"] : [];
  const { stdout } = await run(program, [...args, port, count, octets, ...more].map(String), { timeout: 60_000 });
  return JSON.parse(stdout);
}

/** Processor time and rate without a distance, in turn, so that what else the machine does meets all. */
async function measureNear(port) {
  const taken = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let at = 0; at < RUNS; at += 1) for (const name of NAMES) taken[name].push(await measure(name, port, NEAR_MESSAGES, KIB));
  return Object.fromEntries(NAMES.map((name) => {
    const of = (key) => median(taken[name].map((one) => one[key]));
    return [name, { cpu: of("cpu") / NEAR_MESSAGES, rate: (NEAR_MESSAGES * 1e6) / of("us") }];
  }));
}

/**
 * Over a distance clients mostly wait, so they run at the same time, each through a proxy of its own;
 * those in `alone` run one after another before that, as their times are compared closely. Round trips are those of count + 1 messages less those of one: neither connecting nor QUIT.
 */
async function measureFar(port, roundTripMs, count, octets, { runs = RUNS, alone = [] } = {}) {
  const measureOne = async (name) => {
    const proxy = await startDelayProxy({ target: { port }, roundTripMs });
    const turns = async (messages) => {
      proxy.reset();
      const { us } = await measure(name, proxy.port, messages, octets);
      return { us, turns: proxy.connections.reduce((sum, connection) => sum + connection.turns, 0) };
    };
    const one = await turns(0);
    const taken = [];
    for (let at = 0; at < runs; at += 1) taken.push(await turns(count));
    await proxy.stop();
    return [name, { rate: (count * 1e6) / median(taken.map(({ us }) => us)), roundTrips: (median(taken.map((all) => all.turns)) - one.turns) / count }];
  };
  const rows = [];
  for (const name of alone) rows.push(await measureOne(name));
  rows.push(...await Promise.all(NAMES.filter((name) => !alone.includes(name)).map(measureOne)));
  return Object.fromEntries(rows);
}

async function measureMemory(port) {
  const peaks = {};
  for (const name of [OURS, "libcurl"]) peaks[name] = median([await measure(name, port, 0, LARGE), await measure(name, port, 0, LARGE), await measure(name, port, 0, LARGE)].map(({ peak }) => peak / KIB));
  return peaks;
}

const table = (head, rows) => [`| ${head.join(" | ")} |`, `|---|${head.slice(1).map(() => "--:|").join("")}`, ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");
const farTable = (far) => table(["client", "messages/s", "round trips a message"], NAMES.map((name) => [name, far[name].rate.toFixed(1), far[name].roundTrips.toFixed(2)]));

build();
const loadBefore = loadavg()[0];
const servers = await startServers({ names: ["smtp-sink", "postfix"] });
let near, sink20, sink100, postfix20, postfix40, peaks;
try {
  const sink = servers["smtp-sink"].listeners.discard.port;
  const postfix = servers.postfix.listeners.unlimited.port;
  near = await measureNear(sink);
  sink20 = await measureFar(sink, 20, 30, KIB);
  sink100 = await measureFar(sink, 100, 10, KIB);
  postfix20 = await measureFar(postfix, 20, 30, KIB);
  postfix40 = await measureFar(postfix, 40, 100, 2 * KIB, { runs: 1, alone: [OURS, OVERLAPPED, "nodemailer"] });
  peaks = await measureMemory(sink);
} finally {
  await servers.stop();
}

const cpuShare = near[OURS].cpu / near.libcurl.cpu;
const targets = [
  ["processor time a message, of libcurl's", cpuShare, `at most ${MOST_CPU}`, cpuShare <= MOST_CPU],
  ["messages/s at 20 ms, smtp-sink, times libcurl's", sink20[OURS].rate / sink20.libcurl.rate, `at least ${LEAST_RATE}`, sink20[OURS].rate >= LEAST_RATE * sink20.libcurl.rate],
  ["messages/s at 20 ms, Postfix, times libcurl's", postfix20[OURS].rate / postfix20.libcurl.rate, `at least ${LEAST_RATE}`, postfix20[OURS].rate >= LEAST_RATE * postfix20.libcurl.rate],
  ["round trips a message, Postfix", postfix40[OURS].roundTrips, `at most ${MOST_ROUND_TRIPS}`, postfix40[OURS].roundTrips <= MOST_ROUND_TRIPS],
  ["round trips a message, Postfix, overlap 10", postfix40[OVERLAPPED].roundTrips, `at most ${MOST_ROUND_TRIPS_OVERLAPPED}`, postfix40[OVERLAPPED].roundTrips <= MOST_ROUND_TRIPS_OVERLAPPED],
  ["time at 40 ms, Postfix, of nodemailer's", postfix40.nodemailer.rate / postfix40[OURS].rate, "at most 0.5", postfix40[OURS].rate >= 2 * postfix40.nodemailer.rate],
  ["the same, overlap 10", postfix40.nodemailer.rate / postfix40[OVERLAPPED].rate, "at most 0.1", postfix40[OVERLAPPED].rate >= 10 * postfix40.nodemailer.rate],
];

const version = (command, ...args) => execFileSync(command, args, { encoding: "utf8" }).trim();
const page = `# Performance

Made by \`node bench/native.mjs\` (part of \`make bench\`), which runs everything below side by side on
one machine: ${cpus().length} processors (${cpus()[0].model.trim()}), Linux, gcc ${version("gcc", "-dumpversion")},
libcurl ${version("pkg-config", "--modversion", "libcurl")}, Node.js ${process.versions.node}, ${version("python3", "--version")}. Each client has one connection without TLS,
opened and used once before the measure begins. Numbers are medians of ${RUNS} runs unless said otherwise.
Times depend on the machine and on what else it does (load average ${loadBefore.toFixed(1)} before this run); round
trips hardly do.

![Processor time a message, and messages a second at 20 ms](performance.svg)

## Targets

${table(["measure", "now", "target", "met"], targets.map(([name, value, target, met]) => [name, value.toFixed(2), target, met ? "yes" : "no"]))}

## Without a distance

smtp-sink, ${NEAR_MESSAGES} messages of 1 KB. Processor time is that of the client, user and system.

${table(["client", "CPU µs a message", "of libcurl's", "messages/s"], NAMES.map((name) => [name, near[name].cpu.toFixed(1), (near[name].cpu / near.libcurl.cpu).toFixed(2), near[name].rate.toFixed(0)]))}

## Over a distance

A proxy delays what passes and counts how often a client had to wait for the server. The clients run at
the same time, through a proxy each, unless said otherwise. smtp-sink offers PIPELINING, Postfix
CHUNKING as well: without it a message takes two round trips where libcurl takes four, so that about
twice libcurl's rate is what messages one after another can reach there.

smtp-sink, 20 ms round trip, 30 messages of 1 KB:

${farTable(sink20)}

smtp-sink, 100 ms, 10 messages of 1 KB:

${farTable(sink100)}

Postfix, 20 ms, 30 messages of 1 KB:

${farTable(postfix20)}

Postfix, 40 ms, 100 messages of 2 KB, one run (wasm-smtp and nodemailer one after another, the others at once):

${farTable(postfix40)}

## Memory

Peak of resident memory (VmHWM) while a message of 100 MB is streamed from a callback:

${table(["client", "MiB"], Object.entries(peaks).map(([name, mib]) => [name, mib.toFixed(1)]))}
`;
writeFileSync(join(root, "docs/src/performance.md"), page);
writeFileSync(join(root, "docs/src/performance.svg"), barChart([
  { title: "CPU µs a message, smtp-sink (less is better)", bars: NAMES.map((name) => ({ name, value: near[name].cpu })) },
  { title: "Messages/s at 20 ms, Postfix (more is better)", bars: NAMES.map((name) => ({ name, value: postfix20[name].rate })) },
]));
console.log(page.replace(/^!.*\n\n/m, ""));
const missed = targets.filter(([, , , met]) => !met);
for (const [name, value, target] of missed) console.error(`missed: ${name}: ${value.toFixed(2)}, should be ${target}`);
process.exitCode = missed.length > 0 ? 1 : 0;
