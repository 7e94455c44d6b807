// Wrong arguments: each is an input error that names the option, before a connection or a byte.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SmtpError, boundedPolicy, connect, sendMail } from "../../adapters/js/hosts/node.mjs";
import { expect, hello, send } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];

async function refuses(promise, field, message, more = {}) {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SmtpError, error.stack);
    assert.deepEqual({ kind: error.kind, field: error.field }, { kind: "input", field });
    if (message) assert.match(error.message, message);
    for (const [name, value] of Object.entries(more)) assert.deepEqual(error[name], value, name);
    return true;
  });
}

const CONNECT = [
  [{}, "hostname", /^hostname is missing$/],
  [{ hostname: 3 }, "hostname", /^hostname must be string$/],
  [{ hostname: "" }, "hostname", /^hostname is empty$/],
  [{ hostname: "h", serverName: "" }, "serverName", /^serverName is empty$/],
  [{ hostname: "h", port: "25" }, "port"],
  [{ hostname: "h", port: 0 }, "port", /from 1 to 65535/],
  [{ hostname: "h", port: 65536 }, "port"],
  [{ hostname: "h", port: 2.5 }, "port"],
  [{ hostname: "h", tls: "ssl" }, "tls", /implicit or starttls or none/],
  [{ hostname: "h", tls: true }, "tls"],
  [{ hostname: "h", protocol: "LMTP" }, "protocol", /smtp or lmtp/],
  [{ hostname: "h", chunking: "yes" }, "chunking"],
  [{ hostname: "h", eagerOctets: -1 }, "eagerOctets"],
  [{ hostname: "h", overlap: true }, "overlap"],
  [{ hostname: "h", overlap: 1.5 }, "overlap"],
  [{ hostname: "h", tlsMode: "none" }, "tlsMode", /not a known option/],
  [{ hostname: "h", signal: {} }, "signal"],
  [{ hostname: "h", policy: {} }, "policy"],
  [{ hostname: "h", onEvent: "x" }, "onEvent"],
  [{ hostname: "h", timeouts: { connect: -1 } }, "timeouts.connect"],
  [{ hostname: "h", timeouts: { total: 1 } }, "timeouts.total"],
  [{ hostname: "h", pipelining: "no" }, "pipelining"],
  [{ hostname: "h", ehloName: "" }, "ehloName"],
  [{ hostname: "h", ehloName: "a b" }, "ehloName"],
  [{ hostname: "h", ehloName: "a\r\nRSET" }, "ehloName"],
  [{ hostname: "h", ehloName: "[300.1.1.1]" }, "ehloName"],
  [{ hostname: "h", auth: "alice:secret" }, "auth"],
  [{ hostname: "h", auth: { pass: "p" } }, "auth.user", /missing/],
  [{ hostname: "h", auth: { user: "u", pass: "p", accessToken: "t" } }, "auth", /either/],
  [{ hostname: "h", auth: { user: "u", pass: 7 } }, "auth.pass"],
  [{ hostname: "h", auth: { user: "u", password: "p" } }, "auth.password", /not a known option/],
  [{ hostname: "h", auth: { user: "u", pass: "p", mechanism: "NTLM" } }, "auth.mechanism"],
];

test("connect checks its options before it opens a connection", async () => {
  for (const [options, field, message] of CONNECT) await refuses(connect(options), field, message);
  await refuses(connect(), "hostname");
});

