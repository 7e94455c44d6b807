// smtp-sink, Postfix's test server: takes mail as fast as it can, or misbehaves as told.
//
// `startSink` starts one with any of its arguments (smtp-sink(1)); `startSinks` starts the variants
// that the tests want at once. Its reply to EHLO ends with an empty `250 ` line.

import { join } from "node:path";
import { makeFolder, requireProgram, requireRoot, runProgram, systemUser } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { releasePorts, reservePort } from "./ports.mjs";
import { startProcess, waitForPorts } from "./processes.mjs";

const PROGRAM = "/usr/sbin/smtp-sink";

/** Variants started by default: name → arguments. Only those with `-d` keep what they take. */
export const SINK_VARIANTS = {
  keep: ["-d", "%Y%m%d%H%M%S."],
  discard: [],
  noPipelining: ["-p", "-d", "%Y%m%d%H%M%S."],
  noEsmtp: ["-e", "-d", "%Y%m%d%H%M%S."],
  lmtp: ["-L", "-d", "%Y%m%d%H%M%S."],
  softRejectData: ["-r", "data"],
  hardRejectMail: ["-f", "mail"],
  hardRejectEndOfData: ["-f", "."],
  dropAtRcpt: ["-q", "rcpt"],
  shutdownAtRcpt: ["-Q", "rcpt"],
  abortInData: ["-A", "0", "-d", "%Y%m%d%H%M%S."],
};

/**
 * Starts one smtp-sink.
 * @param {{folder: string, name: string, args?: string[], backlog?: number}} options
 */
export async function startSink({ folder, name, args = [], backlog = 1024 }) {
  requireProgram(PROGRAM, "postfix");
  requireRoot("smtp-sink");
  const nobody = systemUser("nobody", "base-passwd");
  const root = makeFolder(join(folder, "sink"));
  const mailFolder = makeFolder(join(root, name), { owner: nobody });
  const logFile = join(root, `${name}.log`);
  const port = await reservePort();
  const child = await startProcess({
    command: PROGRAM,
    args: ["-u", "nobody", "-m", "4096", ...args, `inet:127.0.0.1:${port}`, String(backlog)],
    cwd: mailFolder,
    logFile,
    aptPackage: "postfix",
  });
  await waitForPorts({ ports: [port], child, logFile, name: `smtp-sink ${name}` });
  const mailbox = args.includes("-d") ? { format: "dump", path: mailFolder } : null;
  return {
    port,
    mailbox,
    child,
    delivered: mailbox
      ? openMailbox({ ...mailbox, name: `smtp-sink ${name}` }).delivered
      : async () => { throw new Error(`smtp-sink ${name} keeps no messages: start it with -d`); },
    async stop() {
      await child.stop({ graceMs: 200 });
      releasePorts([port]);
    },
  };
}

/** All variants as one server; `variants` replaces the default set. */
export async function startSinks({ folder, variants = SINK_VARIANTS }) {
  const names = Object.keys(variants);
  const started = await Promise.all(names.map((name) => startSink({ folder, name, args: variants[name] })));
  const sinks = Object.fromEntries(names.map((name, index) => [name, started[index]]));
  const listeners = {};
  for (const [name, args] of Object.entries(variants)) {
    listeners[name] = { port: sinks[name].port, protocol: args.includes("-L") ? "lmtp" : "smtp", tls: "none", auth: "none", mailbox: sinks[name].mailbox };
  }
  return {
    name: "smtp-sink",
    version: runProgram("/usr/sbin/postconf", ["-d", "-h", "mail_version"]).trim(),
    host: "127.0.0.1",
    listeners,
    mechanisms: [],
    users: [],
    copies: "one",
    mailbox: sinks.keep?.mailbox ?? null,
    children: Object.values(sinks).map((sink) => sink.child),
    /** `delivered({listener: "keep", …})`: what one variant took. */
    delivered: ({ listener = "keep", ...options } = {}) => sinks[listener].delivered(options),
    stop: () => Promise.all(Object.values(sinks).map((sink) => sink.stop())),
    portNumbers: [],
  };
}
