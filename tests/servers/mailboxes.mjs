// What a server delivered, read back from its files. A mailbox is described by {format, path}, so
// that it can also be read by a process that did not start the server.
//
//   format "maildir"  one file a message in path/new or path/NAME/new, lines end in LF, trace headers
//                     put on top by the server (Postfix, Exim, Dovecot LMTP)
//   format "eml"      NAME.eml, octets as they came over the wire, and NAME.json, the envelope
//                     (aiosmtpd, smtp-server)
//   format "dump"     smtp-sink -d: X- lines with the envelope, then the message, lines end in LF

import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const LF = 10;
const CR = 13;

/** Every LF without a CR before it becomes CRLF: undoes the conversion that maildirs bring. */
export function toCrlf(bytes) {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (at === 0 || bytes[at - 1] !== CR) count += 1;
  }
  if (count === 0) return bytes;
  const out = Buffer.allocUnsafe(bytes.length + count);
  let from = 0;
  let to = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    to += bytes.copy(out, to, from, at);
    if (at === 0 || bytes[at - 1] !== CR) out[to++] = CR;
    out[to++] = LF;
    from = at + 1;
  }
  bytes.copy(out, to, from);
  return out;
}

/** Takes header fields off the top while `wanted(name, index)` says so; folded lines belong to them. */
function takeHeaders(bytes, wanted) {
  const fields = {};
  let at = 0;
  for (;;) {
    let end = bytes.indexOf(LF, at);
    if (end === -1) break;
    const colon = bytes.indexOf(0x3a, at);
    if (colon === -1 || colon > end) break;
    const name = bytes.toString("latin1", at, colon).toLowerCase();
    if (!wanted(name, fields)) break;
    while (bytes[end + 1] === 0x20 || bytes[end + 1] === 0x09) {
      const next = bytes.indexOf(LF, end + 1);
      if (next === -1) break;
      end = next;
    }
    fields[name] = bytes.toString("utf8", colon + 1, end).trim();
    at = end + 1;
  }
  return { fields, rest: bytes.subarray(at) };
}

const MAILDIR_TRACE = new Set(["return-path", "x-original-to", "delivered-to", "envelope-to", "delivery-date", "received"]);
const withoutBrackets = (path) => (path === undefined ? undefined : path.replace(/^<(.*)>$/s, "$1"));

function parseMaildir(path) {
  const raw = readFileSync(path);
  // The message may hold the same field again, so each is taken once only; Received comes last.
  const { fields, rest } = takeHeaders(raw, (name, taken) => MAILDIR_TRACE.has(name) && !(name in taken) && !("received" in taken));
  // Dovecot names no recipient in a message that has several; the folder does.
  const to = fields["x-original-to"] ?? fields["envelope-to"] ?? fields["delivered-to"] ?? basename(dirname(dirname(path)));
  return {
    path,
    envelope: {
      from: withoutBrackets(fields["return-path"]),
      to: to.split(/,\s*/).map(withoutBrackets),
    },
    trace: fields,
    raw,
    get content() {
      return toCrlf(rest);
    },
  };
}

function parseEml(path) {
  const raw = readFileSync(path);
  const envelope = JSON.parse(readFileSync(path.replace(/\.eml$/, ".json"), "utf8"));
  return { path, envelope, trace: {}, raw, content: raw };
}

function parseDump(path) {
  const raw = readFileSync(path);
  const recipients = [];
  let rest = raw;
  const fields = {};
  for (;;) {
    const end = rest.indexOf(LF);
    const line = rest.toString("utf8", 0, end === -1 ? 0 : end);
    const match = /^(X-Client-Addr|X-Client-Proto|X-Helo-Args|X-Mail-Args|X-Rcpt-Args): ?(.*)$/.exec(line);
    if (!match) break;
    if (match[1] === "X-Rcpt-Args") recipients.push(match[2]);
    else fields[match[1].toLowerCase()] = match[2];
    rest = rest.subarray(end + 1);
  }
  // smtp-sink writes a Received header of its own between the envelope and the message.
  rest = takeHeaders(rest, (name, taken) => name === "received" && !("received" in taken)).rest;
  // And an empty line after it.
  if (rest.at(-1) === LF) rest = rest.subarray(0, -1);
  const address = (path) => /^<([^>]*)>/.exec(path)?.[1] ?? path;
  return {
    path,
    envelope: { from: address(fields["x-mail-args"] ?? ""), to: recipients.map(address), mailArgs: fields["x-mail-args"], rcptArgs: recipients },
    trace: fields,
    raw,
    get content() {
      return toCrlf(rest);
    },
  };
}

