// smtp-server (npm, of the authors of nodemailer) in a child process: keeps the exact octets.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { hasIpv6, reservePorts } from "./ports.mjs";
import { logTail, startProcess, waitForPorts } from "./processes.mjs";
import { TOKEN_KEY } from "./tokens.mjs";
import { USERS } from "./users.mjs";

const MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"];

const LISTENERS = {
  relaxed: { protocol: "smtp", tls: "starttls", auth: "optional" },
  implicit: { protocol: "smtp", tls: "implicit", auth: "optional" },
  strict: { protocol: "smtp", tls: "required", auth: "required" },
  unlimited: { protocol: "smtp", tls: "starttls", auth: "optional", sizeLimit: 0 },
  unlimitedImplicit: { protocol: "smtp", tls: "implicit", auth: "optional", sizeLimit: 0 },
  lmtp: { protocol: "lmtp", tls: "none", auth: "none" },
};
/** Only on ::1, where there is one; otherwise the listener is null. */
const IPV6_LISTENER = { protocol: "smtp", tls: "starttls", auth: "optional", host: "::1" };

function version() {
  let entry;
  try {
    entry = createRequire(new URL("../package.json", import.meta.url)).resolve("smtp-server");
  } catch {
    throw new Error("the npm package smtp-server is missing: npm ci --prefix tests");
  }
  let folder = dirname(entry);
  for (;;) {
    const file = join(folder, "package.json");
    const description = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
    if (description.name === "smtp-server") return description.version;
    folder = dirname(folder);
  }
}

export async function startSmtpServer({ folder, ca, sizeLimit }) {
  const itsVersion = version();
  const root = makeFolder(join(folder, "smtp-server"));
  const mailFolder = makeFolder(join(root, "mail"));
  const logFile = join(root, "smtp-server.log");
  const wanted = (await hasIpv6()) ? { ...LISTENERS, ipv6: IPV6_LISTENER } : LISTENERS;
  const ports = await reservePorts(Object.keys(wanted));
  const listeners = {};
  for (const [name, listener] of Object.entries(wanted)) {
    listeners[name] = { host: "127.0.0.1", port: ports[name], certificate: "good", sizeLimit, ...listener };
  }
  const settings = join(root, "settings.json");
  writeFileSync(settings, JSON.stringify({
    cert: ca.good.cert, key: ca.good.key, mailbox: mailFolder, mechanisms: MECHANISMS, users: USERS, tokenKey: TOKEN_KEY, listeners,
  }));
  const child = await startProcess({
    command: process.execPath,
    args: [fileURLToPath(new URL("smtp-server-process.mjs", import.meta.url)), settings],
    // Flags of the test runner are not for the child.
    env: { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined },
    logFile,
  });
  await waitForPorts({ ports: Object.values(ports), child, logFile, name: "smtp-server" });

  const mailbox = { format: "eml", path: mailFolder };
  return {
    name: "smtp-server",
    version: itsVersion,
    host: "127.0.0.1",
    listeners: { ipv6: null, ...listeners },
    mechanisms: MECHANISMS,
    users: USERS,
    copies: "one",
    mailbox,
    logFile,
    children: [child],
    delivered: openMailbox({ ...mailbox, name: "smtp-server", describeFailure: () => logTail(logFile) }).delivered,
    stop: () => child.stop({ graceMs: 500 }),
    portNumbers: Object.values(ports),
  };
}
