// Servers with bad certificates (Postfix), and servers that fail at a chosen moment (scripted).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { makeRunFolder } from "../servers/folders.mjs";
import { removeFolderAtEnd } from "../servers/processes.mjs";
import { startServers } from "../servers/servers.mjs";
import { startScripted } from "../servers/scripted.mjs";
import { call, close, closeAbruptly, expect, hello, readData, reset, send, sendGarbage, stall, wait } from "../servers/scripted-steps.mjs";

const FOREVER = 60000;
const PIPELINING = ["PIPELINING"];
const envelope = [expect("MAIL"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "354 go")];
const message = [...hello(PIPELINING), ...envelope, readData()];

const SCRIPTS = {
  SILENT: [stall()],
  SILENT_EHLO: [send("220 hello"), expect("EHLO"), wait(FOREVER)],
  SILENT_MAIL: [...hello(PIPELINING), expect("MAIL"), wait(FOREVER)],
  SILENT_RCPT: [...hello(), expect("MAIL"), send("250 ok"), expect("RCPT"), wait(FOREVER)],
  SILENT_DATA: [...hello(), expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), wait(FOREVER)],
  SILENT_BODY: [...hello(PIPELINING), ...envelope, stall()],
  SILENT_END: [...message, wait(FOREVER)],
  SILENT_QUIT: [...hello(), expect("QUIT"), wait(FOREVER)],
  CLOSED: [close()],
  UNWELCOME: [send("554 go away"), close()],
  RESIDUE: [...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go", "250 injected"), wait(FOREVER)],
  GARBAGE: [...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go"), call((connection) => connection.readBytes(5)), sendGarbage(200), wait(FOREVER)],
  NO_STARTTLS: [...hello(PIPELINING), wait(FOREVER)],
  SHUT_STARTTLS: [...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go"), close()],
  DROPPED: [...message, reset()],
  CLOSED_MAIL: [...hello(PIPELINING), expect("MAIL"), close()],
  LAST_WORDS: [...hello(PIPELINING), ...envelope, send("552 5.3.4 too much"), close()],
  CLOSING: [...message, send("250 ok"), send("421 bye"), close()],
};

const TLS_SCRIPTS = {
  TRUNCATED: [...message, closeAbruptly()],
  NOTIFIED: [...hello(PIPELINING), expect("MAIL"), close()],
  TRUNCATED_QUIT: [...message, send("250 ok"), expect("QUIT"), send("221 bye"), closeAbruptly()],
};

/** A leaf that has its name in the subject alone, where RFC 9525 does not look for it. */
function makeNameless(ca, folder) {
  const leaf = { cert: join(folder, "nameless.pem"), key: join(folder, "nameless.key") };
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "2", "-addext", "basicConstraints=critical,CA:FALSE",
    "-CA", ca.file, "-CAkey", join(ca.folder, "ca.key"), "-keyout", leaf.key, "-out", leaf.cert], { stdio: ["ignore", "ignore", "pipe"] });
  return leaf;
}

export async function prepare() {
  const run = await startServers({ names: ["postfix"] });
  const servers = {};
  for (const [name, steps] of Object.entries(SCRIPTS)) servers[name] = await startScripted({ steps, certificate: run.ca.good });
  for (const [name, steps] of Object.entries(TLS_SCRIPTS)) servers[name] = await startScripted({ steps, tls: "implicit", certificate: run.ca.good });
  const folder = makeRunFolder();
  removeFolderAtEnd(folder);
  servers.NAMELESS = await startScripted({ steps: [close()], tls: "implicit", tlsMayFail: true, certificate: makeNameless(run.ca, folder) });
  const gone = await startScripted({ steps: [] });
  await gone.stop();

  const { listeners } = run.postfix;
  const env = { CA: run.ca.file, OTHER_CA: run.ca.otherFile, TOKEN: run.tokens.valid, NOBODY: gone.port };
  for (const name of ["relaxed", "implicit", "tls11", "wrongName", "expired", "untrusted", "wrongNameStarttls", "expiredStarttls", "untrustedStarttls"]) {
    env[name.replace(/[A-Z]/g, "_$&").toUpperCase()] = listeners[name].port;
  }
  for (const [name, { port }] of Object.entries(servers)) env[name] = port;
  return {
    env,
    async verify() {
      // A message that was given up must never have been ended: only these scripts saw one complete.
      const whole = Object.entries(servers).filter(([, { connections }]) => connections.some(({ messages }) => messages.length > 0)).map(([name]) => name);
      assert.deepEqual(whole.sort(), ["CLOSING", "DROPPED", "SILENT_END", "TRUNCATED", "TRUNCATED_QUIT"]);
      // Nobody sent a password or a message in clear text to a server that offers no TLS.
      for (const { received } of servers.NO_STARTTLS.connections) assert.equal(received.toString().match(/MAIL|AUTH/), null);
    },
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      await run.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
