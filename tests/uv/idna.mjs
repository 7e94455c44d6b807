// Scripted servers: what goes over the wire for names and addresses beyond ASCII.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScripted } from "../servers/scripted.mjs";
import { expect, expectEnd, hello, readData, send } from "../servers/scripted-steps.mjs";

const quit = [expect("QUIT"), send("221 bye"), expectEnd()];
const message = (mail, ...recipients) => [
  expect(mail), ...recipients.map((recipient) => expect(recipient)), expect("DATA"),
  send("250 ok", ...recipients.map(() => "250 ok"), "354 go"), readData(), send("250 ok")];

const IDN = /^MAIL FROM:<bob@xn--bcher-kva\.test>( SIZE=\d+)?( BODY=\w+)?$/;
const IDN_RECIPIENTS = [/^RCPT TO:<alice@lab\.test>$/, /^RCPT TO:<"a b"@xn--fa-hia\.test>$/];

const SCRIPTS = {
  LACKS: [...hello(["PIPELINING", "8BITMIME"]), ...message(IDN, ...IDN_RECIPIENTS), ...quit],
  OFFERS: [...hello(["PIPELINING", "8BITMIME", "SMTPUTF8"]), ...message(IDN, ...IDN_RECIPIENTS),
    ...message(/^MAIL FROM:<bob@b\u00fccher\.test>.* SMTPUTF8$/, /^RCPT TO:<j\u00fcrgen@lab\.test>$/),
    ...message(/^MAIL FROM:<bob@b\u00fccher\.test>.* SMTPUTF8$/, /^RCPT TO:<alice@lab\.test>$/), ...quit],
  SECURE: [...hello(["PIPELINING"]), ...quit],
};

/** A certificate for the A-label form of bücher.test, which is its own authority. */
function makeCertificate(folder) {
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
    "-days", "2", "-subj", "/CN=idna", "-addext", "subjectAltName=DNS:xn--bcher-kva.test"], { stdio: "ignore" });
  return { cert, key };
}

export async function prepare() {
  const folder = mkdtempSync(join(tmpdir(), "wsmtp-idna-"));
  const certificate = makeCertificate(folder);
  const servers = {};
  for (const [name, steps] of Object.entries(SCRIPTS)) {
    servers[name] = await startScripted({ steps, ...(name === "SECURE" && { tls: "implicit", certificate, tlsMayFail: true }) });
  }
  return {
    env: { CA: certificate.cert, ...Object.fromEntries(Object.entries(servers).map(([name, { port }]) => [name, port])) },
    async verify() {
      for (const [name, server] of Object.entries(servers)) {
        const connection = await server.finished();
        if (name === "OFFERS") assert.equal(connection.messages.length, 3);
      }
    },
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
