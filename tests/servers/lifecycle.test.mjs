// Starting and ending: nothing stays behind however a run ends, runs do not disturb each other, and
// it works where the servers' own users cannot go.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { makeCertificates } from "./ca.mjs";
import { processesOfSession } from "./processes.mjs";
import { RawClient } from "./raw-client.mjs";
import { startServers } from "./servers.mjs";

const COMMAND = fileURLToPath(new URL("servers.mjs", import.meta.url));

let dir;
before(() => {
  // A folder of mode 0700, like /root: the servers' users cannot enter it.
  dir = mkdtempSync(join(tmpdir(), "wasm-smtp-lifecycle-"));
  // Made once, so that the runs below do not each make their own.
  makeCertificates(join(dir, "ca"));
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** Every process that has the run's folder in its command line or as its working folder, or is in one of the sessions. */
function processesOf(folder, sessions) {
  const found = sessions.flatMap((session) => processesOfSession(session));
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (commandLine.includes(folder)) found.push({ pid: Number(pid), command: commandLine.replaceAll("\0", " ") });
    } catch {
      // Ended in between.
    }
  }
  return found;
}

async function goneWithin(ms, folder, sessions) {
  const deadline = Date.now() + ms;
  for (;;) {
    const left = processesOf(folder, sessions);
    if (left.length === 0) return;
    if (Date.now() > deadline) assert.fail(`still running: ${left.map(({ pid, command }) => `${pid} ${command}`).join("; ")}`);
    await sleep(20);
  }
}

async function send(port, address) {
  const client = await RawClient.open({ port });
  await client.reply();
  assert.match(await client.command("EHLO client.test"), /^250/);
  assert.match(await client.command("MAIL FROM:<a@lab.test>"), /^250/);
  assert.match(await client.command(`RCPT TO:<${address}>`), /^250/);
  assert.match(await client.command("DATA"), /^354/);
  assert.match(await client.command("Subject: x", "", "body", "."), /^250/);
  return client;
}

test("below a closed folder and with a strict umask everything works, and after stop nothing is left", async (context) => {
  const umask = process.umask(0o077);
  context.after(() => process.umask(umask));
  const run = await startServers({ names: ["postfix", "exim", "aiosmtpd", "smtp-server", "smtp-sink"], dir });
  assert.ok(!run.dir.startsWith(dir), `${run.dir} cannot be reached by the servers' users`);
  const sessions = [];
  const ports = [];
  for (const name of ["postfix", "dovecot", "exim", "aiosmtpd", "smtp-server", "smtp-sink"]) {
    sessions.push(...run[name].children.map(({ pid }) => pid));
    ports.push(...Object.values(run[name].listeners).filter(Boolean).map(({ port }) => port));
  }
  assert.equal(new Set(ports).size, ports.length);
  // Sessions stay open over the stop, so that their processes are there too.
  const open = [];
  for (const name of ["postfix", "exim", "aiosmtpd", "smtp-server"]) {
    open.push(await send(run[name].listeners.relaxed.port, "ok@lab.test"));
    assert.equal((await run[name].delivered())[0].content.toString(), "Subject: x\r\n\r\nbody\r\n");
  }
  assert.ok(processesOf(run.dir, sessions).length > 10);
  await run.stop();
  assert.deepEqual(processesOf(run.dir, sessions), []);
  assert.ok(!existsSync(run.dir));
  for (const client of open) client.close();
});

test("two runs at once do not meet", async () => {
  const runs = await Promise.all([startServers({ names: ["postfix"], dir }), startServers({ names: ["postfix"], dir })]);
  const [first, second] = runs;
  const ports = (run) => Object.values(run.postfix.listeners).map(({ port }) => port);
  assert.deepEqual(ports(first).filter((port) => ports(second).includes(port)), []);
  (await send(first.postfix.listeners.relaxed.port, "first@lab.test")).close();
  (await send(second.postfix.listeners.relaxed.port, "second@lab.test")).close();
  assert.deepEqual((await first.postfix.delivered())[0].envelope.to, ["first@lab.test"]);
  assert.deepEqual((await second.postfix.delivered())[0].envelope.to, ["second@lab.test"]);
  await first.stop();
  (await send(second.postfix.listeners.relaxed.port, "still@lab.test")).close();
  await second.stop();
});

