// Internationalized names: what goes over the wire for them, with SMTPUTF8 and without.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectOver } from "../../adapters/js/client.mjs";
import { SmtpError, connect } from "../../adapters/js/hosts/node.mjs";
import { toAscii } from "../../adapters/js/idna.mjs";
import { expect, hello, readData, send } from "../servers/scripted-steps.mjs";
import { module } from "./engine.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };
const DOMAIN_CHARACTER = { kind: "input", reason: "domain-character" };

const DOMAINS = [
  ["plain.test", "plain.test"],
  ["Plain_1.test.", "Plain_1.test."],
  ["[IPv6:::1]", "[IPv6:::1]"],
  ["b\u00fccher.example", "xn--bcher-kva.example"],
  ["B\u00dcCHER.Example.", "xn--bcher-kva.Example."],
  ["fa\u00df.de", "xn--fa-hia.de"],
  ["col\u00b7lecci\u00f3.cat", "xn--collecci-ioa91d.cat"],
  ["xn--bcher-kva.\u03b4\u03bf\u03ba", "xn--bcher-kva.xn--pxamo"],
  // Composed and decomposed are one domain; a joiner in its place is part of the name.
  ["\u00f1.test", "xn--ida.test"],
  ["n\u0303.test", "xn--ida.test"],
  ["\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "xn--mgba3gch31f060k.com"],
];

/** What URL would take for a part of an address, decode, drop, or make ASCII; and what has no A-label. */
const NO_DOMAINS = [
  "\u00fc%2e.test", "\u00fc:25", "\u00fc/x", "\u00fc?", "\u00fc#", "\u00fc\\", "\u00fc x", "\u00fc\t", "\u00fc_", "[\u00fc]", "-\u00fc.test", "\u00fc-.test",
  "a\u3002\u00fc.test", "a\uff0eb.test", "exam\u00adple.test", "\u00fc\u00ad.test", "\u00fc\ufe0f.test", "\uff45xample.test", "\u212aelvin.test",
  "\uff11.\uff12.\uff13.\uff14", "\u2460.test", "\ud800.test", "a\u200db.test", "\u0301a.test", "\u{e0041}\u00fc.test", "\u00fc\u202e.test",
];

test("labels beyond ASCII become A-labels, others stay as they are", () => {
  for (const [domain, expected] of DOMAINS) {
    assert.equal(toAscii(domain, "hostname"), expected);
    assert.equal(toAscii(`"x@y"@${domain}`, "from"), `"x@y"@${expected}`);
  }
  assert.equal(toAscii("j\u00fcrgen@\u00fc.test", "from"), "j\u00fcrgen@xn--tda.test");
});

test("only a domain goes in, and only a domain comes out", () => {
  for (const domain of NO_DOMAINS) {
    assert.throws(() => toAscii(domain, "to", 3), { ...DOMAIN_CHARACTER, field: "to", index: 3, message: "to[3] has a character that is not allowed in a domain" }, JSON.stringify(domain));
  }
});

test("names that are no domains are refused before a connection", async () => {
  for (const name of ["hostname", "serverName", "ehloName"]) {
    await assert.rejects(connect({ hostname: "localhost", [name]: "\u00fc:25" }), { ...DOMAIN_CHARACTER, field: name });
  }
});

test("the host is given A-labels to look up and to verify", async () => {
  const opened = [];
  const host = {
    module: () => module,
    async open(options) {
      opened.push([options.hostname, options.serverName]);
      throw new Error("not today");
    },
  };
  const fails = { kind: "transport", reason: "connect-failed" };
  await assert.rejects(connectOver(host, { hostname: "b\u00fccher.test" }), fails);
  await assert.rejects(connectOver(host, { hostname: "127.0.0.1", serverName: "\u03b4\u03bf\u03ba.test" }), fails);
  assert.deepEqual(opened, [["xn--bcher-kva.test", "xn--bcher-kva.test"], ["127.0.0.1", "xn--pxamo.test"]]);
});

test("SNI and the certificate's name are A-labels, by implicit TLS", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-smtp-idna-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const certificate = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const made = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=idn", "-addext", "subjectAltName=DNS:xn--bcher-kva.test", "-keyout", certificate.key, "-out", certificate.cert]);
  assert.equal(made.status, 0, String(made.stderr));
  const ca = readFileSync(certificate.cert, "utf8");
  const asked = [];
  const tlsOptions = { SNICallback: (name, done) => void [asked.push(name), done(null)] };
  const { server } = await scripted(t, [...hello([]), ...QUIT], { tls: "implicit", certificate, tlsOptions, tlsMayFail: true });
  const options = { hostname: "127.0.0.1", port: server.port, ca };
  const client = await connect({ ...options, serverName: "B\u00fccher.test" });
  await client.quit();
  await server.finished();
  await assert.rejects(connect({ ...options, serverName: "b\u00fccher2.test" }), { kind: "transport", reason: "certificate-name" });
  assert.deepEqual(asked, ["xn--bcher-kva.test", "xn--bcher2-3ya.test"]);
});

