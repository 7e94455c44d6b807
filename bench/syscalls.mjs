// System calls that a message costs a client, counted by strace on smtp-sink and on Postfix, without a
// distance: those of many messages on one connection less those of one. Prints the table, and writes it
// into docs/src/performance.md. Without strace nothing is measured, and it says so.
//
//   node bench/syscalls.mjs [--count 100]

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startServers } from "../tests/servers/servers.mjs";
import { buildClients, NAMES, runClient } from "./native/clients.mjs";
import { machine, table, writePart } from "./native/page.mjs";

const { values } = parseArgs({ options: { count: { type: "string", default: "100" } } });
const count = Number(values.count);
const OCTETS = 2048;
const RUNS = 3;

/** strace must be there, and allowed to trace. */
function whyNot() {
  const { error, status, stderr } = spawnSync("strace", ["-c", "-f", "-o", "/dev/null", "-U", "calls,name", "true"], { encoding: "utf8" });
  if (error?.code === "ENOENT") return "strace is not installed (apt-get install strace)";
  return status === 0 ? null : `strace does not work here: ${stderr.trim().split("\n")[0]}`;
}

/** Name of the call → how many of them. */
async function countCalls(file, name, port, messages) {
  await runClient(name, port, messages, OCTETS, { before: ["strace", "-c", "-f", "-qq", "-U", "calls,name", "-o", file] });
  return Object.fromEntries([...readFileSync(file, "utf8").matchAll(/^\s*(\d+)\s+(\w+)$/gm)].filter(([, , call]) => call !== "total").map(([, calls, call]) => [call, Number(calls)]));
}

const total = (calls) => Object.values(calls).reduce((sum, one) => sum + one, 0);

/** {calls: a message, by: [name, a message][], most first}: the run in the middle of RUNS. */
async function measure(file, name, port) {
  const taken = [];
  for (let at = 0; at < RUNS; at += 1) {
    const [one, many] = [await countCalls(file, name, port, 0), await countCalls(file, name, port, count)];
    const by = Object.entries(many).map(([call, calls]) => [call, (calls - (one[call] ?? 0)) / count]).filter(([, calls]) => calls >= 0.05);
    taken.push({ calls: (total(many) - total(one)) / count, by: by.sort((a, b) => b[1] - a[1]) });
  }
  return taken.sort((a, b) => a.calls - b.calls)[RUNS >> 1];
}

const reason = whyNot();
if (reason) {
  console.log(`Not measured: ${reason}.`);
  process.exit(0);
}
buildClients();
const folder = mkdtempSync(join(tmpdir(), "wsmtp-syscalls-"));
const servers = await startServers({ names: ["smtp-sink", "postfix"] });
const PORTS = { "smtp-sink": servers["smtp-sink"].listeners.discard.port, Postfix: servers.postfix.listeners.unlimited.port };
const results = {};
try {
  for (const [server, port] of Object.entries(PORTS)) {
    results[server] = {};
    for (const name of NAMES) results[server][name] = await measure(join(folder, "calls"), name, port);
  }
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true });
}

const part = (server) => table(["client", "system calls a message", "of which"], NAMES.map((name) => {
  const { calls, by } = results[server][name];
  return [name, calls.toFixed(1), by.slice(0, 6).map(([call, number]) => `${call} ${number.toFixed(1)}`).join(", ")];
}));
writePart("syscalls", `
${count} messages of 2 KB on one connection, less what connecting, one message and QUIT take; all threads;
the middle one of ${RUNS} runs. Under strace a client is slower than its server, so that one which overlaps
messages finds more replies at once than it otherwise would. ${machine()}.

${Object.keys(PORTS).map((server) => `${server}:\n\n${part(server)}`).join("\n\n")}
`);
