// The programs that the benches compare: how those in C are built, and one run of one of them.

import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

export const root = join(import.meta.dirname, "../..");
const built = join(root, "build/bench");

export const OURS = "wasm-smtp, libuv";
export const OVERLAPPED = "wasm-smtp, libuv, overlap 10";
/** Name → what runs before PORT COUNT OCTETS (measure.h), and behind them. */
const CLIENTS = {
  [OURS]: { command: [join(built, "ours")] },
  [OVERLAPPED]: { command: [join(built, "ours")], more: ["10"] },
  libcurl: { command: [join(built, "libcurl")] },
  libESMTP: { command: [join(built, "libesmtp")] },
  nodemailer: { command: [process.execPath, join(import.meta.dirname, "nodemailer_client.mjs")] },
  "Python smtplib": { command: ["python3", join(import.meta.dirname, "smtplib_client.py")] },
};
export const NAMES = Object.keys(CLIENTS);
/** Not one connection for all messages, but one for each: for what connecting costs. */
export const SESSIONS = "wasm-smtp, libuv, a session for each message";
CLIENTS[SESSIONS] = { command: [join(built, "sessions")] };

const run = promisify(execFile);

/** Builds the clients in C, and what they need of the project. */
export function buildClients() {
  const call = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("tools/setup.sh", ["bench"], { cwd: root, stdio: "inherit" });
  call("cmake", "--preset", "release");
  call("cmake", "--build", "--preset", "release", "--target", "wsmtp_uv");
  mkdirSync(built, { recursive: true });
  const ours = ["build/release/adapters/uv/libwsmtp_uv.a", "build/release/libwsmtp.a", "-luv", "-lidn2", "-lssl", "-lcrypto"];
  const libraries = {
    ours,
    sessions: ours,
    libcurl: ["-lcurl"],
    libesmtp: ["-lesmtp"],
  };
  for (const [name, list] of Object.entries(libraries)) {
    call("gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-Iinclude", "-Iadapters/uv",
      join(import.meta.dirname, `${name}.c`), join(import.meta.dirname, "measure.c"), ...list, "-o", join(built, name));
  }
}

/**
 * One run of a client: a message that does not count, then `count` that do, of `octets` each.
 * @param {{before?: string[], env?: Record<string, string>}} [how] a program to run it under; more environment
 * @returns {Promise<{us: number, cpu: number, peak: number}>} microseconds, microseconds, KiB
 */
export async function runClient(name, port, count, octets, { before = [], env = {} } = {}) {
  const { command, more = [] } = CLIENTS[name];
  const [program, ...args] = [...before, ...command, port, count, octets, ...more].map(String);
  const { stdout } = await run(program, args, { timeout: 60_000, env: { ...process.env, ...env } });
  return JSON.parse(stdout);
}
