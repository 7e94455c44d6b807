// The real command against real servers: every pair of server × TLS × mechanism, server ×
// recipients, server × body. What arrives is compared octet for octet, and the result is the table
// in docs/src/servers.md: WSMTP_WRITE_DOCS=1 writes it, every other run compares it.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { expectCode, LOGIN, temporaryFolder } from "../cli/program.mjs";
import { startServers } from "../servers/servers.mjs";
import { BODIES, ENCRYPTED, isOffered, MECHANISMS, recipientCases, SERVERS, TOKEN_MECHANISMS } from "./cases.mjs";
import { render, write, written } from "./table.mjs";

let run;
const folder = temporaryFolder();
const tokenFile = join(folder, "token");
before(async () => {
  run = await startServers({ names: Object.values(SERVERS).map(({ name }) => name) });
  writeFileSync(tokenFile, run.tokens.valid);
});
after(() => run?.stop());

const SCHEMES = { plain: "smtp+plain", STARTTLS: "smtp", implicit: "smtps" };
const TLS_MODES = { STARTTLS: "starttls", implicit: "implicit" };

function connection({ name, ways, lmtp }, way) {
  if (way === "Unix socket") return ["--server", `lmtp+unix:${run[name].lmtpSocket}`];
  const url = `${lmtp ? "lmtp" : SCHEMES[way]}://127.0.0.1:${run[name].listeners[ways[way]].port}`;
  return ["--server", url, ...(ENCRYPTED.includes(way) ? ["--ca", run.ca.file] : [])];
}

function login(mechanism, way) {
  if (mechanism === "none") return [];
  const clear = way === "plain" ? ["--allow-plaintext-auth"] : [];
  if (mechanism === "EXTERNAL") return ["--auth", mechanism, ...(ENCRYPTED.includes(way) ? ["--cert", run.ca.client.cert, "--key", run.ca.client.key] : clear)];
  if (mechanism === "ANONYMOUS") return ["--auth", mechanism, "--user", "trace@lab.test", ...clear];
  if (TOKEN_MECHANISMS.includes(mechanism)) return ["--user", "alice", "--token-file", tokenFile, "--auth", mechanism, ...clear];
  return [...LOGIN, "--auth", mechanism, ...clear];
}

let number = 0;
/**
 * Sends, checks exit status and each recipient's status, and compares what was delivered.
 * @param {object} server of SERVERS
 * @param {object} options expected: address → status; code: exit status; body: of BODIES
 * @returns the command's report
 */
async function send(server, { way = Object.keys(server.ways).at(-1), mechanism = "none", expected = { "ok@lab.test": "accepted" }, code = 0, body = BODIES.tiny, args = [] }) {
  number += 1;
  const from = `matrix${number}@lab.test`;
  const addresses = Object.keys(expected);
  const { json } = await expectCode(code, ["send", ...connection(server, way), ...login(mechanism, way), "--from", from,
    ...addresses.flatMap((address) => ["--to", address]), "--json", ...args], { input: body.input });
  assert.equal(json.tls?.mode, TLS_MODES[way]);
  assert.deepEqual(Object.fromEntries(json.recipients.map(({ address, status }) => [address, status])), expected);

  const accepted = addresses.filter((address) => expected[address] === "accepted");
  if (accepted.length === 0) return json;
  const count = run[server.name].copies === "each" ? accepted.length : 1;
  const messages = await run[server.name].delivered({ count, timeoutMs: 30000, where: ({ envelope }) => envelope.from === from });
  assert.equal(messages.length, count);
  // A user's folder of Dovecot has the local part only.
  const known = (address) => (server.lmtp ? address.replace(/@.*/, "") : address);
  assert.deepEqual(messages.flatMap(({ envelope }) => envelope.to.map(known)).sort(), accepted.map(known).sort());
  const octets = body.expected ?? body.input;
  for (const { content } of messages) {
    if (!content.equals(octets)) assert.equal(JSON.stringify(content.toString("latin1")), JSON.stringify(octets.toString("latin1")));
  }
  assert.equal(json.octets, octets.length);
  return json;
}

const seen = new Map();
const offeredOnly = new Set();
const LOGINS = "Connections and logins";
const RECIPIENTS = "Recipients";
const MESSAGES = "Messages";
const concurrency = 4;

