// The driver by itself: octets in, events and octets out, and what stays in the engine's memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openSession } from "../../adapters/js/driver.mjs";
import { module } from "./engine.mjs";

const GREETING = "220 mx.test ESMTP\r\n";
const HELLO = "250-mx.test\r\n250-PIPELINING\r\n250-SIZE 5000000000\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES\r\n";
const READY = 4;
const AUTHENTICATED = 6;
const DONE = 10;
const encode = (text) => new TextEncoder().encode(text);
const decode = (bytes) => new TextDecoder("latin1").decode(bytes);

/** Captures the instance, so that its memory can be looked at from outside. */
function open(options) {
  const { Instance } = WebAssembly;
  let instance;
  WebAssembly.Instance = class extends Instance {
    constructor(...values) {
      super(...values);
      instance = this;
    }
  };
  try {
    return { session: openSession(module, { ehloName: "client.test", tls: "none", ...options }), memory: () => Buffer.from(instance.exports.memory.buffer), exports: instance.exports };
  } finally {
    WebAssembly.Instance = Instance;
  }
}

function drain(session) {
  const events = [];
  for (let event; (event = session.next()); ) events.push(event);
  return events;
}

/** Plays the server's octets in pieces of `size`; returns the events and all octets that came out. */
function play(session, text, size = Infinity) {
  const bytes = encode(text);
  const events = [];
  let sent = "";
  const flush = () => {
    events.push(...drain(session));
    for (let out; (out = session.take()); ) sent += decode(out.bytes);
  };
  flush();
  for (let at = 0; at < bytes.length; ) {
    at += session.feed(bytes.subarray(at, Math.min(bytes.length, at + size)));
    flush();
  }
  return { events, sent };
}

/** Until the session is open. */
function greet(session, size) {
  const [first, second] = [play(session, GREETING, size), play(session, HELLO, size)];
  return { events: [...first.events, ...second.events], sent: first.sent + second.sent };
}

test("a session's events and octets do not depend on how the input is cut", () => {
  const whole = greet(open().session);
  assert.equal(whole.sent, "EHLO client.test\r\n");
  assert.deepEqual(whole.events.map(({ type }) => type), [1, 2, READY]);
  assert.equal(whole.events[0].reply.code, 220);
  for (const size of [1, 2, 7]) assert.deepEqual(greet(open().session, size), whole);
});

test("capabilities", () => {
  const { session } = open();
  greet(session);
  const { esmtp, pipelining, size, eightBitMime, smtputf8, auth, limits } = session.capabilities();
  assert.deepEqual({ esmtp, pipelining, size, eightBitMime, smtputf8, auth, limits }, {
    esmtp: true, pipelining: true, size: 5000000000, eightBitMime: true, smtputf8: false, auth: ["PLAIN", "LOGIN"], limits: null,
  });
});

test("input beyond the window waits", () => {
  const { session } = open();
  const flood = encode("220-".padEnd(200, "x").concat("\r\n").repeat(100));
  const taken = session.feed(flood);
  assert.ok(taken > 0 && taken < flood.length);
  assert.equal(session.feed(flood.subarray(taken)), 0);
});

test("credentials are marked in the output, and gone from memory after the login", () => {
  const { session, memory } = open({ tls: "implicit" });
  drain(session);
  session.tlsDone();
  greet(session);
  const pass = "correct horse battery staple";
  session.login({ user: "alice", pass, mechanism: "PLAIN", hostname: "mx.test", port: 465, nonce: new Uint8Array(24) });
  const { bytes, secretAt } = session.take();
  assert.equal(decode(bytes.subarray(0, secretAt)), "AUTH PLAIN ");
  assert.equal(Buffer.from(decode(bytes.subarray(secretAt)).trim(), "base64").toString(), `\0alice\0${pass}`);
  assert.ok(memory().includes(pass), "the password is in memory while it may be needed");
  const { events } = play(session, "235 2.7.0 welcome\r\n");
  assert.equal(events[0].type, AUTHENTICATED);
  session.wipe();
  assert.ok(!memory().includes(pass), "not after the login");
  assert.ok(!memory().includes(Buffer.from(`\0alice\0${pass}`).toString("base64").slice(4, 30)), "nor encoded");
});

test("credentials are wiped beside a message that is under way already", () => {
  const { session, memory } = open({ tls: "implicit", early: true });
  drain(session);
  session.tlsDone();
  greet(session);
  const pass = "correct horse battery staple";
  session.login({ user: "alice", pass, mechanism: "PLAIN", hostname: "mx.test", port: 465, nonce: new Uint8Array(24) });
  assert.equal(session.mayOverlap(), true);
  const transaction = session.submit({ from: "a@b.test", to: ["c@d.test"], size: 3, body: 1, parameters: [] });
  const { sent } = play(session, "");
  assert.match(sent, /^AUTH PLAIN \S+\r\nMAIL FROM:<a@b\.test> SIZE=3\r\nRCPT TO:<c@d\.test>\r\n$/);
  assert.equal(play(session, "235 2.7.0 welcome\r\n").events[0].type, AUTHENTICATED);
  session.wipe();
  for (const secret of [pass, Buffer.from(`\0alice\0${pass}`).toString("base64").slice(4, 30)]) assert.ok(!memory().includes(secret));
  play(session, "250 ok\r\n250 ok\r\n354 go\r\n");
  session.bodyWrite(encode("x\r\n"));
  assert.equal(session.bodyEnd(), 0);
  const { events } = play(session, "250 2.0.0 queued\r\n");
  assert.deepEqual([events[0].type, events[0].transaction], [DONE, transaction]);
  assert.deepEqual(session.outcomes(transaction), [[{ status: "accepted", code: 250, enhanced: "2.0.0" }, 1]]);
  session.end();
  assert.ok(!memory().includes("c@d.test"));
});

