// Parameters of MAIL and RCPT: what each option becomes on the wire, that it is refused before a byte is
// sent where the server does not offer it, and left out where that was allowed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../adapters/js/client.mjs";
import { host } from "../../adapters/js/hosts/node.mjs";
import { KEYWORDS } from "../../adapters/js/tokens.mjs";
import { expect, hello, readData, send } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const ENGINE_KEYWORDS = ["RET", "ENVID", "BY", "HOLDFOR", "HOLDUNTIL", "MT-PRIORITY", "REQUIRETLS", "AUTH", "PRDR", "NOTIFY", "ORCPT"];
const QUIT = [expect("QUIT"), send("221 bye")];
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };

/** The scripted server's octets count as secured: REQUIRETLS is for nothing else. */
const secured = {
  ...host,
  async open(options) {
    const socket = await host.open(options);
    return { ...socket, startTls: async () => socket };
  },
};
const open = (port, more) => connect(secured, { hostname: "127.0.0.1", port, tls: "implicit", ehloName: "client.test", ...more });

/** Sends to a server with these extensions that says yes to everything; returns the lines of the envelope and the result. */
async function envelope(t, extensions, message, answers = {}) {
  const recipients = [message.to ?? MESSAGE.to].flat().flatMap((_, index) => [expect("RCPT"), send(answers.rcpt?.[index] ?? "250 ok")]);
  const { server } = await scripted(t, [...hello(extensions), expect("MAIL"), send("250 ok"), ...recipients, expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const client = await open(server.port);
  const result = await client.send({ ...MESSAGE, ...message });
  await client.quit();
  const { lines } = await server.finished();
  return { result, mail: lines.filter((line) => line.startsWith("MAIL")), rcpt: lines.filter((line) => line.startsWith("RCPT")) };
}

/** Each: the options, the extension, what follows the reverse-path, what the recipient, the option that an error names. */
const DATE = new Date("2027-03-01T08:00:00.250Z");
const CASES = [
  [{ dsn: { return: "full" } }, "DSN", " RET=FULL", "", "dsn.return"],
  [{ dsn: { return: "headers" } }, "DSN", " RET=HDRS", "", "dsn.return"],
  [{ dsn: { envelopeId: "id+1=\u0020x" } }, "DSN", " ENVID=id+2B1+3D+20x", "", "dsn.envelopeId"],
  [{ dsn: { notify: "never" } }, "DSN", "", " NOTIFY=NEVER", "dsn.notify"],
  [{ dsn: { notify: ["success", "failure", "delay"] } }, "DSN", "", " NOTIFY=SUCCESS,FAILURE,DELAY", "dsn.notify"],
  [{ dsn: { originalRecipient: "old+x@d.test" } }, "DSN", "", " ORCPT=rfc822;old+2Bx@d.test", "dsn.originalRecipient"],
  [{ dsn: { originalRecipient: "j\u00fcrgen@d.test" } }, "DSN", "", " ORCPT=utf-8;j\\x{FC}rgen@d.test", "dsn.originalRecipient"],
  [{ dsn: { originalRecipient: "x400;/s=old/" } }, "DSN", "", " ORCPT=x400;/s+3Dold/", "dsn.originalRecipient"],
  [{ deliverBy: { seconds: 120 } }, "DELIVERBY", " BY=120;R", "", "deliverBy"],
  [{ deliverBy: { seconds: -60, mode: "notify", trace: true } }, "DELIVERBY 30", " BY=-60;NT", "", "deliverBy"],
  [{ hold: { seconds: 3600 } }, "FUTURERELEASE 86400 2027-12-31T00:00:00Z", " HOLDFOR=3600", "", "hold.seconds"],
  [{ hold: { until: DATE } }, "FUTURERELEASE 86400 2027-12-31T00:00:00Z", " HOLDUNTIL=2027-03-01T08:00:00Z", "", "hold.until"],
  [{ priority: -9 }, "MT-PRIORITY", " MT-PRIORITY=-9", "", "priority"],
  [{ priority: 0 }, "MT-PRIORITY MIXER", " MT-PRIORITY=0", "", "priority"],
  [{ requireTls: true }, "REQUIRETLS", " REQUIRETLS", "", "requireTls"],
  [{ submitter: "s+x@b\u00fccher.test" }, "AUTH PLAIN", " AUTH=s+2Bx@xn--bcher-kva.test", "", "submitter"],
  [{ submitter: null }, "AUTH PLAIN", " AUTH=<>", "", "submitter"],
  [{ submitter: "" }, "AUTH PLAIN", " AUTH=<>", "", "submitter"],
  [{ perRecipientReplies: true }, "PRDR", " PRDR", "", "perRecipientReplies"],
];

for (const [options, extension, ofMail, ofRcpt, field] of CASES) {
  const name = JSON.stringify(options);

  test(`${name} where ${extension} is offered`, async (t) => {
    const { mail, rcpt } = await envelope(t, [extension], options);
    assert.deepEqual([mail, rcpt], [[`MAIL FROM:<a@b.test>${ofMail}`], [`RCPT TO:<c@d.test>${ofRcpt}`]]);
  });

  test(`${name} where it is not: an error before a byte is sent, or left out`, async (t) => {
    const { server } = await scripted(t, [...hello([]), expect("NOOP"), send("250 ok"), ...QUIT]);
    const client = await open(server.port);
    await assert.rejects(client.send({ ...MESSAGE, ...options }), (error) => {
      const keyword = ENGINE_KEYWORDS[KEYWORDS.indexOf(field)];
      assert.deepEqual([error.kind, error.reason, error.field, error.detail, error.retryable], ["unsupported", "parameter-not-offered", field, keyword, false]);
      assert.equal(error.index, ofRcpt ? 0 : undefined);
      assert.equal(error.message, `${field}${ofRcpt ? " of to[0]" : ""} needs an extension that the server does not offer`);
      assert.deepEqual(error.recipients.map(({ status }) => status), ["not-sent"]);
      return true;
    });
    await client.noop();
    await client.quit();
    await server.finished();
    for (const optional of [true, [field.split(".")[0]], field.split(".")[0]]) {
      const { mail, rcpt } = await envelope(t, [], { ...options, optional });
      assert.deepEqual([mail, rcpt], [["MAIL FROM:<a@b.test>"], ["RCPT TO:<c@d.test>"]]);
    }
  });
}

test("all of them at once, and options that are off", async (t) => {
  const extensions = ["DSN", "DELIVERBY", "FUTURERELEASE 9999 2027-12-31T00:00:00Z", "MT-PRIORITY", "REQUIRETLS", "AUTH PLAIN", "PRDR"];
  const all = { dsn: { return: "full", envelopeId: "1" }, deliverBy: { seconds: 9 }, hold: { seconds: 7 }, priority: 3, requireTls: true, submitter: "s@b.test", perRecipientReplies: true };
  assert.deepEqual((await envelope(t, extensions, all)).mail, ["MAIL FROM:<a@b.test> RET=FULL ENVID=1 BY=9;R HOLDFOR=7 MT-PRIORITY=3 REQUIRETLS AUTH=s@b.test PRDR"]);
  const none = { dsn: {}, deliverBy: undefined, hold: {}, priority: undefined, requireTls: false, submitter: undefined, perRecipientReplies: false };
  assert.deepEqual((await envelope(t, extensions, none)).mail, ["MAIL FROM:<a@b.test>"]);
});

test("a recipient's own values stand before those of dsn", async (t) => {
  const to = ["one@d.test", { address: "two@d.test", notify: "never" }, { address: "dr\u00fc@d.test", originalRecipient: "3@d.test" }, { address: "four@d.test" }];
  const { rcpt, result } = await envelope(t, ["DSN", "SMTPUTF8", "8BITMIME"], { to, dsn: { notify: ["delay"], originalRecipient: "all@d.test" } });
  assert.deepEqual(rcpt, [
    "RCPT TO:<one@d.test> NOTIFY=DELAY ORCPT=rfc822;all@d.test",
    "RCPT TO:<two@d.test> NOTIFY=NEVER ORCPT=rfc822;all@d.test",
    "RCPT TO:<dr\u00fc@d.test> NOTIFY=DELAY ORCPT=rfc822;3@d.test",
    "RCPT TO:<four@d.test> NOTIFY=DELAY ORCPT=rfc822;all@d.test",
  ]);
  assert.deepEqual(result.recipients.map(({ address }) => address), ["one@d.test", "two@d.test", "dr\u00fc@d.test", "four@d.test"]);
});

test("optional is for what it names", async (t) => {
  const { mail } = await envelope(t, ["MT-PRIORITY"], { dsn: { return: "full", notify: "never" }, priority: 1, optional: ["dsn", "priority"] });
  assert.deepEqual(mail, ["MAIL FROM:<a@b.test> MT-PRIORITY=1"]);
  const { server } = await scripted(t, [...hello(["DSN"]), ...QUIT]);
  const client = await open(server.port);
  await assert.rejects(client.send({ ...MESSAGE, dsn: { return: "full" }, priority: 1, optional: ["dsn"] }), { reason: "parameter-not-offered", field: "priority", detail: "MT-PRIORITY" });
  await client.quit();
});

test("the server may refuse a parameter that it offers: an outcome like any other", async (t) => {
  const { server } = await scripted(t, [...hello(["DSN", "PIPELINING"]), expect("MAIL"), expect("RCPT"), expect("DATA"), send("555 5.5.4 no RET here", "503 no", "503 no"), ...QUIT]);
  const client = await open(server.port);
  await assert.rejects(client.send({ ...MESSAGE, dsn: { return: "full" } }), { kind: "refused", code: 555, step: "MAIL FROM" });
  await client.quit();
  const { result } = await envelope(t, ["DSN"], { to: ["c@d.test", { address: "e@d.test", notify: "never" }], dsn: { notify: "never" } }, { rcpt: ["250 ok", "550 5.7.1 no NOTIFY for you"] });
  assert.deepEqual(result.recipients.map(({ status, code }) => [status, code]), [["accepted", 250], ["refused", 550]]);
});

const WRONG = [
  [{ dsn: { retrun: "full" } }, "dsn.retrun", "option-unknown"],
  [{ dsn: { return: "all" } }, "dsn.return"],
  [{ dsn: "full" }, "dsn"],
  [{ dsn: { envelopeId: 3 } }, "dsn.envelopeId"],
  [{ dsn: { envelopeId: "" } }, "dsn.envelopeId", "parameter-value"],
  [{ dsn: { envelopeId: "x".repeat(101) } }, "dsn.envelopeId", "parameter-value"],
  [{ dsn: { envelopeId: "a\r\nb" } }, "dsn.envelopeId", "parameter-value"],
  [{ dsn: { notify: "sometimes" } }, "dsn.notify", "parameter-value", 0],
  [{ dsn: { notify: ["never", "delay"] } }, "dsn.notify", "parameter-value", 0],
  [{ dsn: { notify: [] } }, "dsn.notify", "parameter-value", 0],
  [{ dsn: { originalRecipient: "x\r\n" } }, "dsn.originalRecipient", "parameter-value", 0],
  [{ to: ["c@d.test", { address: "e@d.test", notify: ["delay", "delay"] }] }, "dsn.notify", "parameter-value", 1],
  [{ to: ["c@d.test", { address: "e@d.test", name: "E" }] }, "to[1].name", "option-unknown"],
  [{ to: { address: "e@d.test", originalRecipient: 3 } }, "to[0].originalRecipient"],
  [{ to: ["c@d.test", { notify: "never" }] }, "to", "option-invalid", 1],
  [{ to: ["c@d.test", null] }, "to", "option-invalid", 1],
  [{ deliverBy: {} }, "deliverBy", "parameter-value"],
  [{ deliverBy: { seconds: 0 } }, "deliverBy", "parameter-value"],
  [{ deliverBy: { seconds: -3 } }, "deliverBy", "parameter-value"],
  [{ deliverBy: { seconds: 2.5 } }, "deliverBy", "parameter-value"],
  [{ deliverBy: { seconds: 9, mode: "R" } }, "deliverBy.mode"],
  [{ deliverBy: { seconds: 9 } }, "deliverBy", "parameter-limit"],
  [{ hold: { seconds: 1.5 } }, "hold.seconds"],
  [{ hold: { seconds: 0 } }, "hold.seconds", "parameter-value"],
  [{ hold: { seconds: Infinity } }, "hold.seconds", "parameter-value"],
  [{ hold: { seconds: 601 } }, "hold.seconds", "parameter-limit"],
  [{ hold: { until: "tomorrow" } }, "hold.until"],
  [{ hold: { until: new Date(NaN) } }, "hold.until", "parameter-value"],
  [{ hold: { seconds: 3, until: DATE } }, "hold.until", "parameter-misplaced"],
  [{ priority: 10 }, "priority", "parameter-value"],
  [{ priority: 1.5 }, "priority", "parameter-value"],
  [{ priority: "high" }, "priority", "parameter-value"],
  [{ requireTls: 1 }, "requireTls"],
  [{ submitter: "nobody" }, "submitter", "parameter-value"],
  [{ submitter: "a@\u00fc%2e.test" }, "submitter", "domain-character"],
  [{ perRecipientReplies: "yes" }, "perRecipientReplies"],
  [{ binary: "yes" }, "binary"],
  [{ optional: "from" }, "optional"],
  [{ optional: ["dsn", "DSN"] }, "optional"],
  [{ optional: ["dsn.return"] }, "optional"],
];

test("values that break a rule name the option, also where it is optional, and nothing is sent", async (t) => {
  const extensions = ["DSN", "DELIVERBY 10", "FUTURERELEASE 600 2027-12-31T00:00:00Z", "MT-PRIORITY", "REQUIRETLS", "AUTH PLAIN", "PRDR"];
  const { server } = await scripted(t, [...hello(extensions), expect("NOOP"), send("250 ok"), ...QUIT]);
  const client = await open(server.port);
  for (const [options, field, reason = "option-invalid", index] of WRONG) {
    for (const more of "optional" in options ? [{}] : [{}, { optional: true }]) {
      await assert.rejects(client.send({ ...MESSAGE, ...options, ...more }), (error) => {
        assert.deepEqual([error.field, error.reason, error.index], [field, reason, index], `${JSON.stringify(options)}: ${error.stack}`);
        assert.ok(error.message.startsWith(field), error.message);
        return true;
      });
    }
  }
  await client.noop();
  await client.quit();
  await server.finished();
});

test("REQUIRETLS is not for a connection without TLS, offered or not", async (t) => {
  const { open: openClear } = await scripted(t, [...hello(["REQUIRETLS"]), expect("MAIL FROM:<a@b.test>"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const client = await openClear();
  await assert.rejects(client.send({ ...MESSAGE, requireTls: true }), { reason: "parameter-not-offered", field: "requireTls" });
  await client.send({ ...MESSAGE, requireTls: true, optional: ["requireTls"] });
  await client.quit();
});

test("PRDR: each recipient has a reply of its own, and a refusal counts for that one only", async (t) => {
  const steps = [expect(/^MAIL FROM:<a@b\.test> PRDR$/), expect("RCPT"), expect("RCPT"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "250 ok", "250 ok", "354 go"), readData()];
  const { server } = await scripted(t, [...hello(["PIPELINING", "PRDR"]), ...steps, send("353 content analysed", "250 one takes it", "550 5.7.1 two has another taste", "250 three takes it", "250 2.0.0 queued"), ...QUIT]);
  const events = [];
  const client = await open(server.port, { onEvent: ({ type, address }) => address && events.push([type, address]) });
  const { recipients, accepted } = await client.send({ ...MESSAGE, to: ["one@d.test", "two@d.test", "three@d.test"], perRecipientReplies: true });
  await client.quit();
  await server.finished();
  assert.equal(accepted, 2);
  assert.deepEqual(recipients.map(({ status, code, text }) => [status, code, text]), [["accepted", 250, "2.0.0 queued"], ["refused", 550, "5.7.1 two has another taste"], ["accepted", 250, "2.0.0 queued"]]);
  assert.deepEqual(events, [["RecipientAccepted", "one@d.test"], ["RecipientAccepted", "two@d.test"], ["RecipientAccepted", "three@d.test"], ["RecipientRejected", "two@d.test"]]);
});