function listFolder(folder) {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}

function arrival(path) {
  const { mtimeMs, size } = statSync(path);
  return { path, mtimeMs, size };
}

const FORMATS = {
  maildir: {
    parse: parseMaildir,
    list: (path) => {
      const direct = listFolder(join(path, "new")).map((file) => join(path, "new", file));
      const nested = listFolder(path)
        .filter((user) => !["new", "cur", "tmp"].includes(user))
        .flatMap((user) => listFolder(join(path, user, "new")).map((file) => join(path, user, "new", file)));
      return [...direct, ...nested];
    },
  },
  eml: {
    parse: parseEml,
    list: (path) => listFolder(path).filter((file) => file.endsWith(".eml")).map((file) => join(path, file)),
  },
  dump: {
    parse: parseDump,
    list: (path) => listFolder(path).map((file) => join(path, file)),
    // smtp-sink writes into the final file, so a file counts once it has stopped growing.
    isComplete: ({ mtimeMs, size }) => size > 0 && Date.now() - mtimeMs > 100,
  },
};

/**
 * Opens a mailbox for reading.
 *
 * `delivered({count, timeoutMs, where})` waits until at least `count` (default 1) messages not
 * handed out before are there, and returns all of them, oldest first. With `where`, only messages
 * for which it is true count and are handed out; the others stay. `count: 0` returns what is there.
 *
 * A message is {path, envelope: {from, to: [...]}, trace, raw, content}: `raw` is the file,
 * `content` the octets as the client sent them after dot-unstuffing (trace headers taken off, lines
 * ended by CRLF). Some servers keep a copy for each recipient (`copies` of the server). What the
 * server itself changes is in `content` too: Postfix and Exim put an empty line before a message
 * without headers, Exim also behind one that has nothing but headers.
 */
export function openMailbox({ format, path, name = path, describeFailure = () => "" }) {
  if (!(format in FORMATS)) throw new Error(`mailbox format ${format}: must be one of ${Object.keys(FORMATS).join(", ")}`);
  const { list, parse, isComplete = () => true } = FORMATS[format];
  const handedOut = new Set();
  const parsed = new Map();

  function waiting(where) {
    return list(path)
      .filter((file) => !handedOut.has(file))
      .map(arrival)
      .filter(isComplete)
      .sort((a, b) => a.mtimeMs - b.mtimeMs || (a.path < b.path ? -1 : 1))
      .map((file) => {
        if (!parsed.has(file.path)) parsed.set(file.path, parse(file.path));
        return parsed.get(file.path);
      })
      .filter((message) => where(message));
  }

  return {
    format,
    path,
    async delivered({ count = 1, timeoutMs = 10000, where = () => true } = {}) {
      const deadline = Date.now() + timeoutMs;
      let pause = 5;
      for (;;) {
        const messages = waiting(where);
        if (messages.length >= count) {
          for (const message of messages) {
            handedOut.add(message.path);
            parsed.delete(message.path);
          }
          return messages;
        }
        if (Date.now() > deadline) {
          throw new Error(`${name}: ${messages.length} of ${count} messages delivered within ${timeoutMs} ms\n${describeFailure()}`.trimEnd());
        }
        await sleep(pause);
        pause = Math.min(pause * 2, 40);
      }
    },
    /** Forgets everything delivered so far. */
    skipAll() {
      for (const file of list(path)) handedOut.add(file);
      parsed.clear();
    },
  };
}
