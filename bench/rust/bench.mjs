// Builds and runs the bench of Rust's SMTP clients: the same messages to the same smtp-sink, straight
// and through a proxy that makes a round trip last 40 ms. Prints a Markdown table.
//
//   node bench/rust/bench.mjs [--messages N]

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startDelayProxy } from "../../tests/servers/delay-proxy.mjs";
import { startServers } from "../../tests/servers/servers.mjs";

const folder = import.meta.dirname;
const { values } = parseArgs({ options: { messages: { type: "string", default: "300" } } });
const ROUND_TRIP_MS = 40;
const FAR_MESSAGES = 20;
const RUNS = 3;

execFileSync("cargo", ["build", "--release", "--locked", "--quiet"], { cwd: folder, stdio: "inherit" });
const program = join(folder, "../../build/cargo-bench/release/wasm-smtp-bench");
const measure = async (port, messages, octets, client) => {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const { stdout } = await promisify(execFile)(program, [port, messages, octets, client].map(String));
  return JSON.parse(stdout);
};
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

const run = await startServers({ names: ["smtp-sink"] });
const { port } = run["smtp-sink"].listeners.discard;
const proxy = await startDelayProxy({ target: { port }, roundTripMs: ROUND_TRIP_MS });
const clients = { ours: "wasm-smtp-tokio", lettre: "lettre", "mail-send": "mail-send" };
const rows = [];
for (const octets of [1024, 65536]) {
  const messages = Number(values.messages);
  const near = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  // In turn, so that whatever else the machine does meets all of them.
  for (let at = 0; at < RUNS; at += 1) for (const name of Object.keys(clients)) near[name].push(await measure(port, messages, octets, name));
  for (const [name, title] of Object.entries(clients)) {
    const { microseconds } = await measure(proxy.port, FAR_MESSAGES, octets, name);
    const of = (key) => median(near[name].map((one) => one[key]));
    rows.push([`${octets / 1024} KiB`, title, of("processor").toFixed(1), of("allocations").toFixed(1), (1e6 / of("microseconds")).toFixed(0), (microseconds / 1000 / ROUND_TRIP_MS).toFixed(2)]);
  }
}
await proxy.stop();
await run.stop();
console.log(`| message | client | CPU µs a message | allocations a message | messages/s, loopback | round trips a message |\n|---|---|---|---|---|---|`);
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
