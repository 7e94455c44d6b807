// The servers for tests in other languages, and for people at a shell:
//
//   node tests/servers/servers.mjs up NAME... [--dir D] [--stdin] [--keep]
//       Starts the servers, prints one line of JSON (run folder, CA file, certificates, users,
//       tokens, every server's listeners and mailbox), writes the same to D/servers.json (default
//       D: the run's own folder below build/servers), and runs until SIGTERM or SIGINT; with
//       --stdin also until standard input ends. The environment of a test that dies without a
//       signal is cleared up too: nothing is left running.
//
//   node tests/servers/servers.mjs delivered SERVERS.JSON NAME [--listener L] [--count N] [--timeout MS]
//       Waits for N messages (default 1), prints each as a line of JSON:
//       {path, envelope: {from, to}, content: base64 of the octets that the client sent}
//       Messages printed once are not printed by a later call (a note beside SERVERS.JSON).

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openMailbox } from "./mailboxes.mjs";

const USAGE = `usage: servers.mjs up NAME... [--dir D] [--stdin] [--keep]
       servers.mjs delivered SERVERS.JSON NAME [--listener L] [--count N] [--timeout MS]`;

class UsageError extends Error {}

async function up(args, startServers) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { dir: { type: "string" }, stdin: { type: "boolean" }, keep: { type: "boolean" } },
  });
  if (positionals.length === 0) throw new UsageError("up: name at least one server");
  let askedToStop;
  const toldToStop = new Promise((resolve) => {
    askedToStop = resolve;
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, askedToStop);
  if (values.stdin) {
    process.stdin.on("end", askedToStop).on("error", askedToStop);
    process.stdin.resume();
  }
  const run = await startServers({ names: positionals, dir: values.dir, ...(values.keep ? { keep: true } : {}) });
  const line = `${JSON.stringify(run.describe())}\n`;
  const folder = values.dir ?? run.dir;
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "servers.json");
  // Renamed into place: whoever sees it sees all of it.
  writeFileSync(`${file}.new`, line);
  renameSync(`${file}.new`, file);
  process.stdout.on("error", () => {});
  process.stdout.write(line);
  // Unreferenced children do not keep this process; the timer does.
  const alive = setInterval(() => {}, 60000);
  await toldToStop;
  clearInterval(alive);
  await run.stop();
  process.exit(0);
}

async function delivered(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { listener: { type: "string" }, count: { type: "string", default: "1" }, timeout: { type: "string", default: "10000" } },
  });
  if (positionals.length !== 2) throw new UsageError("delivered: name servers.json and a server");
  const [file, name] = positionals;
  const server = JSON.parse(readFileSync(file, "utf8"))[name];
  const mailbox = values.listener ? server?.listeners?.[values.listener]?.mailbox : server?.mailbox;
  if (!mailbox) throw new UsageError(`delivered: ${file} has no mailbox for ${name}${values.listener ? ` ${values.listener}` : ""}`);
  const seenFile = `${file}.seen`;
  let seen = [];
  try {
    seen = JSON.parse(readFileSync(seenFile, "utf8"));
  } catch {
    // The first call.
  }
  const known = new Set(seen);
  const messages = await openMailbox({ ...mailbox, name }).delivered({
    count: Number(values.count), timeoutMs: Number(values.timeout), where: ({ path }) => !known.has(path),
  });
  for (const { path, envelope, content } of messages) {
    process.stdout.write(`${JSON.stringify({ path, envelope, content: content.toString("base64") })}\n`);
  }
  writeFileSync(seenFile, JSON.stringify([...seen, ...messages.map(({ path }) => path)]));
}

/** Runs a command line; the exit status is 0, 1 for a failure, 64 for a wrong usage. */
export async function runCommandLine([command, ...args], { startServers }) {
  try {
    if (command === "up") return await up(args, startServers);
    if (command === "delivered") return await delivered(args);
    throw new UsageError(command === undefined ? "a command is needed" : `there is no command ${command}`);
  } catch (error) {
    const usage = error instanceof UsageError || String(error.code).startsWith("ERR_PARSE_ARGS");
    console.error(usage ? `${error.message}\n${USAGE}` : error.message);
    process.exit(usage ? 64 : 1);
  }
}
