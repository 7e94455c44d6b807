// Child processes of the tests: started in a session of their own, ended with all they have forked,
// and never left behind, not even when the test process is killed (reaper.sh sees to that).

import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

let reaper = null;

function tellReaper(line) {
  if (!reaper) {
    reaper = spawn("/bin/sh", [fileURLToPath(new URL("reaper.sh", import.meta.url))], {
      detached: true,
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
    });
    reaper.on("error", () => {});
    // The reaper must outlive this process and must not keep it alive.
    reaper.unref();
    reaper.stdin.unref?.();
  }
  reaper.stdin.write(`${line}\n`);
}

/** Deletes a folder when this process ends in any way, until `keepFolder` is called for it. */
export const removeFolderAtEnd = (folder) => tellReaper(`remove ${folder}`);
export const keepFolder = (folder) => tellReaper(`keep ${folder}`);

/** The processes of a session that still run, as [{pid, command}]. */
export function processesOfSession(session) {
  const found = [];
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    let stat;
    try {
      stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    } catch {
      continue;
    }
    // The command's name may hold spaces and parentheses, so fields are counted from its end.
    const nameEnd = stat.lastIndexOf(")");
    const [state, , , itsSession] = stat.slice(nameEnd + 2).split(" ");
    if (Number(itsSession) === session && state !== "Z") {
      found.push({ pid: Number(pid), command: stat.slice(stat.indexOf("(") + 1, nameEnd) });
    }
  }
  return found;
}

function signalAll(session, signal) {
  for (const { pid } of processesOfSession(session)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself in between.
    }
  }
}

/**
 * Starts a server. stdout and stderr go to `logFile`.
 * @returns {{pid: number, exited: Promise<string>, hasExited: () => boolean, stop: () => Promise<void>}}
 *   `exited` resolves to how it ended; `stop` sends SIGTERM to the first process, then SIGKILL to
 *   every process of its session that is left, and returns when none is.
 */
export async function startProcess({ command, args = [], env = process.env, cwd, logFile, aptPackage }) {
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { detached: true, cwd, env, stdio: ["ignore", log, log] });
  closeSync(log);
  await new Promise((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => {
      const advice = error.code === "ENOENT" && aptPackage ? ` (apt-get install ${aptPackage})` : "";
      reject(new Error(`cannot start ${command}: ${error.message}${advice}`));
    });
  });
  const { pid } = child;
  tellReaper(`watch ${pid}`);
  // A forgotten stop() must not hold the test process open; the reaper takes the server down then.
  child.unref();
  let ended = null;
  const exited = new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      ended = signal ? `killed by ${signal}` : `exit status ${code}`;
      resolve(ended);
    });
  });
  return {
    pid,
    exited,
    hasExited: () => ended !== null,
    async stop({ graceMs = 3000 } = {}) {
      if (ended === null) {
        try {
          process.kill(pid, "SIGTERM");
        } catch {
          // Already gone.
        }
      }
      const deadline = Date.now() + graceMs;
      let pause = 5;
      while (processesOfSession(pid).length > 0) {
        if (Date.now() > deadline) signalAll(pid, "SIGKILL");
        // Once the first process has ended nobody leads the rest to an orderly end.
        else if (ended !== null) signalAll(pid, "SIGTERM");
        await sleep(pause);
        pause = Math.min(pause * 2, 50);
      }
      tellReaper(`forget ${pid}`);
    },
  };
}

/** The ports on which something listens, by the kernel's tables: asking by connecting would start a session. */
function listeningPorts() {
  const ports = new Set();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let text = "";
    try {
      text = readFileSync(table, "latin1");
    } catch {
      // No IPv6 here.
    }
    for (const line of text.split("\n").slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (state === "0A") ports.add(Number.parseInt(local.slice(local.indexOf(":") + 1), 16));
    }
  }
  return ports;
}

/** Waits until every port is listened on; fails with the end of the log when the process ends first. */
export async function waitForPorts({ ports, child, logFile, name, timeoutMs = 15000 }) {
  await waitUntil(() => {
    const listening = listeningPorts();
    return ports.every((port) => listening.has(port));
  }, { child, logFile, what: `${name} listening on ${ports.join(", ")}`, timeoutMs });
}

/** Waits until `ready()` is true. */
export async function waitUntil(ready, { child, logFile, what, timeoutMs = 15000 }) {
  const deadline = Date.now() + timeoutMs;
  let pause = 5;
  while (!(await ready())) {
    if (child?.hasExited()) throw new Error(`waiting for ${what}: the process ended with ${await child.exited}\n${logTail(logFile)}`);
    if (Date.now() > deadline) throw new Error(`waiting for ${what}: nothing after ${timeoutMs} ms\n${logTail(logFile)}`);
    await sleep(pause);
    pause = Math.min(pause * 2, 50);
  }
}

/** The last lines of a log file, for error messages. */
export function logTail(logFile, lines = 15) {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } catch {
    return "(no log)";
  }
}
