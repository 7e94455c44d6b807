// aiosmtpd (Python): keeps the exact octets, and its replies can be scripted while it runs.

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeFolder, requireProgram, runProgram } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { reservePorts } from "./ports.mjs";
import { logTail, startProcess, waitForPorts } from "./processes.mjs";
import { USERS } from "./users.mjs";

const PYTHON = "/usr/bin/python3";

const LISTENERS = {
  relaxed: { protocol: "smtp", tls: "starttls", auth: "optional" },
  implicit: { protocol: "smtp", tls: "implicit", auth: "optional" },
  strict: { protocol: "smtp", tls: "required", auth: "required" },
  unlimited: { protocol: "smtp", tls: "starttls", auth: "optional", sizeLimit: 0 },
  lmtp: { protocol: "lmtp", tls: "none", auth: "none" },
};

function version() {
  requireProgram(PYTHON, "python3");
  try {
    return runProgram(PYTHON, ["-c", "import aiosmtpd; print(aiosmtpd.__version__)"]).trim();
  } catch (error) {
    throw new Error(`aiosmtpd is missing: apt-get install python3-aiosmtpd (${error.message.trim().split("\n").at(-1)})`);
  }
}

export async function startAiosmtpd({ folder, ca, sizeLimit }) {
  const itsVersion = version();
  const root = makeFolder(join(folder, "aiosmtpd"));
  const mailFolder = makeFolder(join(root, "mail"));
  const script = join(root, "script.json");
  const logFile = join(root, "aiosmtpd.log");
  const ports = await reservePorts(Object.keys(LISTENERS));
  const listeners = {};
  for (const [name, listener] of Object.entries(LISTENERS)) {
    listeners[name] = { port: ports[name], certificate: "good", sizeLimit, ...listener };
  }
  const settings = join(root, "settings.json");
  writeFileSync(settings, JSON.stringify({ cert: ca.good.cert, key: ca.good.key, mailbox: mailFolder, script, listeners, users: USERS }));
  const child = await startProcess({
    command: PYTHON,
    args: [fileURLToPath(new URL("aiosmtpd_server.py", import.meta.url)), settings],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    logFile,
    aptPackage: "python3",
  });
  await waitForPorts({ ports: Object.values(ports), child, logFile, name: "aiosmtpd" });

  const mailbox = { format: "eml", path: mailFolder };
  return {
    name: "aiosmtpd",
    version: itsVersion,
    host: "127.0.0.1",
    listeners,
    mechanisms: ["PLAIN", "LOGIN"],
    users: USERS,
    copies: "one",
    mailbox,
    logFile,
    scriptFile: script,
    children: [child],
    delivered: openMailbox({ ...mailbox, name: "aiosmtpd", describeFailure: () => logTail(logFile) }).delivered,
    /**
     * Sets replies that override the usual ones from the next command on; null takes them back.
     * @param {null | {mail?: object, rcpt?: object, data?: object, eod?: object}} replies for each step
     *   local part (or "*") → reply, lines separated by CRLF
     */
    script(replies) {
      if (replies === null) {
        rmSync(script, { force: true });
        return;
      }
      writeFileSync(`${script}.new`, JSON.stringify(replies));
      renameSync(`${script}.new`, script);
    },
    stop: () => child.stop(),
    portNumbers: Object.values(ports),
  };
}
