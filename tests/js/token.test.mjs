// Access tokens from a function of the caller: when it is asked, how often, and what ends the wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SmtpError, connect, sendMail } from "../../adapters/js/hosts/node.mjs";
import { connect as openOver } from "../../adapters/js/client.mjs";
import { call, close, expect, hello, readData, reply, send, wait } from "../servers/scripted-steps.mjs";
import { module } from "./engine.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const HELLO = hello(["AUTH XOAUTH2 PLAIN"]);
const DETAIL = '{"status":"401"}';
const base64 = (text) => Buffer.from(text).toString("base64");
const takes = (token) => expect(`AUTH XOAUTH2 ${base64(`user=u\x01auth=Bearer ${token}\x01\x01`)}`);
/** Refuses a token as servers do: with an explanation that must be answered. */
const refuses = (token, line = "535 5.7.8 bad token") => [takes(token), send(`334 ${base64(DETAIL)}`), expect(/^$/), send(line)];
const welcome = send("235 2.7.0 welcome");
const REFUSED = { name: "SmtpError", kind: "auth", reason: "auth-refused", step: "AUTH", code: 535, detail: DETAIL };
const never = () => new Promise(() => {});

/** A source of these tokens in turn, which notes what it is asked with. */
function source(...tokens) {
  const asked = [];
  const accessToken = (refusal) => {
    asked.push(refusal);
    return tokens[asked.length - 1];
  };
  return { asked, auth: { user: "u", accessToken } };
}

const withAuth = (auth, more) => ({ allowPlaintextAuth: true, auth, ...more });

test("the function is asked once if the server takes the token, also for a promise", async (t) => {
  for (const token of ["good", Promise.resolve("good")]) {
    const { server, open } = await scripted(t, [...HELLO, takes("good"), welcome, ...QUIT]);
    const { auth, asked } = source(token);
    const client = await open(withAuth(auth));
    assert.equal(client.mechanism, "XOAUTH2");
    await client.quit();
    await server.finished();
    assert.deepEqual(asked, [undefined]);
  }
});

test("a refused token is followed by a fresh one, once, on the same session and before anything else", async (t) => {
  const { server, open } = await scripted(t, [...HELLO, ...refuses("old"), takes("new"), welcome, expect("NOOP"), send("250 ok"), ...QUIT]);
  const { auth, asked } = source("old", new Promise((resolve) => setTimeout(resolve, 30, "new")));
  const events = [];
  const client = await open({ allowPlaintextAuth: true, onEvent: ({ type }) => events.push(type) });
  await Promise.all([client.login(auth), client.noop()]);
  await client.quit();
  await server.finished();
  const [first, refusal] = asked;
  assert.equal(first, undefined);
  assert.ok(refusal instanceof SmtpError);
  assert.deepEqual([refusal.reason, refusal.code, refusal.detail], ["auth-refused", 535, DETAIL]);
  assert.deepEqual(events.filter((type) => type === "AuthCompleted"), ["AuthCompleted"]);
});

test("the second refusal is final", async (t) => {
  const { server, open } = await scripted(t, [...HELLO, ...refuses("old"), ...refuses("older"), expect("NOOP"), send("250 ok"), ...QUIT]);
  const { auth, asked } = source("old", "older", "unused");
  const client = await open({ allowPlaintextAuth: true });
  await assert.rejects(client.login(auth), REFUSED);
  await client.noop();
  await client.quit();
  await server.finished();
  assert.equal(asked.length, 2);
});

test("the same token again is not tried again", async (t) => {
  const { server, open } = await scripted(t, [...HELLO, ...refuses("old"), ...QUIT]);
  const { auth, asked } = source("old", "old");
  await assert.rejects(open(withAuth(auth)), REFUSED);
  await server.finished();
  assert.equal(asked.length, 2);
});

test("only 535 asks for another token, and only of a function", async (t) => {
  for (const [line, expected] of [["454 4.7.0 later", { code: 454, retryable: true }], ["534 5.7.9 not by this", { code: 534, retryable: false }]]) {
    const { server, open } = await scripted(t, [...HELLO, ...refuses("old", line), ...QUIT]);
    const { auth, asked } = source("old", "new");
    await assert.rejects(open(withAuth(auth)), { ...REFUSED, ...expected });
    await server.finished();
    assert.equal(asked.length, 1);
  }
  const { server, open } = await scripted(t, [...HELLO, ...refuses("old"), ...QUIT]);
  await assert.rejects(open(withAuth({ user: "u", accessToken: "old" })), REFUSED);
  await server.finished();
});

test("each login begins anew", async (t) => {
  const { server, open } = await scripted(t, [...HELLO, ...refuses("old"), ...refuses("older"), ...refuses("old"), takes("new"), welcome, ...QUIT]);
  const client = await open({ allowPlaintextAuth: true });
  await assert.rejects(client.login(source("old", "older").auth), REFUSED);
  await client.login(source("old", "new").auth);
  await client.quit();
  await server.finished();
});