describe(LOGINS, { concurrency }, () => {
  for (const [title, server] of Object.entries(SERVERS)) {
    for (const way of Object.keys(server.ways)) {
      for (const mechanism of MECHANISMS) {
        test(`${title}, ${way}, ${mechanism}`, async () => {
          const offered = isOffered(run[server.name].mechanisms, server, mechanism, way);
          const json = await send(server, { way, mechanism, ...(offered ? {} : { code: 77, expected: { "ok@lab.test": "not-sent" } }) });
          if (mechanism !== "none") assert.equal(json.capabilities.mechanisms.includes(mechanism), offered);
          assert.equal(json.mechanism, offered && mechanism !== "none" ? mechanism : null);
          seen.set([LOGINS, title, way, mechanism].join("/"), offered ? "yes" : "77");
        });
      }
    }
  }
});

test("every mechanism of the command is here", async () => {
  const { json } = await expectCode(64, ["send", "--auth", "none", "--json"]);
  const known = /known are (.*)$/.exec(json.error.message)[1].split(", ").filter((name) => !name.endsWith("-PLUS"));
  assert.deepEqual(known.sort(), MECHANISMS.slice(1).sort());
});

test("a mechanism that servers offer and the command has not got is a usage error", async () => {
  for (const server of Object.values(SERVERS).filter(({ lmtp }) => !lmtp)) {
    for (const mechanism of run[server.name].mechanisms.filter((name) => !MECHANISMS.includes(name))) {
      if (offeredOnly.has(mechanism)) continue;
      offeredOnly.add(mechanism);
      const { json } = await expectCode(64, ["send", ...connection(server, "implicit"), ...login(mechanism, "implicit"), "--from", "", "--to", "ok@lab.test", "--json"]);
      assert.match(json.error.message, /^--auth: there is no such mechanism/);
    }
  }
});

describe(RECIPIENTS, { concurrency }, () => {
  for (const [title, server] of Object.entries(SERVERS)) {
    for (const [name, { expected, code }] of Object.entries(recipientCases(server))) {
      test(`${title}, ${name}`, async () => {
        await send(server, { code, expected });
        seen.set([RECIPIENTS, title, name].join("/"), code === 0 ? "yes" : `yes, ${code}`);
      });
    }
  }
});

describe(MESSAGES, { concurrency }, () => {
  for (const [title, server] of Object.entries(SERVERS)) {
    for (const [name, body] of Object.entries(BODIES)) {
      test(`${title}, ${name}`, async () => {
        const able = !body.to || server.smtputf8;
        const json = await send(server, {
          body,
          code: able ? 0 : 69,
          expected: { [body.to ?? "ok@lab.test"]: able ? "accepted" : "not-sent" },
          args: body.to ? ["--smtputf8"] : [],
        });
        if (body.to) assert.equal(json.capabilities.extensions.some((line) => /^SMTPUTF8\b/.test(line)), server.smtputf8);
        seen.set([MESSAGES, title, name].join("/"), able ? "yes" : "69");
      });
    }
  }
});

test("nothing else was delivered", async () => {
  for (const { name } of Object.values(SERVERS)) {
    assert.deepEqual((await run[name].delivered({ count: 0 })).map(({ envelope }) => envelope), []);
  }
});

test("docs/src/servers.md has this result", () => {
  const each = Object.entries(SERVERS);
  const content = render(seen, [
    { title: LOGINS, first: ["server", "TLS"], rows: each.flatMap(([title, { ways }]) => Object.keys(ways).map((way) => [title, way])), columns: MECHANISMS },
    { title: RECIPIENTS, first: ["server"], rows: each.map(([title]) => [title]), columns: Object.keys(recipientCases({})) },
    { title: MESSAGES, first: ["server"], rows: each.map(([title]) => [title]), columns: Object.keys(BODIES) },
  ]);
  const whole = `${content}\nOffered by some of these servers, but not known to the command (exit status 64): ${[...offeredOnly].sort().join(", ")}.`;
  if (process.env.WSMTP_WRITE_DOCS === "1") write(whole);
  assert.equal(written(), whole);
  assert.ok(!content.includes("| no |"), "some of the matrix has failed");
});
