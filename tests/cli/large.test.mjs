// A message of any size passes in constant memory, and arrives whole.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startServers } from "../servers/servers.mjs";
import { programFile, temporaryFolder } from "./program.mjs";

const MIB = 1024 * 1024;
const SIZE = 100 * MIB;
// The command's own bound, with room for the sanitizers' quarantine of freed memory.
const BOUND = 16 * MIB;

const folder = temporaryFolder();
let run;
before(async () => {
  run = await startServers({ names: ["smtp-sink", "smtp-server"] });
});
after(() => run?.stop());

function makeFile(name, size) {
  const file = join(folder, name);
  const line = `${"0123456789".repeat(7)}.\r\n`;
  const piece = Buffer.from(line.repeat(Math.ceil(MIB / line.length)));
  const handle = openSync(file, "w");
  writeSync(handle, "Subject: large\r\n\r\n");
  for (let written = 0; written < size; written += piece.length) writeSync(handle, piece);
  closeSync(handle);
  return file;
}

/** Runs the command below Python, which knows the most memory that a child had. */
async function peakMemory(args, stdin) {
  const measure = `import resource, subprocess, sys
pipe = subprocess.Popen(["cat", sys.argv[1]], stdout=subprocess.PIPE)
code = subprocess.call(sys.argv[2:], stdin=pipe.stdout, stdout=subprocess.DEVNULL)
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)`;
  const { stdout } = await promisify(execFile)("python3", ["-c", measure, stdin, programFile(), ...args],
    // Freed memory that the sanitizers keep for later checks is not the program's.
    { env: { PATH: process.env.PATH, HOME: folder, ASAN_OPTIONS: "quarantine_size_mb=1:detect_leaks=1" } });
  const [code, peak] = stdout.trim().split(" ").map(Number);
  assert.equal(code, 0);
  return peak;
}

test("100 MB in constant memory, from a file, from a stream, and with recipients from the header", async () => {
  const small = makeFile("small.eml", 1024);
  const large = makeFile("large.eml", SIZE);
  const server = ["send", "--server", `smtp+plain://127.0.0.1:${run["smtp-sink"].listeners.discard.port}`, "--from", "a@lab.test", "--to", "ok@lab.test", "--json"];
  const least = await peakMemory([...server, small], "/dev/null");
  for (const [args, stdin] of [[[...server, large], "/dev/null"], [server, large], [[...server, "--recipients-from-headers"], large]]) {
    const peak = await peakMemory(args, stdin);
    assert.ok(peak - least < BOUND, `${Math.round((peak - least) / 1024)} KiB more than for a small message`);
  }
});

test("20 MB through a pipe arrive octet for octet, over TLS", async () => {
  const file = makeFile("piped.eml", 20 * MIB);
  const { port } = run["smtp-server"].listeners.unlimitedImplicit;
  const command = `cat "$1" | "$0" send --server smtps://127.0.0.1:${port} --ca "$2" --from piped@lab.test --to ok@lab.test`;
  await promisify(execFile)("sh", ["-c", command, programFile(), file, run.ca.file], { env: { PATH: process.env.PATH, HOME: folder } });
  const [message] = await run["smtp-server"].delivered({ where: ({ envelope }) => envelope.from === "piped@lab.test" });
  const { stdout } = await promisify(execFile)("sha256sum", [file]);
  assert.equal(createHash("sha256").update(message.content).digest("hex"), stdout.split(" ")[0]);
});

test("a person at a terminal sees how far it is, and a pipe does not", async () => {
  const file = makeFile("shown.eml", 10 * MIB);
  const args = ["send", "--server", `smtp+plain://127.0.0.1:${run["smtp-sink"].listeners.discard.port}`, "--from", "a@lab.test", "--to", "ok@lab.test", file];
  const onTerminal = `import os, pty, sys
child, terminal = pty.fork()
if child == 0: os.execv(sys.argv[1], sys.argv[1:])
seen = b""
try:
    while True:
        piece = os.read(terminal, 65536)
        if not piece: break
        seen += piece
except OSError: pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))`;
  const shown = await promisify(execFile)("python3", ["-c", onTerminal, programFile(), ...args], { env: { PATH: process.env.PATH, HOME: folder } });
  assert.match(shown.stdout, /^\rsending \d\.\d MB of 10\.5 MB [#.]+ +\d+%/);
  // Nothing of it is left on the line at the end.
  assert.ok(shown.stdout.endsWith("\r\x1b[K"));
  const piped = await promisify(execFile)(programFile(), args, { env: { PATH: process.env.PATH, HOME: folder } });
  assert.equal(piped.stderr + piped.stdout, "");
});
