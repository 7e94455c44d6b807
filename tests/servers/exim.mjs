// Exim: PRDR, PIPECONNECT, CHUNKING, EXTERNAL by client certificate; SASL by Dovecot.
//
// Debian lets no two mail servers be installed together, so Exim's package is only unpacked, by
// tools/setup.sh (group servers) into build/exim: the program build/exim/usr/sbin/exim4, and in
// build/exim/libraries the libraries that came with it. WSMTP_EXIM names another such folder.
//
// Recipients as in postfix.mjs, and prdrno, which refuses the content for itself alone; after the 421
// of gone421 Exim leaves the session open.

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyReadable, fillTemplate, makeFolder, requireRoot, runProgram, systemUser, writeReadable } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { reservePorts } from "./ports.mjs";
import { logTail, startProcess, waitForPorts } from "./processes.mjs";
import { USERS } from "./users.mjs";

const HOW_TO_GET_IT = "run tools/setup.sh servers, which unpacks exim4-daemon-heavy";

const LISTENERS = {
  relaxed: { tls: "starttls", auth: "optional" },
  implicit: { tls: "implicit", auth: "optional" },
  strict: { tls: "required", auth: "required" },
  unlimited: { tls: "starttls", auth: "optional", sizeLimit: 0 },
};

function authenticator(mechanism, saslSocket, strictPort) {
  return `${mechanism.toLowerCase().replaceAll("-", "_")}:
  driver = dovecot
  public_name = ${mechanism}
  server_socket = ${saslSocket}
  server_advertise_condition = \${if or{{def:tls_in_cipher}{!eq{$received_port}{${strictPort}}}}}
  server_set_id = $auth1
`;
}

export async function startExim({ folder, ca, sizeLimit, saslSocket, mechanisms }) {
  const unpacked = process.env.WSMTP_EXIM ?? fileURLToPath(new URL("../../build/exim", import.meta.url));
  const program = join(unpacked, "usr/sbin/exim4");
  if (!existsSync(program)) throw new Error(`${program} is missing: ${HOW_TO_GET_IT}`);
  requireRoot("exim");
  const owner = systemUser("Debian-exim", `exim4-base (or ${HOW_TO_GET_IT})`);
  const root = makeFolder(join(folder, "exim"));
  const mailFolder = makeFolder(join(root, "mail"), { owner });
  makeFolder(join(root, "spool"), { owner });
  makeFolder(join(root, "log"), { owner });

  // Exim runs itself again after giving up root, so it must lie where everyone can get.
  const binary = join(root, "exim4");
  copyReadable(program, binary);
  const libraries = join(root, "libraries");
  if (existsSync(join(unpacked, "libraries"))) copyReadable(join(unpacked, "libraries"), libraries);

  const ports = await reservePorts(Object.keys(LISTENERS));
  const configuration = join(root, "exim.conf");
  writeReadable(configuration, fillTemplate("exim.conf", {
    RUN: folder,
    RELAXED: ports.relaxed,
    IMPLICIT: ports.implicit,
    STRICT: ports.strict,
    UNLIMITED: ports.unlimited,
    CERT: ca.good.cert,
    KEY: ca.good.key,
    CA: ca.file,
    SIZE_LIMIT: sizeLimit,
    AUTHENTICATORS: mechanisms.map((mechanism) => authenticator(mechanism, saslSocket, ports.strict)).join(""),
  }));

  const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries };
  const version = /Exim version (\S+)/.exec(runProgram(binary, ["-C", configuration, "-bV"], { env }))[1];
  const logFile = join(root, "log/main.log");
  const stderrFile = join(root, "stderr.log");
  const child = await startProcess({ command: binary, args: ["-C", configuration, "-bdf", "-q10m"], cwd: root, env, logFile: stderrFile });
  await waitForPorts({ ports: Object.values(ports), child, logFile: stderrFile, name: "exim" });

  const listeners = {};
  for (const [name, listener] of Object.entries(LISTENERS)) {
    listeners[name] = { port: ports[name], protocol: "smtp", certificate: "good", sizeLimit, ...listener };
  }
  const mailbox = { format: "maildir", path: mailFolder };
  return {
    name: "exim",
    version,
    host: "127.0.0.1",
    listeners,
    mechanisms: [...mechanisms, "EXTERNAL"],
    users: USERS,
    copies: "one",
    mailbox,
    logFile,
    children: [child],
    delivered: openMailbox({ ...mailbox, name: "exim", describeFailure: () => logTail(statSync(logFile, { throwIfNoEntry: false }) ? logFile : stderrFile) }).delivered,
    stop: () => child.stop({ graceMs: 300 }),
    portNumbers: Object.values(ports),
  };
}