test("EHLO says A-labels, as nobody knows yet whether the server takes UTF-8", async (t) => {
  const { server, open } = await scripted(t, [send("220 hi"), expect(/^EHLO xn--bcher-kva\.test$/), send("250 hi"), ...QUIT]);
  await (await open({ ehloName: "b\u00fccher.test" })).quit();
  await server.finished();
});

/** Sends to a server with these extensions; returns the lines of the envelope, and the outcome. */
async function envelope(t, extensions, message) {
  const reply = (pattern) => [expect(pattern), send("250 ok")];
  const recipients = [message.to].flat().flatMap(() => reply("RCPT"));
  const { server, open } = await scripted(t, [...hello(extensions), ...reply("MAIL"), ...recipients, expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const asked = [];
  const client = await open({ policy: ({ from, recipients }) => void asked.push(from, ...recipients) });
  const result = await client.send({ ...MESSAGE, ...message });
  await client.quit();
  const { lines } = await server.finished();
  return { lines: lines.filter((line) => /^(MAIL|RCPT)/.test(line)), addresses: result.recipients.map(({ address }) => address), asked };
}

const IDN = { from: "a@b\u00fccher.test", to: ["b@\u03b4\u03bf\u03ba.test", "c@d.test"] };

const A_LABELS = ["MAIL FROM:<a@xn--bcher-kva.test>", "RCPT TO:<b@xn--pxamo.test>", "RCPT TO:<c@d.test>"];

test("domains go as A-labels, whatever is offered, and results keep the caller's addresses", async (t) => {
  for (const [extensions, more] of [[[], {}], [["SMTPUTF8", "8BITMIME"], {}], [["SMTPUTF8", "8BITMIME"], { smtputf8: false }]]) {
    const { lines, addresses, asked } = await envelope(t, extensions, { ...IDN, ...more });
    assert.deepEqual(lines, A_LABELS);
    assert.deepEqual(addresses, IDN.to);
    assert.deepEqual(asked, [IDN.from, ...IDN.to]);
  }
});

test("a local part beyond ASCII goes by SMTPUTF8 where it is offered, beside A-labels", async (t) => {
  const { lines, addresses } = await envelope(t, ["SMTPUTF8", "8BITMIME"], { to: "j\u00fcrgen@b\u00fccher.test" });
  assert.deepEqual(lines, ["MAIL FROM:<a@b.test> SMTPUTF8", "RCPT TO:<j\u00fcrgen@xn--bcher-kva.test>"]);
  assert.deepEqual(addresses, ["j\u00fcrgen@b\u00fccher.test"]);
  assert.deepEqual((await envelope(t, ["SMTPUTF8", "8BITMIME"], { from: "\u00fc@b.test" })).lines[0], "MAIL FROM:<\u00fc@b.test> SMTPUTF8");
  const forced = await envelope(t, ["SMTPUTF8", "8BITMIME"], { ...IDN, smtputf8: true });
  assert.deepEqual(forced.lines, [`${A_LABELS[0]} SMTPUTF8`, ...A_LABELS.slice(1)]);
});

test("ASCII addresses need no SMTPUTF8, unless it is asked for", async (t) => {
  assert.deepEqual((await envelope(t, ["SMTPUTF8", "8BITMIME"], {})).lines, ["MAIL FROM:<a@b.test>", "RCPT TO:<c@d.test>"]);
  assert.deepEqual((await envelope(t, ["SMTPUTF8", "8BITMIME"], { smtputf8: true })).lines[0], "MAIL FROM:<a@b.test> SMTPUTF8");
});

test("a local part beyond ASCII has no equivalent: a typed error before a byte is sent", async (t) => {
  const needs = { kind: "input", reason: "address-needs-smtputf8" };
  for (const extensions of [[], ["SMTPUTF8", "8BITMIME"]]) {
    const { server, open } = await scripted(t, [...hello(extensions), ...QUIT]);
    const client = await open();
    const smtputf8 = extensions.length ? { smtputf8: false } : {};
    await assert.rejects(client.send({ ...MESSAGE, to: ["c@d.test", "j\u00fcrgen@\u00fc.test"], ...smtputf8 }), { ...needs, field: "to", index: 1 });
    await assert.rejects(client.send({ ...MESSAGE, from: "j\u00fcrgen@d.test", ...smtputf8 }), { ...needs, field: "from" });
    if (!extensions.length) await assert.rejects(client.send({ ...MESSAGE, smtputf8: true }), { kind: "unsupported", reason: "smtputf8-missing" });
    const refused = await client.send({ ...MESSAGE, to: ["c@d.test", "d@\u00fc%2e.test"], ...smtputf8 }).catch((error) => error);
    assert.ok(refused instanceof SmtpError);
    assert.deepEqual([refused.reason, refused.field, refused.index, refused.recipients.length], ["domain-character", "to", 1, 2]);
    await client.quit();
    await server.finished();
  }
});