test("a function that fails, or gives no token, is a typed error, and the session goes on", async (t) => {
  const { server, open } = await scripted(t, [...HELLO, expect("NOOP"), send("250 ok"), ...refuses("old"), wait(80), expect("NOOP"), send("250 ok"), ...QUIT]);
  const client = await open({ allowPlaintextAuth: true, timeouts: { command: 60 } });
  const broken = new Error("no network");
  const failed = { kind: "input", reason: "token-source", field: "auth.accessToken", cause: broken };
  const login = (accessToken) => client.login({ user: "u", accessToken });
  await assert.rejects(login(() => { throw broken; }), failed);
  await assert.rejects(login(() => Promise.reject(broken)), failed);
  for (const wrong of [undefined, "", 7, { accessToken: "x" }]) await assert.rejects(login(() => wrong), { kind: "input", reason: "option-invalid", field: "auth.accessToken", message: "auth.accessToken must give a token" });
  await client.noop();
  await assert.rejects(login((refusal) => (refusal ? Promise.reject(broken) : "old")), failed);
  // The time limit for the token is over with it.
  await new Promise((resolve) => setTimeout(resolve, 80));
  await client.noop();
  await client.quit();
  await server.finished();
});

for (const [when, steps, first] of [["the first token", [], never], ["a fresh token", refuses("old"), (refusal) => (refusal ? never() : "old")]]) {
  const auth = { user: "u", accessToken: first };

  test(`the wait for ${when} has a time limit`, async (t) => {
    const { open } = await scripted(t, [...HELLO, ...steps, wait()]);
    const began = Date.now();
    await assert.rejects(open(withAuth(auth, { timeouts: { command: 200 } })), { kind: "transport", reason: "timeout", message: /no access token came$/ });
    assert.ok(Date.now() - began < 3000);
  });

  test(`the wait for ${when} ends when it is cancelled, by either signal`, async (t) => {
    for (const whole of [true, false]) {
      const { open } = await scripted(t, [...HELLO, ...steps, wait()]);
      const controller = new AbortController();
      const { signal } = controller;
      setTimeout(() => controller.abort(), 100);
      const login = whole ? open(withAuth(auth, { signal })) : open({ allowPlaintextAuth: true }).then((client) => client.login(auth, { signal }));
      await assert.rejects(login, { kind: "transport", reason: "cancelled" });
    }
  });

  test(`a server that closes during the wait for ${when} ends it`, async (t) => {
    const { open } = await scripted(t, [...HELLO, ...steps, wait(50), close()]);
    await assert.rejects(open(withAuth(auth)), { kind: "transport", reason: "closed-by-peer" });
  });
}

test("the wait has its time limit also while replies come that nobody waited for (PIPECONNECT)", async (t) => {
  const offer = ["PIPELINING", "PIPECONNECT", "AUTH XOAUTH2"];
  const expected = { esmtp: true, pipelining: true, pipeConnect: true, auth: ["XOAUTH2"] };
  const answers = [send("220 scripted.test"), reply(250, ["scripted.test", ...offer])];
  const { open } = await scripted(t, [expect("EHLO"), wait(50), ...answers, wait()]);
  const began = Date.now();
  await assert.rejects(open(withAuth({ user: "u", accessToken: never }, { expected, timeouts: { command: 200 } })), { kind: "transport", reason: "timeout", message: /no access token came$/ });
  assert.ok(Date.now() - began < 3000);
});

test("a token asked for on a connection that was given up leaves the limits of the next one alone", async (t) => {
  let connections = 0;
  let give;
  const accessToken = () => (connections === 1 ? new Promise((resolve) => (give = resolve)) : "good");
  const auth = { user: "u", accessToken };
  const expected = { esmtp: true, pipelining: true, pipeConnect: true, auth: ["XOAUTH2"] };
  const sockets = [
    // A greeting that refuses whoever speaks first, then one that never comes.
    [Buffer.from("554 too early\r\n")], [],
  ].map((replies) => ({ read: () => (replies.length ? new Promise((resolve) => setTimeout(() => resolve(replies.shift()), 20)) : never()), write: async () => {}, close: async () => {} }));
  const host = { module: () => module, open: async () => sockets[connections++] };
  const opening = openOver(host, withAuth(auth, { hostname: "mx.test", tls: "none", expected, timeouts: { greeting: 200, command: 100 } }));
  setTimeout(() => give("late"), 50);
  await assert.rejects(opening, { reason: "timeout", step: "greeting" });
});

test("a token that comes too late is not sent", async (t) => {
  let sent = "";
  const { open } = await scripted(t, [...HELLO, call(async (connection) => { sent = await connection.readLine().catch(() => "nothing"); })]);
  let give;
  const auth = { user: "u", accessToken: () => new Promise((resolve) => (give = resolve)) };
  const client = await open({ allowPlaintextAuth: true });
  const login = client.login(auth);
  await new Promise(setImmediate);
  await client.close();
  await assert.rejects(login, { reason: "cancelled" });
  give("late");
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(sent, "nothing");
});

test("sendMail takes a function, too", async (t) => {
  const { server } = await scripted(t, [...HELLO, ...refuses("old"), takes("new"), welcome, expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT]);
  const { auth } = source("old", "new");
  const result = await sendMail({ hostname: "127.0.0.1", port: server.port, tls: "none", ...withAuth(auth), from: "a@b.test", to: "c@d.test", message: "x\r\n" });
  assert.equal(result.accepted, 1);
  await server.finished();
});

test("a function is no password", async () => {
  await assert.rejects(connect({ hostname: "h", auth: { user: "u", pass: () => "p" } }), { kind: "input", field: "auth.pass" });
});
