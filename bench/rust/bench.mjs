// Builds and runs the bench of Rust's SMTP clients: the same messages to the same smtp-sink for
// processor time and allocations; through a proxy that makes a round trip last 40 ms, to smtp-sink
// and to Postfix, for round trips. Prints Markdown; exits with 1 if a target is missed.
//
//   node bench/rust/bench.mjs [--messages N]

import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { startDelayProxy } from "../../tests/servers/delay-proxy.mjs";
import { startServers } from "../../tests/servers/servers.mjs";

const folder = import.meta.dirname;
const { values } = parseArgs({ options: { messages: { type: "string", default: "300" } } });
const ROUND_TRIP_MS = 40;
const FAR_MESSAGES = 40;
const RUNS = 3;
const KIB = 1024;
const SIZES = [KIB, 64 * KIB];
const OURS = "wasm-smtp-tokio";
const OVERLAPPED = "wasm-smtp-tokio, overlap 10";
const CLIENTS = { [OURS]: "ours", [OVERLAPPED]: "overlapped", lettre: "lettre", "mail-send": "mail-send" };
const NAMES = Object.keys(CLIENTS);
const MOST_CPU = 0.5; // of lettre's

execFileSync("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: folder, stdio: "inherit" });
const program = join(folder, "../../build/cargo-bench/release/wasm-smtp-bench");
const run = promisify(execFile);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function measure(port, messages, octets, name) {
  const { stdout } = await run(program, [port, messages, octets, CLIENTS[name]].map(String), { timeout: 120_000 });
  return JSON.parse(stdout);
}

/** In turn, so that whatever else the machine does meets all of them. */
async function measureNear(port, octets) {
  const taken = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let at = 0; at < RUNS; at += 1) for (const name of NAMES) taken[name].push(await measure(port, Number(values.messages), octets, name));
  return Object.fromEntries(NAMES.map((name) => {
    const of = (key) => median(taken[name].map((one) => one[key]));
    return [name, { cpu: of("processor"), allocations: of("allocations"), rate: 1e6 / of("microseconds") }];
  }));
}

/** Round trips: how often a client waited, of more messages less those of one: neither connecting nor QUIT. */
async function measureFar(port, octets) {
  return Object.fromEntries(await Promise.all(NAMES.map(async (name) => {
    const proxy = await startDelayProxy({ target: { port }, roundTripMs: ROUND_TRIP_MS });
    const turns = async (messages) => {
      proxy.reset();
      await measure(proxy.port, messages, octets, name);
      return proxy.connections.reduce((sum, connection) => sum + connection.turns, 0);
    };
    const one = await turns(0);
    const many = await turns(FAR_MESSAGES);
    await proxy.stop();
    return [name, (many - one) / FAR_MESSAGES];
  })));
}

const servers = await startServers({ names: ["smtp-sink", "postfix"] });
const sink = servers["smtp-sink"].listeners.discard.port;
const postfix = servers.postfix.listeners.unlimited.port;
const rows = [];
const targets = [];
for (const octets of SIZES) {
  const near = await measureNear(sink, octets);
  const [atSink, atPostfix] = [await measureFar(sink, octets), await measureFar(postfix, octets)];
  const size = `${octets / KIB} KiB`;
  for (const name of NAMES) {
    const { cpu, allocations, rate } = near[name];
    rows.push([size, name, cpu.toFixed(1), (cpu / near.lettre.cpu).toFixed(2), allocations.toFixed(1), rate.toFixed(0), atSink[name].toFixed(2), atPostfix[name].toFixed(2)]);
  }
  const add = (measured, now, most) => targets.push([`${measured}, ${size}`, now.toFixed(2), `at most ${most}`, now <= most ? "yes" : "no"]);
  add("processor time a message, of lettre's", near[OURS].cpu / near.lettre.cpu, MOST_CPU);
  add("round trips a message, smtp-sink", atSink[OURS], 2.1);
  // A message that is larger than what travels with its envelope waits for the answer to that.
  add("round trips a message, Postfix", atPostfix[OURS], octets === KIB ? 1.1 : 2.1);
  if (octets === KIB) add("round trips a message, Postfix, overlap 10", atPostfix[OVERLAPPED], 0.2);
}
await servers.stop();

const table = (head, left, body) => [`| ${head.join(" | ")} |`, `|${head.map((_, at) => (at < left ? "---|" : "--:|")).join("")}`, ...body.map((row) => `| ${row.join(" | ")} |`)].join("\n");
console.log(table(["measure", "now", "target", "met"], 1, targets));
console.log();
console.log(table(["message", "client", "CPU µs a message", "of lettre's", "allocations a message", "messages/s, loopback", "round trips, smtp-sink", "round trips, Postfix"], 2, rows));
if (targets.some((target) => target.at(-1) === "no")) process.exitCode = 1;
