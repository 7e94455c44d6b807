// Postfix with many listeners, one policy each, SASL by Dovecot, delivery into one maildir.
//
// Recipients (any domain of lab.test): bad and nosuch 550, full 552, grey 450, multi a multi-line
// 550, slow a pause of 3 s, gone421 a 421 and the end of the session, eod4xx/eod5xx refused after
// the message. Senders badsender 553 and greysender 451.

import { join } from "node:path";
import { copyReadable, fillTemplate, makeFolder, requireProgram, requireRoot, runProgram, systemGroup, systemUser, writeReadable } from "./folders.mjs";
import { openMailbox } from "./mailboxes.mjs";
import { reservePorts } from "./ports.mjs";
import { logTail, startProcess, waitForPorts } from "./processes.mjs";
import { USERS } from "./users.mjs";

const ANONYMOUS = { smtpd_sasl_security_options: "" };
const IMPLICIT = { smtpd_tls_wrappermode: "yes", smtpd_tls_security_level: "encrypt" };
const protocols = (value) => ({ smtpd_tls_protocols: value, smtpd_tls_mandatory_protocols: value });

/**
 * name → the listener's parameters for Postfix (`options`) and what a test should know of it.
 * `certificate` is a leaf of ca.mjs; `auth` none | optional | required (before MAIL).
 */
const LISTENERS = {
  /** Plaintext and STARTTLS; AUTH allowed in clear, every mechanism. */
  relaxed: { tls: "starttls", auth: "optional", options: ANONYMOUS },
  implicit: { tls: "implicit", auth: "optional", options: { ...IMPLICIT, ...ANONYMOUS } },
  /** Submission as RFC 8314 wants it: AUTH offered only after STARTTLS, and needed. */
  strict: {
    tls: "required", auth: "required",
    options: { smtpd_tls_security_level: "encrypt", smtpd_tls_auth_only: "yes", smtpd_client_restrictions: "permit_sasl_authenticated,reject" },
  },
  strictImplicit: {
    tls: "implicit", auth: "required",
    options: { ...IMPLICIT, smtpd_tls_auth_only: "yes", smtpd_client_restrictions: "permit_sasl_authenticated,reject" },
  },
  /** Like relaxed, but of any size. */
  unlimited: { tls: "starttls", auth: "optional", sizeLimit: 0, options: {} },
  unlimitedImplicit: { tls: "implicit", auth: "optional", sizeLimit: 0, options: IMPLICIT },
  /** An old server: EHLO is accepted and offers nothing. */
  legacy: {
    tls: "none", auth: "none",
    options: {
      smtpd_discard_ehlo_keywords: "pipelining,chunking,8bitmime,dsn,smtputf8,enhancedstatuscodes,starttls,size,vrfy,etrn,auth",
      smtpd_sasl_auth_enable: "no", smtpd_tls_security_level: "none", smtputf8_enable: "no",
    },
  },
  /** Waits 1 s before each reply after an error, ends the session with 421 at the fourth, and after 3 s of silence. */
  tarpit: {
    tls: "starttls", auth: "optional",
    options: {
      smtpd_error_sleep_time: "1s", smtpd_soft_error_limit: "1", smtpd_hard_error_limit: "4", smtpd_timeout: "3s",
      smtpd_forbid_bare_newline: "reject", smtpd_forbid_bare_newline_exclusions: "",
    },
  },
  /** Multi-line greeting, 2 s between its lines; refuses a client that talks before the end of it. */
  postscreen: {
    tls: "starttls", auth: "none", command: "postscreen", maxproc: 1,
    options: {
      postscreen_greet_action: "enforce", postscreen_greet_wait: "2s", postscreen_greet_banner: "mx.lab.test please wait",
      postscreen_access_list: "", postscreen_cache_map: "", postscreen_tls_security_level: "may",
    },
  },
  /** XCLIENT and XFORWARD allowed. */
  xclient: {
    tls: "starttls", auth: "optional",
    options: { smtpd_authorized_xclient_hosts: "127.0.0.0/8", smtpd_authorized_xforward_hosts: "127.0.0.0/8" },
  },
  /** A client certificate of the CA is needed. */
  clientCertificate: { tls: "implicit", auth: "none", options: { ...IMPLICIT, smtpd_tls_req_ccert: "yes", smtpd_tls_ask_ccert: "yes" } },
  rsaTls12: { tls: "implicit", auth: "optional", options: { ...IMPLICIT, ...protocols("TLSv1.2") } },
  rsaTls13: { tls: "implicit", auth: "optional", options: { ...IMPLICIT, ...protocols("TLSv1.3") } },
  ecdsaTls12: { tls: "implicit", auth: "optional", certificate: "goodEcdsa", options: { ...IMPLICIT, ...protocols("TLSv1.2") } },
  ecdsaTls13: { tls: "implicit", auth: "optional", certificate: "goodEcdsa", options: { ...IMPLICIT, ...protocols("TLSv1.3") } },
  /** Only a protocol that a client must refuse. */
  tls11: {
    tls: "implicit", auth: "optional",
    options: { ...IMPLICIT, ...protocols("TLSv1.1"), tls_high_cipherlist: "ALL:@SECLEVEL=0", tls_medium_cipherlist: "ALL:@SECLEVEL=0" },
  },
  wrongName: { tls: "implicit", auth: "optional", certificate: "wrongName", options: IMPLICIT },
  expired: { tls: "implicit", auth: "optional", certificate: "expired", options: IMPLICIT },
  untrusted: { tls: "implicit", auth: "optional", certificate: "untrusted", options: IMPLICIT },
  wrongNameStarttls: { tls: "starttls", auth: "optional", certificate: "wrongName", options: {} },
  expiredStarttls: { tls: "starttls", auth: "optional", certificate: "expired", options: {} },
  untrustedStarttls: { tls: "starttls", auth: "optional", certificate: "untrusted", options: {} },
};

