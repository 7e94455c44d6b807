// VRFY, EXPN, HELP and XCLIENT, and messages in binary.

import assert from "node:assert/strict";
import { test } from "node:test";
import { expect, hello, readChunk, reply, send } from "../servers/scripted-steps.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };

test("VRFY, EXPN and HELP give the server's reply", async (t) => {
  const { server, open } = await scripted(t, [
    ...hello(["ENHANCEDSTATUSCODES", "SMTPUTF8"]),
    expect(/^VRFY ann$/), send("250 2.1.5 Ann <ann@d.test>"),
    expect(/^VRFY j\u00fcrgen@d\.test SMTPUTF8$/), send("252 2.5.0 perhaps"),
    expect(/^EXPN staff$/), reply(250, ["<a@d.test>", "<b@d.test>"]),
    expect(/^HELP$/), send("214 see the manual"),
    expect(/^HELP MAIL$/), send("214 MAIL FROM"),
    ...QUIT,
  ]);
  const client = await open();
  assert.deepEqual(await client.vrfy("ann"), { code: 250, enhanced: "2.1.5", text: "Ann <ann@d.test>" });
  assert.equal((await client.vrfy("j\u00fcrgen@d.test")).code, 252);
  assert.equal((await client.expn("staff")).text, "<a@d.test>\n<b@d.test>");
  assert.equal((await client.help()).text, "see the manual");
  assert.equal((await client.help("MAIL", { signal: AbortSignal.timeout(5000) })).text, "MAIL FROM");
  await client.quit();
  await server.finished();
});

test("a refusal is an error, and the session goes on; so is an argument that no line can carry", async (t) => {
  const { server, open } = await scripted(t, [...hello([]), expect("VRFY"), send("502 5.5.1 no"), expect("EXPN"), send("450 later"), expect("HELP"), send("214 ok"), ...QUIT]);
  const client = await open();
  await assert.rejects(client.vrfy("ann"), { kind: "refused", reason: "reply-refused", code: 502, step: "VRFY", retryable: false });
  await assert.rejects(client.expn("ann"), { kind: "refused", code: 450, step: "EXPN", retryable: true });
  for (const [text, reason] of [["", "address-empty"], [undefined, "address-empty"], ["a\r\nQUIT", "address-control"], ["x".repeat(255), "address-too-long"], ["x".repeat(40000), "address-too-long"], ["\u00fc", "address-needs-smtputf8"]]) {
    await assert.rejects(client.vrfy(text), { kind: "input", reason, field: "argument" });
  }
  await client.help("x");
  await client.quit();
  await server.finished();
});

const aborted = AbortSignal.abort(new Error("not now"));

test("queries wait their turn like other commands, and can be cancelled before", async (t) => {
  const { server, open } = await scripted(t, [...hello([]), expect("NOOP"), send("250 ok"), expect("VRFY a"), send("250 a"), ...QUIT]);
  const client = await open();
  const [, { text }, cancelled] = await Promise.all([client.noop(), client.vrfy("a"), client.vrfy("b", { signal: aborted }).catch((error) => error)]);
  assert.deepEqual([text, cancelled.reason], ["a", "cancelled"]);
  await client.quit();
  await server.finished();
});

// --- XCLIENT ---

const again = (extensions) => [send("220 scripted.test again"), expect("EHLO "), reply(250, ["scripted.test", ...extensions])];

test("XCLIENT says for whom we speak, and the session begins anew", async (t) => {
  const steps = [expect(/^XCLIENT NAME=\[UNAVAILABLE\] ADDR=IPv6:2001:db8::1 PORT=2525 HELO=some\+20name LOGIN=ann$/), ...again(["SIZE 77"]), expect("NOOP"), send("250 ok")];
  const { server, open } = await scripted(t, [...hello(["XCLIENT NAME ADDR PORT PROTO HELO LOGIN"]), ...steps, ...QUIT]);
  const client = await open();
  assert.equal(client.capabilities.xclient, true);
  await client.xclient({ login: "ann", addr: "IPv6:2001:db8::1", name: null, port: 2525, helo: "some name", proto: undefined });
  assert.deepEqual([client.capabilities.xclient, client.capabilities.size], [false, 77]);
  await client.noop();
  await client.quit();
  await server.finished();
});

