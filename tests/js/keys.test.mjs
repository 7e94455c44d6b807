// Salted keys of SCRAM that the caller keeps: a reconnect derives nothing, and a key that no longer
// fits does not lock anybody out.

import assert from "node:assert/strict";
import { pbkdf2Sync } from "node:crypto";
import { test } from "node:test";
import { connect as connectOver } from "../../adapters/js/client.mjs";
import { connect, host } from "../../adapters/js/hosts/node.mjs";
import { close, expect, hello, send } from "../servers/scripted-steps.mjs";
import { scramServer } from "./scram-server.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const HELLO = hello(["AUTH SCRAM-SHA-256 SCRAM-SHA-1"]);
const SALT = Buffer.from("0123456789abcdef");
const ID = `SHA-256 4096 ${SALT.toString("base64")} 127.0.0.1 ann b`;
const PASS = "s3cret-word";
const KEY = pbkdf2Sync(PASS, SALT, 4096, 32, "sha256");
const STALE = new Uint8Array(32).fill(7);
const scram = (more) => scramServer({ hash: "sha256", pass: PASS, iterations: 4096, salt: SALT, ...more });
const REFUSED = { kind: "auth", reason: "auth-refused", code: 535 };

/** Counts derivations by WebCrypto. */
function counting(t) {
  const counts = { derived: 0 };
  const { deriveBits } = crypto.subtle;
  t.mock.method(crypto.subtle, "deriveBits", function (...values) {
    counts.derived += 1;
    return deriveBits.apply(crypto.subtle, values);
  });
  return counts;
}

/** A cache that notes what is done with it. */
function cache(entries = [], over = {}) {
  const map = new Map(entries);
  const calls = [];
  const note = (name) => (...values) => {
    calls.push([name, ...values.slice(0, 1)]);
    return map[name](...values);
  };
  return { map, calls, keys: { get: note("get"), set: note("set"), delete: note("delete"), ...over } };
}

async function login(t, steps, keys, { pass = PASS, ...more } = {}) {
  const { server, open } = await scripted(t, [...HELLO, ...steps, ...QUIT]);
  const client = await open({ allowPlaintextAuth: true, auth: { user: "ann b", pass, keys, ...more } });
  await client.quit();
  await server.finished();
}

test("the key is derived for the first login and kept for the next", async (t) => {
  const counts = counting(t);
  const keys = new Map();
  await login(t, [scram()], keys);
  assert.deepEqual([...keys], [[ID, new Uint8Array(KEY)]]);
  await login(t, [scram()], keys);
  assert.equal(counts.derived, 1);
  assert.ok(!JSON.stringify([...keys.keys()]).includes(PASS));
});

test("another salt, iteration count, hash, user or server is another key", async (t) => {
  const keys = new Map();
  await login(t, [scram()], keys);
  await login(t, [scram({ salt: Buffer.from("fedcba9876543210") })], keys);
  await login(t, [scram({ iterations: 4097 })], keys);
  await login(t, [scram({ hash: "sha1" })], keys, { mechanism: "SCRAM-SHA-1" });
  await login(t, [scram()], keys, { user: "bob" });
  const { server } = await scripted(t, [...HELLO, scram(), ...QUIT]);
  const client = await connect({ hostname: "localhost", port: server.port, tls: "none", allowPlaintextAuth: true, auth: { user: "ann b", pass: PASS, keys } });
  await client.quit();
  assert.equal(keys.size, 6);
  assert.equal([...keys.values()].filter((key) => KEY.equals(key)).length, 3);
});

test("a key that the engine derived is kept, too", async (t) => {
  const keys = new Map();
  const counts = counting(t);
  for (let round = 0; round < 2; round += 1) {
    const { server } = await scripted(t, [...HELLO, scram(), ...QUIT]);
    const client = await connectOver({ ...host, maxIterations: 4095 }, { hostname: "127.0.0.1", port: server.port, tls: "none", allowPlaintextAuth: true, auth: { user: "ann b", pass: PASS, keys } });
    await client.quit();
    await server.finished();
    assert.deepEqual([...keys], [[ID, new Uint8Array(KEY)]]);
  }
  assert.equal(counts.derived, 0);
});