/** Starts the command line and waits for its line of JSON. */
async function up(args) {
  const child = spawn(process.execPath, [COMMAND, "up", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  while (!output.includes("\n")) {
    assert.equal(child.exitCode, null, `servers.mjs ended with ${child.exitCode}`);
    await sleep(20);
  }
  return { child, ended, description: JSON.parse(output) };
}

/** The sessions below a command: its children lead them. */
function sessionsBelow(parent) {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}

for (const [how, stop] of [
  ["SIGTERM", ({ child }) => child.kill("SIGTERM")],
  ["SIGINT", ({ child }) => child.kill("SIGINT")],
  ["the end of its standard input", ({ child }) => child.stdin.end()],
  ["SIGKILL", ({ child }) => child.kill("SIGKILL")],
]) {
  test(`the command line ends with ${how}, and nothing is left`, async () => {
    const place = mkdtempSync(join(dir, "command-"));
    cpSync(join(dir, "ca"), join(place, "ca"), { recursive: true });
    const run = await up(["postfix", "smtp-sink", "--dir", place, "--stdin"]);
    const { description } = run;
    assert.deepEqual(JSON.parse(readFileSync(join(place, "servers.json"), "utf8")), description);
    assert.ok(existsSync(description.ca.file));
    const client = await send(description.postfix.listeners.relaxed.port, "ok@lab.test");
    const sessions = sessionsBelow(run.child.pid);
    assert.ok(sessions.length > 3);
    if (how === "SIGTERM") {
      const read = spawnSync(process.execPath, [COMMAND, "delivered", join(place, "servers.json"), "postfix"], { encoding: "utf8" });
      const message = JSON.parse(read.stdout);
      assert.deepEqual(message.envelope, { from: "a@lab.test", to: ["ok@lab.test"] });
      assert.equal(Buffer.from(message.content, "base64").toString(), "Subject: x\r\n\r\nbody\r\n");
      const again = spawnSync(process.execPath, [COMMAND, "delivered", join(place, "servers.json"), "postfix", "--timeout", "100"], { encoding: "utf8" });
      assert.equal(again.status, 1);
      assert.match(again.stderr, /0 of 1 messages delivered/);
    }
    stop(run);
    const { code } = await run.ended;
    assert.equal(code, how === "SIGKILL" ? null : 0);
    await goneWithin(5000, description.dir, sessions);
    const deadline = Date.now() + 2000;
    while (existsSync(description.dir) && Date.now() < deadline) await sleep(20);
    assert.ok(!existsSync(description.dir));
    client.close();
  });
}

test("what is missing is named", async () => {
  await assert.rejects(startServers({ names: [] }), /names: must list/);
  await assert.rejects(startServers({ names: ["sendmail"] }), /names: there is no server "sendmail"/);
  process.env.WSMTP_EXIM = "/nonexistent";
  try {
    await assert.rejects(startServers({ names: ["exim"], dir }), /\/nonexistent\/usr\/sbin\/exim4 is missing: run tools\/setup.sh servers/);
  } finally {
    delete process.env.WSMTP_EXIM;
  }
  const wrong = spawnSync(process.execPath, [COMMAND, "sideways"], { encoding: "utf8" });
  assert.equal(wrong.status, 64);
  assert.match(wrong.stderr, /there is no command sideways\nusage:/);
});

test("certificates are made once and cached, each wrong in its own way", () => {
  const cache = join(dir, "ca");
  const before = readFileSync(join(cache, "good.pem"), "utf8");
  const ca = makeCertificates(cache);
  assert.equal(readFileSync(ca.good.cert, "utf8"), before);
  const verify = (leaf, ...options) => spawnSync("openssl", ["verify", "-CAfile", ca.file, ...options, ca[leaf].cert], { encoding: "utf8" });
  for (const leaf of ["good", "goodEcdsa"]) {
    for (const identity of [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]]) {
      assert.equal(verify(leaf, "-purpose", "sslserver", ...identity).status, 0);
    }
  }
  assert.match(verify("wrongName", "-verify_hostname", "localhost").stderr, /hostname mismatch/i);
  assert.match(verify("expired").stderr, /certificate has expired/);
  assert.match(verify("untrusted").stderr, /unable to get local issuer/);
  assert.equal(verify("client", "-purpose", "sslclient").status, 0);
});
