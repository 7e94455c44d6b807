// Real mail servers on loopback for tests in any language: started as plain processes, each with its
// own folder and free ports, ended with everything they forked.
//
//   import { startServers } from "./servers.mjs";
//   const run = await startServers({ names: ["postfix", "smtp-server"] });
//   run.postfix.listeners.relaxed.port; run.ca.file; run.tokens.valid
//   const [message] = await run.postfix.delivered();
//   await run.stop();
//
//   node tests/servers/servers.mjs up NAME... [--dir D] [--stdin]   (see command-line.mjs)

import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { startAiosmtpd } from "./aiosmtpd.mjs";
import { makeCertificates } from "./ca.mjs";
import { runCommandLine } from "./command-line.mjs";
import { startDovecot } from "./dovecot.mjs";
import { startExim } from "./exim.mjs";
import { copyReadable, DEFAULT_PARENT, makeRunFolder } from "./folders.mjs";
import { releasePorts } from "./ports.mjs";
import { startPostfix } from "./postfix.mjs";
import { keepFolder, removeFolderAtEnd } from "./processes.mjs";
import { startSinks } from "./smtp-sink.mjs";
import { startSmtpServer } from "./smtp-server.mjs";
import { makeTokens, USERS } from "./users.mjs";

/** The standard listeners' limit of a message's size, in octets; `unlimited` listeners have none. */
export const SIZE_LIMIT = 1024 * 1024;

const STARTERS = {
  dovecot: (context) => startDovecot(context),
  postfix: async (context) => startPostfix({ ...context, ...(await context.sasl()) }),
  exim: async (context) => startExim({ ...context, ...(await context.sasl()) }),
  aiosmtpd: (context) => startAiosmtpd(context),
  "smtp-server": (context) => startSmtpServer(context),
  "smtp-sink": (context) => startSinks({ ...context, variants: context.sinks }),
};

export const SERVER_NAMES = Object.keys(STARTERS);

/**
 * Starts servers and waits until each of them listens. Postfix and Exim bring Dovecot along, which
 * is their SASL server.
 *
 * @param {object} options
 * @param {string[]} options.names of dovecot, postfix, exim, aiosmtpd, smtp-server, smtp-sink
 * @param {string} [options.dir] folder below which the run gets a fresh folder of its own (default
 *   build/servers); certificates are cached in it
 * @param {boolean} [options.keep] leave the run's folder there after the end
 *   (also by WSMTP_KEEP_SERVERS=1 in the environment)
 * @param {Record<string, string[]>} [options.sinks] variants of smtp-sink: name → its arguments
 * @returns an object with an entry for each server under its name, and
 *   dir, ca ({file, good: {cert, key}, …}), users ([{user, pass}]), tokens ({valid, expired, forged}),
 *   sizeLimit, describe() (all of it as plain data), stop().
 *   A server is {name, version, host, listeners: {NAME: {port, protocol, tls, auth, certificate,
 *   sizeLimit}}, mechanisms, users, copies, mailbox, logFile, delivered(), stop()}; `tls` is none,
 *   starttls, required (STARTTLS before anything else) or implicit; `copies` of a message are one, or
 *   one for each recipient; `delivered` is that of mailboxes.mjs.
 */
export async function startServers({ names, dir = DEFAULT_PARENT, keep = process.env.WSMTP_KEEP_SERVERS === "1", sinks } = {}) {
  if (!Array.isArray(names) || names.length === 0) throw new Error(`names: must list one or more of ${SERVER_NAMES.join(", ")}`);
  for (const name of names) {
    if (!(name in STARTERS)) throw new Error(`names: there is no server ${JSON.stringify(name)}, only ${SERVER_NAMES.join(", ")}`);
  }
  const cache = makeCertificates(join(resolve(dir), "ca"));
  const folder = makeRunFolder(dir);
  removeFolderAtEnd(folder);
  // A copy in the run's folder: the cache may be closed to the users that servers change to.
  copyReadable(cache.folder, join(folder, "ca"));
  const ca = makeCertificates(join(folder, "ca"));

  const started = {};
  const start = (name) => (started[name] ??= STARTERS[name](context));
  const context = {
    folder,
    ca,
    sizeLimit: SIZE_LIMIT,
    sinks,
    async sasl() {
      const { saslSocket, mechanisms } = await start("dovecot");
      return { saslSocket, mechanisms };
    },
  };

  async function stop() {
    const ended = await Promise.allSettled(Object.values(started).map(async (server) => {
      const running = await server.catch(() => null);
      if (!running) return;
      await running.stop();
      releasePorts(running.portNumbers);
    }));
    keepFolder(folder);
    if (!keep) rmSync(folder, { recursive: true, force: true });
    const failed = ended.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
  }

  const results = await Promise.allSettled(names.map(start));
  const failed = results.find(({ status }) => status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  if (keep) keepFolder(folder);

  const servers = {};
  for (const [name, server] of Object.entries(started)) servers[name] = await server;
  const shared = { dir: folder, ca, users: USERS, tokens: makeTokens(), sizeLimit: SIZE_LIMIT };
  return {
    ...shared,
    ...servers,
    describe() {
      const plain = { ...shared };
      for (const [name, server] of Object.entries(servers)) plain[name] = JSON.parse(JSON.stringify({ ...server, children: undefined, portNumbers: undefined }));
      return plain;
    },
    stop,
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runCommandLine(process.argv.slice(2), { startServers });
}
