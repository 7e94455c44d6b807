// Dovecot: SASL for Postfix and Exim with every mechanism, LMTP over TCP, TLS and a Unix socket, and
// a submission server, which relays what it takes to an smtp-sink that keeps it.

import { statSync } from "node:fs";
import { join } from "node:path";
import { fillTemplate, makeFolder, requireProgram, requireRoot, runProgram, systemUser, writeReadable } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { reservePorts } from "./ports.mjs";
import { logTail, startProcess, waitForPorts, waitUntil } from "./processes.mjs";
import { startSink } from "./smtp-sink.mjs";
import { TOKEN_KEY } from "./tokens.mjs";
import { USERS } from "./users.mjs";

const PACKAGE = "dovecot-core dovecot-lmtpd dovecot-submissiond";

/** What Dovecot's SASL server offers, and so Postfix and Exim behind it. */
export const SASL_MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "ANONYMOUS"];

function isSocket(path) {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}

export async function startDovecot({ folder, ca, sizeLimit }) {
  const program = requireProgram("/usr/sbin/dovecot", PACKAGE);
  requireProgram("/usr/lib/dovecot/lmtp", PACKAGE);
  requireProgram("/usr/lib/dovecot/submission", PACKAGE);
  requireRoot("dovecot");
  const mail = systemUser("mail", "base-passwd");
  const root = makeFolder(join(folder, "dovecot"));
  const etc = makeFolder(join(root, "etc"));
  const mailFolder = makeFolder(join(root, "mail"), { owner: mail });
  makeFolder(join(root, "home"), { owner: mail });
  makeFolder(join(root, "run"));
  for (const path of ["keys", "keys/default", "keys/default/HS256"]) makeFolder(join(etc, path));

  writeReadable(join(etc, "passwords"), USERS.map(({ user, pass }) => `${user}:${pass}:::::\n`).join(""));
  writeReadable(join(etc, "nosuch"), "nosuch:::::::\n");
  writeReadable(join(etc, "full"), "full:::::::userdb_quota_rule=*:bytes=1\n");
  writeReadable(join(etc, "keys/default/HS256/default"), Buffer.from(TOKEN_KEY).toString("base64"));
  writeReadable(join(etc, "oauth2.conf"), fillTemplate("dovecot-oauth2.conf", { RUN: folder }));

  const relay = await startSink({ folder, name: "submission-relay", args: ["-d", "%Y%m%d%H%M%S."] });
  const ports = await reservePorts(["lmtp", "lmtps", "submission", "submissions"]);
  const configuration = join(etc, "dovecot.conf");
  writeReadable(configuration, fillTemplate("dovecot.conf", {
    RUN: folder,
    INSTANCE: folder.split("/").at(-1),
    CERT: ca.good.cert,
    KEY: ca.good.key,
    MAIL_UID: mail.uid,
    MAIL_GID: mail.gid,
    RELAY_PORT: relay.port,
    SIZE_LIMIT: sizeLimit,
    LMTP_PORT: ports.lmtp,
    LMTPS_PORT: ports.lmtps,
    SUBMISSION_PORT: ports.submission,
    SUBMISSIONS_PORT: ports.submissions,
  }));

  const logFile = join(root, "dovecot.log");
  const saslSocket = join(root, "run/sasl");
  const child = await startProcess({ command: program, args: ["-F", "-c", configuration], cwd: root, logFile: join(root, "stderr.log"), aptPackage: PACKAGE });
  await waitUntil(() => isSocket(saslSocket), { child, logFile, what: "Dovecot's SASL socket" });
  await waitForPorts({ ports: Object.values(ports), child, logFile, name: "dovecot" });

  const describeFailure = () => logTail(logFile);
  return {
    name: "dovecot",
    version: runProgram(program, ["--version"]).split(" ")[0],
    host: "127.0.0.1",
    listeners: {
      lmtp: { port: ports.lmtp, protocol: "lmtp", tls: "starttls", certificate: "good", auth: "none" },
      lmtps: { port: ports.lmtps, protocol: "lmtp", tls: "implicit", certificate: "good", auth: "none" },
      submission: { port: ports.submission, protocol: "smtp", tls: "starttls", certificate: "good", auth: "required", sizeLimit },
      submissions: { port: ports.submissions, protocol: "smtp", tls: "implicit", certificate: "good", auth: "required", sizeLimit },
    },
    lmtpSocket: join(root, "run/lmtp.sock"),
    saslSocket,
    mechanisms: SASL_MECHANISMS,
    users: USERS,
    copies: "each",
    // LMTP has a folder a user; what submission took is in `submissionMailbox`.
    mailbox: { format: "maildir", path: mailFolder },
    submissionMailbox: relay.mailbox,
    logFile,
    children: [child],
    delivered: openMailbox({ format: "maildir", path: mailFolder, name: "dovecot", describeFailure }).delivered,
    submitted: relay.delivered,
    async stop() {
      // Its own orderly end takes a second, and nothing is left to save.
      await child.stop({ graceMs: 100 });
      await relay.stop();
    },
    portNumbers: Object.values(ports),
  };
}