function masterLine(port, { command = "smtpd", maxproc = "-", certificate = "good", sizeLimit, options }, ca) {
  const all = { ...options, message_size_limit: sizeLimit };
  if (certificate !== "good") all.smtpd_tls_chain_files = ca[certificate].chain;
  const given = Object.entries(all).map(([name, value]) => (value === "" ? `-o ${name}=` : `-o { ${name} = ${value} }`));
  return `127.0.0.1:${port} inet n - n - ${maxproc} ${command} ${given.join(" ")}\n`;
}

/** The queue's folders, as `postfix check` would make them in ten times the time. */
function makeQueue(spool, postfixUser) {
  const postdrop = systemGroup("postdrop", "postfix");
  makeFolder(spool);
  makeFolder(join(spool, "pid"));
  for (const name of ["active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"]) {
    makeFolder(join(spool, name), { mode: 0o700, owner: postfixUser });
  }
  makeFolder(join(spool, "public"), { mode: 0o2710, owner: { uid: postfixUser.uid, gid: postdrop } });
  makeFolder(join(spool, "maildrop"), { mode: 0o1730, owner: { uid: postfixUser.uid, gid: postdrop } });
}

export async function startPostfix({ folder, ca, sizeLimit, saslSocket, mechanisms }) {
  requireProgram("/usr/lib/postfix/sbin/master", "postfix");
  requireRoot("postfix");
  const mail = systemUser("mail", "base-passwd");
  const postfixUser = systemUser("postfix", "postfix");
  const root = makeFolder(join(folder, "postfix"));
  const etc = makeFolder(join(root, "etc"));
  makeQueue(join(root, "spool"), postfixUser);
  makeFolder(join(root, "data"), { mode: 0o700, owner: postfixUser });
  const mailFolder = makeFolder(join(root, "mail"), { owner: mail });

  const listeners = {};
  const ports = await reservePorts(Object.keys(LISTENERS));
  let master = "";
  for (const [name, listener] of Object.entries(LISTENERS)) {
    const { tls, auth, certificate = "good" } = listener;
    const limit = listener.sizeLimit ?? sizeLimit;
    master += masterLine(ports[name], { ...listener, sizeLimit: limit }, ca);
    listeners[name] = { port: ports[name], protocol: "smtp", tls, auth, certificate, sizeLimit: limit };
  }

  writeReadable(join(etc, "main.cf"), fillTemplate("postfix-main.cf", {
    RUN: folder, MAIL_UID: mail.uid, MAIL_GID: mail.gid, CHAIN: ca.good.chain, CA: ca.file, SASL_SOCKET: saslSocket,
  }));
  writeReadable(join(etc, "master.cf"), master + fillTemplate("postfix-master.cf", {}));
  for (const name of ["recipient", "sender", "end-of-data", "footer"]) {
    writeReadable(join(etc, `${name}.regexp`), fillTemplate(`postfix-${name}.regexp`, {}));
  }
  copyReadable("/etc/postfix/dynamicmaps.cf", join(etc, "dynamicmaps.cf"));

  const logFile = join(root, "mail.log");
  const child = await startProcess({
    command: "/usr/lib/postfix/sbin/master",
    args: ["-c", etc, "-s"],
    cwd: root,
    logFile: join(root, "stderr.log"),
    aptPackage: "postfix",
  });
  await waitForPorts({ ports: Object.values(ports), child, logFile, name: "postfix" });

  const mailbox = { format: "maildir", path: join(mailFolder, "inbox") };
  return {
    name: "postfix",
    version: runProgram("/usr/sbin/postconf", ["-d", "-h", "mail_version"]).trim(),
    host: "127.0.0.1",
    listeners,
    mechanisms,
    users: USERS,
    copies: "each",
    mailbox,
    logFile,
    children: [child],
    delivered: openMailbox({ ...mailbox, name: "postfix", describeFailure: () => logTail(logFile) }).delivered,
    stop: () => child.stop(),
    portNumbers: Object.values(ports),
  };
}
