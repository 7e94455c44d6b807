// Logging in: keys from WebCrypto or from the engine, servers that cannot prove themselves, and what
// traces and events show of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../adapters/js/client.mjs";
import { host } from "../../adapters/js/hosts/node.mjs";
import { expect, hello, send } from "../servers/scripted-steps.mjs";
import { scramServer } from "./scram-server.mjs";
import { scripted } from "./scripted.mjs";

const QUIT = [expect("QUIT"), send("221 bye")];
const base64 = (text) => Buffer.from(text).toString("base64");

for (const [mechanism, hash] of [["SCRAM-SHA-256", "sha256"], ["SCRAM-SHA-1", "sha1"], ["SCRAM-SHA-512", "sha512"]]) {
  for (const [where, maxIterations] of [["WebCrypto", undefined], ["the engine", 4095]]) {
    test(`${mechanism} with the key derived by ${where}`, async (t) => {
      const { server } = await scripted(t, [...hello([`AUTH ${mechanism}`]), scramServer({ hash, pass: "p\u00e4ss", iterations: 4096 }), ...QUIT]);
      let derived = 0;
      const { deriveBits } = crypto.subtle;
      t.mock.method(crypto.subtle, "deriveBits", function (...values) {
        derived += 1;
        return deriveBits.apply(crypto.subtle, values);
      });
      const client = await connect({ ...host, maxIterations }, {
        hostname: "127.0.0.1", port: server.port, tls: "none", allowPlaintextAuth: true, auth: { user: "u=s,er", pass: "p\u00e4ss", mechanism },
      });
      assert.equal(client.mechanism, mechanism);
      assert.equal(derived, maxIterations === undefined ? 1 : 0);
      await client.quit();
      await server.finished();
    });
  }
}

test("the engine derives the key where WebCrypto refuses", async (t) => {
  const { server, open } = await scripted(t, [...hello(["AUTH SCRAM-SHA-256"]), scramServer({ hash: "sha256", pass: "p", iterations: 4096 }), ...QUIT]);
  t.mock.method(crypto.subtle, "deriveBits", () => Promise.reject(new DOMException("iterations", "NotSupportedError")));
  const client = await open({ allowPlaintextAuth: true, auth: { user: "u", pass: "p" } });
  await client.quit();
  await server.finished();
});

test("a server that does not prove that it knows the password is not believed", async (t) => {
  const tamper = (text) => text.replace(/v=./, (start) => (start === "v=A" ? "v=B" : "v=A"));
  const { open } = await scripted(t, [...hello(["AUTH SCRAM-SHA-256"]), scramServer({ hash: "sha256", pass: "p", iterations: 4096, tamper }), ...QUIT]);
  await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "u", pass: "p" } }), { kind: "auth", reason: "auth-server-signature" });
});

test("iteration counts outside the permitted range are refused, before the work is done", async (t) => {
  for (const [iterations, limits] of [[1000, {}], [600001, {}], [4096, { iterationsMin: 5000 }], [9000, { iterationsMax: 8000 }]]) {
    const { open } = await scripted(t, [...hello(["AUTH SCRAM-SHA-256"]), scramServer({ hash: "sha256", pass: "p", iterations }), send("501 cancelled"), ...QUIT]);
    await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "u", pass: "p", ...limits } }), { kind: "auth", reason: "auth-iterations" });
  }
  // Beyond 32 bits, too, a limit is that limit.
  for (const iterationsMin of [2 ** 32 + 5000, Infinity]) {
    const { open } = await scripted(t, [...hello(["AUTH SCRAM-SHA-256"]), ...QUIT]);
    await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "u", pass: "p", iterationsMin } }), { kind: "input", reason: "iteration-limits" });
  }
});

test("neither traces nor events show credentials", async (t) => {
  const { open } = await scripted(t, [...hello(["AUTH PLAIN"]), expect("AUTH PLAIN "), send("235 ok"), ...QUIT]);
  const seen = [];
  const trace = ({ direction, bytes, redacted }) => seen.push(`${direction} ${Buffer.from(bytes)} ${redacted}`);
  const client = await open({ allowPlaintextAuth: true, auth: { user: "u", pass: "secret" }, trace, onEvent: (event) => seen.push(JSON.stringify(event)) });
  await client.quit();
  assert.ok(seen.some((line) => line === "sent AUTH PLAIN  14"), seen.join("\n"));
  assert.ok(seen.some((line) => line.startsWith("received 235")));
  for (const secret of ["secret", base64("\0u\0secret")]) assert.ok(!seen.join("\n").includes(secret));
});

test("a listener or a trace that throws, at once or later, does not end the session", async (t) => {
  const broken = () => {
    throw new Error("broken");
  };
  for (const listener of [broken, async () => broken()]) {
    const { server, open } = await scripted(t, [...hello([]), expect("NOOP"), send("250 ok"), ...QUIT]);
    const client = await open({ onEvent: listener, trace: listener });
    await client.noop();
    await client.quit();
    await server.finished();
  }
});

test("AUTH that is not offered, or not the one asked for", async (t) => {
  const { open } = await scripted(t, [...hello(["AUTH PLAIN LOGIN"]), expect("QUIT"), send("221 bye")]);
  await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "u", pass: "p", mechanism: "cram-md5" } }), { kind: "auth", reason: "auth-not-offered" });
  await assert.rejects(open({ allowPlaintextAuth: true, auth: { user: "u", accessToken: "t" } }), { kind: "auth", reason: "auth-no-mechanism" });
});
