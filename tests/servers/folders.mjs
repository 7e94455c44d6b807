// The folder a run of servers lives in, and the small file helpers that go with it.

import { chmodSync, chownSync, constants, cpSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** Where runs go when the caller names no folder. */
export const DEFAULT_PARENT = join(REPOSITORY, "build", "servers");

// Dovecot's longest socket name under a run folder is about 40 octets; a Unix socket's path may have 107.
const LONGEST_PATH = 66;
const RUN_NAME_LENGTH = "smtp-XXXXXX".length;

/** Why servers that give up root cannot work in a folder made here, or null when they can. */
function unusable(folder) {
  if (!/^[A-Za-z0-9/._-]+$/.test(folder)) return "its path holds characters that mail servers' configurations cannot quote";
  if (folder.length + 1 + RUN_NAME_LENGTH > LONGEST_PATH) return "its path is too long for Unix sockets";
  for (let at = folder; ; at = dirname(at)) {
    if (!(statSync(at).mode & 0o001)) return `${at} is closed to other users`;
    if (at === dirname(at)) return null;
  }
}

/**
 * Makes a fresh run folder below `parent`. Servers drop root and need to get there: below a folder
 * that is closed to them (/root, a 0700 checkout) the run folder is made in /var/tmp or /tmp instead.
 */
export function makeRunFolder(parent = DEFAULT_PARENT) {
  const candidates = [resolve(parent), "/var/tmp", "/tmp"];
  const reasons = [];
  for (const candidate of candidates) {
    let reason;
    try {
      mkdirSync(candidate, { recursive: true });
      reason = unusable(candidate);
    } catch (error) {
      reason = error.message;
    }
    if (reason === null) {
      const folder = mkdtempSync(join(candidate, "smtp-"));
      chmodSync(folder, 0o755);
      return folder;
    }
    reasons.push(`${candidate}: ${reason}`);
  }
  throw new Error(`no folder for the mail servers: ${reasons.join("; ")}`);
}

function accountFields(file, name, aptPackage) {
  const line = readFileSync(file, "utf8").split("\n").find((entry) => entry.startsWith(`${name}:`));
  if (!line) throw new Error(`${name} is not in ${file}: apt-get install ${aptPackage}`);
  return line.split(":");
}

/** Numeric ids of a system user; the error names the package that creates it. */
export function systemUser(name, aptPackage) {
  const [, , uid, gid] = accountFields("/etc/passwd", name, aptPackage);
  return { uid: Number(uid), gid: Number(gid) };
}

/** Numeric id of a system group. */
export function systemGroup(name, aptPackage) {
  return Number(accountFields("/etc/group", name, aptPackage)[2]);
}

/** Makes a folder with exactly this mode, whatever the umask, owned by `owner` if given. */
export function makeFolder(path, { mode = 0o755, owner } = {}) {
  mkdirSync(path, { recursive: true });
  // In this order: chown takes the set-gid bit away.
  if (owner) chownSync(path, owner.uid, owner.gid);
  chmodSync(path, mode);
  return path;
}

/**
 * Writes a file that every user may read, whatever the umask. It is dated back a minute: Postfix
 * waits for a configuration that was written within the last second or two to settle.
 */
export function writeReadable(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o644);
  const before = Date.now() / 1000 - 60;
  utimesSync(path, before, before);
}

function makeReadable(path) {
  const { mode } = lstatSync(path);
  if ((mode & constants.S_IFMT) === constants.S_IFLNK) return;
  const isFolder = (mode & constants.S_IFMT) === constants.S_IFDIR;
  chmodSync(path, isFolder || mode & 0o100 ? 0o755 : 0o644);
  if (isFolder) for (const name of readdirSync(path)) makeReadable(join(path, name));
}

/** Copies a file or a folder so that every user can read it, whatever the umask. */
export function copyReadable(from, to) {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  makeReadable(to);
}

/** Fills `@NAME@` in a template of config/; a name without a value, or a value never used, is an error. */
export function fillTemplate(file, values) {
  const used = new Set();
  const text = readFileSync(new URL(`config/${file}`, import.meta.url), "utf8").replace(/@([A-Z][A-Z0-9_]*)@/g, (_, name) => {
    if (!(name in values)) throw new Error(`config/${file} names @${name}@, which has no value`);
    used.add(name);
    return String(values[name]);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`config/${file} does not use ${unused.join(", ")}`);
  return text;
}

/** Fails with the apt package's name when a program is not installed. */
export function requireProgram(path, aptPackage) {
  try {
    statSync(path);
  } catch {
    throw new Error(`${path} is missing: apt-get install ${aptPackage}`);
  }
  return path;
}

/** The servers below have to start as root, because they change to users of their own. */
export function requireRoot(name) {
  if (process.getuid() !== 0) throw new Error(`${name} changes to its own users and must be started as root`);
}

/** Runs a short helper program and returns its output; its stderr becomes the error's message. */
export function runProgram(command, args, options = {}) {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], ...options });
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")}: ${error.stderr ? String(error.stderr).trim() : error.message}`);
  }
}