test("an envelope that does not fit makes the memory grow, and nothing else does", () => {
  const { session } = open();
  greet(session);
  const to = Array.from({ length: 5000 }, (_, index) => `recipient-${index}@a-domain-with-a-long-name.test`);
  assert.equal(session.memorySize(), 131072);
  session.submit({ from: "a@b.test", to, size: null, body: 1 });
  assert.ok(session.memorySize() > 131072);
  let sent = "";
  for (let out; (out = session.take()); ) sent += decode(out.bytes);
  assert.equal(sent.match(/RCPT TO/g).length, 5000);
  const { events } = play(session, `250 ok\r\n${"250 ok\r\n".repeat(5000)}354 go\r\n`);
  assert.equal(events.length, 5002);
  assert.equal(session.bodyWrite(encode("x\r\n")), 3);
  assert.equal(session.bodyEnd(), 0);
  const done = play(session, "").sent;
  assert.equal(done, "x\r\n.\r\n");
  const { events: last } = play(session, "250 2.0.0 queued\r\n");
  assert.equal(last[0].type, DONE);
  assert.deepEqual(session.outcomes(last[0].transaction)[4999], [{ status: "accepted", code: 250, enhanced: "2.0.0" }, 1]);
});

test("a scan finds what a message needs, whatever its size", () => {
  const { session } = open();
  const scan = (...pieces) => session.scan(pieces.map(encode));
  assert.deepEqual(scan("a\r\nb"), [6, 0, 0, 0, 0]);
  assert.deepEqual(scan("a\r", "\n\u00fc\nx"), [10, 1, 0, 1, 0]);
  assert.equal(scan("a\rb")[2], 1);
  assert.equal(scan(`${"x".repeat(998)}\r\n`)[4], 0);
  assert.equal(scan(`${"x".repeat(999)}\r\n`)[4], 1);
  assert.equal(scan("0123456789abcde\n".repeat(10000))[0], 170000);
});

test("an error names the field and the place of a recipient, never the address", () => {
  const { session } = open();
  greet(session);
  assert.throws(() => session.submit({ from: "a@b.test", to: ["ok@b.test", "evil\r\nRCPT TO:<x@y>@b.test"], size: null, body: 1 }), (error) => {
    assert.deepEqual({ kind: error.kind, reason: error.reason, field: error.field, index: error.index }, { kind: "input", reason: "address-control", field: "to", index: 1 });
    assert.equal(error.message, "to[1] contains a control character");
    return true;
  });
  assert.equal(session.take(), undefined);
});

// The stack lies between the engine's data and the caller's, and grows towards the former.
test("the stack is never used by more than half", () => {
  const STACK = 16384;
  const { session, memory, exports } = open({ tls: "implicit" });
  drain(session);
  session.tlsDone();
  play(session, GREETING);
  play(session, HELLO.replace("PLAIN", "PLAIN SCRAM-SHA-256"));
  session.login({ user: "u".repeat(200), pass: "p".repeat(100), authzid: "z,=".repeat(50), hostname: "mx.test", port: 465, nonce: new Uint8Array(24).fill(7) });
  let { sent } = play(session, "");
  if (!sent.includes(" ", 6)) ({ sent } = play(session, "334 \r\n"));
  const nonce = /r=(\S+)/.exec(atob(sent.trim().split(" ").pop()))[1];
  const { events } = play(session, `334 ${btoa(`r=${nonce}${"n".repeat(300)},s=${btoa("salt".repeat(30))},i=4096`)}\r\n`);
  assert.equal(events[0].key.iterations, 4096);
  session.keyDerived();
  assert.match(atob(play(session, "").sent.trim()), /,p=/);
  play(session, "501 no\r\n");
  assert.throws(() => session.submit({ from: "a@b.test", to: ["a@[IPv6:::ffff:1.2.3.4]", "b@[IPv6:1::2::3]"], size: 10, body: 1 }), { reason: "literal-ipv6" });
  session.submit({ from: "a@b.test", to: ["a@[IPv6:::ffff:1.2.3.4]"], size: 10, body: 1 });
  play(session, "250 ok\r\n550 5.1.1 \x01\u00fc no\r\n503 no\r\n");
  const bytes = memory();
  const [heap] = new Uint32Array(exports.memory.buffer, exports.a(), 1);
  const lowest = bytes.subarray(heap - STACK, heap).findIndex((byte) => byte !== 0);
  assert.ok(lowest > STACK / 2, `${STACK - lowest} bytes of the stack were used`);
  assert.ok(lowest < STACK, "something was on the stack");
});
