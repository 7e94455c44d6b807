// Free loopback ports for servers that must be told their port before they start.
//
// A port found free by binding it may be taken again before the server binds it. Two things keep
// that from happening: ports are chosen below the kernel's ephemeral range, where no outgoing
// connection and no `listen(0)` can land, and each is reserved by a lock file that holds the pid of
// its user, so that two test runs at the same time never choose the same one.

import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LOWEST = 10000;
const LOCKS = join(tmpdir(), "wasm-smtp-test-ports");

function highest() {
  try {
    const low = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);
    return low > LOWEST + 4000 ? low - 1 : 32767;
  } catch {
    return 32767;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function lock(port) {
  const file = join(LOCKS, String(port));
  const mine = join(LOCKS, `${port}.${process.pid}`);
  // Written aside and linked, so that nobody ever reads a lock that does not hold its pid yet.
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    try {
      if (!isAlive(Number(readFileSync(file, "utf8")))) unlinkSync(file);
    } catch {
      // Someone else cleared the stale lock first.
    }
    return false;
  } finally {
    unlinkSync(mine);
  }
}

function canBind(port, host) {
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => done(true)));
  });
}

/** True where the loopback interface has ::1. */
export async function hasIpv6() {
  return canBind(0, "::1");
}

/**
 * Reserves a port that is free on 127.0.0.1 and, where it exists, on ::1.
 * @returns {Promise<number>}
 */
export async function reservePort() {
  mkdirSync(LOCKS, { recursive: true });
  const top = highest();
  const hosts = (await hasIpv6()) ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (top - LOWEST + 1));
    if (!lock(port)) continue;
    const free = await Promise.all(hosts.map((host) => canBind(port, host)));
    if (free.every(Boolean)) return port;
    releasePorts([port]);
  }
  throw new Error(`no free port between ${LOWEST} and ${top}`);
}

/** Reserves one port for each name: `await reservePorts(["plain", "tls"])` → `{plain: 12345, tls: 12399}`. */
export async function reservePorts(names) {
  const ports = {};
  for (const name of names) ports[name] = await reservePort();
  return ports;
}

/** Gives ports back. Locks of a process that died are cleared by whoever meets them next. */
export function releasePorts(ports) {
  for (const port of ports) rmSync(join(LOCKS, String(port)), { force: true });
}