for (const [how, refuse] of [["with 535", "535 5.7.8 wrong proof"], ["by SCRAM's own error", `334 ${Buffer.from("e=invalid-proof").toString("base64")}`]]) {
  test(`a kept key that is refused ${how} is deleted, and the password tried once`, async (t) => {
    const counts = counting(t);
    const { keys, calls, map } = cache([[ID, STALE]]);
    await login(t, [scram({ refuse }), scram()], keys);
    assert.deepEqual(calls, [["get", ID], ["delete", ID], ["set", ID]]);
    assert.deepEqual(map.get(ID), new Uint8Array(KEY));
    assert.equal(counts.derived, 1);
  });
}

test("a kept key that ends the session is deleted, as the server may not say why", async (t) => {
  for (const [refuse, expected] of [["421 4.7.0 go away", { code: 421 }], ["", { reason: "closed-by-peer" }]]) {
    const { keys, calls, map } = cache([[ID, STALE]]);
    const { open } = await scripted(t, [...HELLO, scram({ refuse }), close()]);
    await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "ann b", pass: PASS, keys } }), expected);
    assert.deepEqual(calls, [["get", ID], ["delete", ID]]);
    await login(t, [scram()], keys);
    assert.deepEqual(map.get(ID), new Uint8Array(KEY));
  }
});

test("a key that the server accepted stays when the session ends later", async (t) => {
  const { keys, calls } = cache([[ID, new Uint8Array(KEY)]]);
  const { open } = await scripted(t, [...HELLO, scram(), close()]);
  const client = await open({ allowPlaintextAuth: true, auth: { user: "ann b", pass: PASS, keys } });
  await assert.rejects(client.noop(), { kind: "transport" });
  assert.deepEqual(calls, [["get", ID]]);
});

test("a key still kept by a slow cache does not come back in the second attempt", async (t) => {
  const { keys } = cache([], { get: async () => STALE.buffer, delete: async () => {} });
  await login(t, [scram(), scram()], keys);
});

test("a wrong password fails after one more attempt, and its key is not kept", async (t) => {
  const { keys, calls } = cache([[ID, STALE]]);
  await assert.rejects(login(t, [scram(), scram()], keys, { pass: "wrong" }), REFUSED);
  await assert.rejects(login(t, [scram()], keys, { pass: "wrong" }), REFUSED);
  assert.deepEqual(calls, [["get", ID], ["delete", ID], ["get", ID]]);
});

test("a server that refuses for now leaves the key where it is", async (t) => {
  const { keys, calls } = cache([[ID, STALE]]);
  await assert.rejects(login(t, [scram({ refuse: "454 4.7.0 later" })], keys), { reason: "auth-refused", code: 454, retryable: true });
  assert.deepEqual(calls, [["get", ID]]);
});

test("a cache may answer later, as Uint8Array or ArrayBuffer, and what has the wrong length is no key", async (t) => {
  for (const [found, derived] of [[new Uint8Array(KEY), 0], [new Uint8Array(KEY).buffer, 0], [KEY.subarray(1), 1], [null, 1], ["no key at all, but as long as one", 1]]) {
    await t.test(`${found?.constructor.name} ${derived}`, async (t) => {
      const counts = counting(t);
      const { keys } = cache([], { get: async () => found });
      await login(t, [scram()], keys);
      assert.equal(counts.derived, derived);
    });
  }
});

test("a cache that fails costs a derivation, not the login", async (t) => {
  const broken = () => {
    throw new Error("broken");
  };
  for (const fail of [broken, async () => broken()]) {
    await login(t, [scram()], cache([], { get: fail, set: fail }).keys);
    await login(t, [scram(), scram()], cache([], { get: () => STALE, delete: fail, set: fail }).keys);
  }
});

test("a cache that never answers is bounded by the time of a command", async (t) => {
  const { open } = await scripted(t, [...HELLO, scram(), ...QUIT]);
  const { keys } = cache([], { get: () => new Promise(() => {}) });
  await assert.rejects(open({ allowPlaintextAuth: true, timeouts: { command: 200 }, auth: { user: "ann b", pass: PASS, keys } }), { kind: "transport", reason: "timeout", step: "AUTH" });
});

test("what is no cache is refused", async () => {
  for (const keys of [{}, { get() {}, set() {} }, { get: 1, set: 2, delete: 3 }]) {
    await assert.rejects(open(keys), { kind: "input", field: "auth.keys", message: "auth.keys needs get, set and delete" });
  }
  await assert.rejects(open("x"), { kind: "input", field: "auth.keys" });

  function open(keys) {
    return connect({ hostname: "h", auth: { user: "u", pass: "p", keys } });
  }
});