test("attributes that the server does not take are an error, or left out; so are those that do not exist", async (t) => {
  const { server, open } = await scripted(t, [...hello(["XCLIENT NAME ADDR"]), expect(/^XCLIENT ADDR=192\.0\.2\.1$/), ...again(["XCLIENT ADDR"]), expect(/^XCLIENT ADDR=192\.0\.2\.2$/), send("550 5.7.0 not you"), expect("NOOP"), send("250 ok"), ...QUIT]);
  const client = await open();
  const both = { addr: "192.0.2.1", login: "ann" };
  await assert.rejects(client.xclient(both), { kind: "unsupported", reason: "parameter-not-offered", field: "login", detail: "LOGIN" });
  for (const none of [undefined, {}, { name: undefined }]) await assert.rejects(client.xclient(none), { kind: "input", reason: "option-invalid", field: "attributes", message: /^attributes needs some of name, addr, / });
  await assert.rejects(client.xclient({ adr: "192.0.2.1" }), { kind: "input", reason: "option-unknown", field: "adr" });
  await assert.rejects(client.xclient(both, { optional: ["logn"] }), { kind: "input", field: "optional" });
  await assert.rejects(client.xclient({ name: "" }), { kind: "input", reason: "parameter-value", field: "name" });
  await assert.rejects(client.xclient({ name: "x".repeat(256) }), { kind: "input", reason: "parameter-value", field: "name" });
  await client.xclient({ login: "ann", port: 25 }, { optional: true }); // nothing is left to be sent
  await client.xclient(both, { optional: ["login"] });
  await assert.rejects(client.xclient({ addr: "192.0.2.2", login: "ann" }, { optional: true }), { kind: "refused", code: 550, step: "XCLIENT" });
  await client.noop();
  await client.quit();
  await server.finished();
});

// --- BINARYMIME ---

const BINARY = ["PIPELINING", "CHUNKING", "BINARYMIME", "8BITMIME"];
const OCTETS = Uint8Array.from({ length: 3000 }, (_, index) => index % 256);

test("a binary message goes as it is, with BODY=BINARYMIME", async (t) => {
  for (const message of [OCTETS, [OCTETS.subarray(0, 7), OCTETS.subarray(7)], new Blob([OCTETS]).stream(), () => [OCTETS]]) {
    const { server, open } = await scripted(t, [...hello([...BINARY, "SIZE 0"]), expect(/ BODY=BINARYMIME$| BODY=BINARYMIME /), expect("RCPT"), send("250 ok", "250 ok"), readChunk(), send("250 ok"), ...QUIT]);
    const client = await open({ eagerOctets: 0 });
    await client.send({ ...MESSAGE, message, binary: true });
    await client.quit();
    assert.deepEqual(Buffer.concat((await server.finished()).messages), Buffer.from(OCTETS));
  }
});

test("a binary message is refused where BINARYMIME or CHUNKING is not offered or not wanted", async (t) => {
  for (const [extensions, options] of [[["CHUNKING"], {}], [["BINARYMIME"], {}], [BINARY, { chunking: false }]]) {
    const { open } = await scripted(t, [...hello(extensions), ...QUIT]);
    const client = await open(options);
    await assert.rejects(client.send({ ...MESSAGE, message: OCTETS, binary: true }), { kind: "unsupported", reason: "binarymime-missing", field: "message" });
    await assert.rejects(client.send({ ...MESSAGE, message: OCTETS }), { kind: "input", field: "message" });
    await client.quit();
  }
});

test("the size of a binary message is that of its octets", async (t) => {
  const { open } = await scripted(t, [...hello([...BINARY, "SIZE 2999"]), ...QUIT]);
  const client = await open();
  await assert.rejects(client.send({ ...MESSAGE, message: OCTETS, binary: true }), { reason: "message-too-large" });
  await assert.rejects(client.send({ ...MESSAGE, message: OCTETS, binary: true, size: 7 }), { field: "size", message: /must be 3000/ });
  await client.quit();
});
