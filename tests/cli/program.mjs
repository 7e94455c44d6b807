// Runs the real wasm-smtp, built with the sanitizers. Every JSON that it prints is checked against
// cli/schema.json, and no output may hold a secret.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "./schema.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCHEMA = JSON.parse(readFileSync(join(ROOT, "cli/schema.json"), "utf8"));

/** What must never be seen: every test uses these, and every output is searched for them. */
export const SECRETS = ["secret", "wrong-pass-7319", "c2VjcmV0", "AGFsaWNlAHNlY3JldA"];

function build() {
  const file = join(ROOT, "build/gcc/cli/wasm-smtp");
  if (existsSync(file)) return file;
  const make = "cmake --preset gcc && cmake --build --preset gcc --target wasm-smtp";
  // Test files run side by side, and one build is enough.
  execFileSync("flock", [join(ROOT, "build/cli.lock"), "sh", "-c", `test -x ${file} || (${make})`], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return file;
}

let program;
export const programFile = () => (program ??= process.env.WSMTP_CLI || build());

/** A folder that is removed when the process ends. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "wasm-smtp-cli-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const home = temporaryFolder();
const secretFile = join(home, "password");
writeFileSync(secretFile, "secret\n");

/** Options that log alice in. */
export const LOGIN = ["--user", "alice", "--password-file", secretFile];

/**
 * Runs the command.
 * @param {string[]} args
 * @param {object} [options] input: for stdin; env: added to a small environment; fds: [content] for
 *   descriptors 3 and up; as: other name for the program
 * @returns {Promise<{code: number, stdout: string, stderr: string, json: object | undefined}>}
 */
export async function cli(args, { input = "", env = {}, fds = [], as } = {}) {
  const child = spawn(programFile(), args, {
    argv0: as,
    env: { PATH: process.env.PATH, HOME: home, ASAN_OPTIONS: "detect_leaks=1:strict_string_checks=1", UBSAN_OPTIONS: "print_stacktrace=1", ...env },
    stdio: ["pipe", "pipe", "pipe", ...fds.map(() => "pipe")],
  });
  // A command that fails early does not read its input.
  for (const stream of [child.stdin, ...child.stdio.slice(3)]) stream.on("error", () => {});
  if (typeof input === "function") input(child);
  else child.stdin.end(input);
  fds.forEach((content, index) => child.stdio[3 + index].end(content));
  const output = { stdout: [], stderr: [] };
  child.stdout.on("data", (chunk) => output.stdout.push(chunk));
  child.stderr.on("data", (chunk) => output.stderr.push(chunk));
  const [code, signal] = await new Promise((resolve) => child.on("close", (...how) => resolve(how)));
  const stdout = Buffer.concat(output.stdout).toString();
  const stderr = Buffer.concat(output.stderr).toString();
  assert.ok(signal === null && !/Sanitizer|runtime error/.test(stderr), `wasm-smtp ${args.join(" ")}: ${signal}\n${stderr}`);
  // The help explains what is secret.
  for (const secret of args.includes("--help") ? [] : SECRETS) {
    assert.ok(!stdout.includes(secret) && !stderr.includes(secret), `the output holds ${secret}:\n${stdout}${stderr}`);
  }
  const result = { code, stdout, stderr, json: undefined };
  if (args.includes("--json")) {
    result.json = JSON.parse(stdout);
    check(SCHEMA, result.json);
    assert.equal(result.json.exitCode, code);
    assert.equal("error" in result.json, code !== 0);
  }
  // One line says what is wrong; transcripts come before it.
  if (code !== 0) assert.match(stderr, /(^|\n)wasm-smtp: [^\n]+\n$/);
  return result;
}

/** The same, and fails unless the exit status is the one expected. */
export async function expectCode(code, args, options) {
  const result = await cli(args, options);
  assert.equal(result.code, code, `wasm-smtp ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result;
}