const good = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };
const SEND = [
  [{ from: undefined }, "from", /missing/],
  [{ from: 3 }, "from"],
  [{ from: "a" }, "from", /^from has no @/],
  [{ from: "a@b.test>\r\nRCPT TO:<x@y.test" }, "from", /control character/],
  [{ to: undefined }, "to", /missing/],
  [{ to: [] }, "to", /at least one/],
  [{ to: ["c@d.test", 3] }, "to", /^to\[1\] must be/, { index: 1 }],
  [{ to: ["c@d.test", "c@"] }, "to", /^to\[1\] has an empty domain$/, { index: 1, reason: "domain-empty" }],
  [{ to: "c d@e.test" }, "to", /must be quoted/, { index: 0 }],
  [{ to: "j\u00fcrgen@d.test" }, "to", /SMTPUTF8/],
  [{ to: ["c@d.test", "\ud800@d.test"], smtputf8: true }, "to", /^to\[1\] is not valid UTF-8$/, { index: 1, reason: "address-utf8-invalid" }],
  [{ message: undefined }, "message", /missing/],
  [{ message: 3 }, "message"],
  [{ message: {} }, "message"],
  [{ message: null }, "message"],
  [{ message: ["a", 3] }, "message"],
  [{ message: "a\nb" }, "message", /newlines: "crlf"/, { reason: "body-bare-lf" }],
  [{ message: "a\rb" }, "message", /CR without LF/, { reason: "body-bare-cr" }],
  [{ message: `${"x".repeat(999)}\r\n` }, "message", /998/, { reason: "body-line-too-long" }],
  [{ message: "x\r\n.\n.\r\n" }, "message", /LF/],
  [{ size: 4 }, "size", /must be 3/],
  [{ size: Infinity, message: (function* () {})() }, "size", /number of octets/],
  [{ size: 2 ** 64, message: (function* () {})() }, "size", /number of octets/],
  [{ newlines: "lf" }, "newlines"],
  [{ smtputf8: "yes" }, "smtputf8"],
  [{ subject: "x" }, "subject", /not a known option/],
];

test("send checks everything before it sends a byte, and the session goes on", async (t) => {
  const { server, open } = await scripted(t, [...hello(["PIPELINING", "SIZE 1000"]), expect("NOOP"), send("250 ok"), ...QUIT]);
  const client = await open();
  for (const [options, field, message, more] of SEND) await refuses(client.send({ ...good, ...options }), field, message, more);
  const error = await client.send({ ...good, to: ["c@d.test", "nobody"] }).catch((caught) => caught);
  assert.deepEqual(error.recipients.map(({ status }) => status), ["not-sent", "not-sent"]);
  await refuses(client.send({ ...good, message: "x\r\n".repeat(400) }), "message", /SIZE limit/, { reason: "message-too-large" });
  await refuses(client.login({ user: "u" }), "auth");
  await client.noop();
  await client.quit();
  await server.finished();
});

test("sendMail checks the message before it connects", async () => {
  await refuses(sendMail({ hostname: "no-such-host.invalid", ...good, to: [] }), "to");
  await refuses(sendMail({ hostname: "no-such-host.invalid", ...good, frm: "x" }), "frm", /not a known option/);
});

test("a stream that something else reads is refused", async (t) => {
  const { open } = await scripted(t, [...hello([]), ...QUIT]);
  const client = await open();
  const stream = new ReadableStream();
  stream.getReader();
  await refuses(client.send({ ...good, message: stream }), "message", /nobody else reads/);
  await client.quit();
});

test("boundedPolicy says why", () => {
  const policy = boundedPolicy({ maxRecipients: 2, maxBytes: 10 });
  assert.equal(policy({ from: "", recipients: ["a", "b"], size: 10 }), true);
  assert.equal(policy({ from: "", recipients: ["a"], size: null }), true);
  assert.match(policy({ from: "", recipients: ["a", "b", "c"], size: 1 }), /2 recipients/);
  assert.match(policy({ from: "", recipients: ["a"], size: 11 }), /10 octets/);
});

test("a policy can refuse by false, by a reason, or by throwing, and be asynchronous", async (t) => {
  for (const [policy, message] of [
    [() => false, /caller's policy$/],
    [async () => "not on Sundays", /not on Sundays$/],
    [() => { throw new Error("no such customer"); }, /no such customer$/],
    [() => { throw "no such thing"; }, /no such thing$/],
  ]) {
    const { server, open } = await scripted(t, [...hello([]), ...QUIT]);
    const client = await open({ policy });
    await assert.rejects(client.send(good), (error) => error.kind === "policy" && message.test(error.message) && error.recipients[0].status === "not-sent");
    await client.quit();
    await server.finished();
    }
});

test("a policy sees sender, recipients and size", async (t) => {
  const requests = [];
  const { open } = await scripted(t, [...hello([]), ...QUIT]);
  const policy = (request) => {
    requests.push(request);
    return false;
  };
  const client = await open({ policy });
  await client.send({ ...good, message: "a\nb\n", newlines: "crlf", from: null }).catch(() => {});
  await client.send({ ...good, message: (function* () { yield "x"; })() }).catch(() => {});
  assert.deepEqual(requests, [{ from: "", recipients: ["c@d.test"], size: 6 }, { from: "a@b.test", recipients: ["c@d.test"], size: null }]);
  await client.quit();
});
