// A server whose connection ends at every octet that it says, over messages in parts and over commands
// that come before they are answered: nobody is told "not sent" who may get the message, nobody
// "accepted" whose server has not said so, and what may be repeated is delivered to nobody yet.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, sendMail } from "../../adapters/js/client.mjs";
import { module } from "./engine.mjs";

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/**
 * A server in memory that says yes to everything. `said` counts the octets of all its connections; behind
 * `cut` of them the connection ends. `taken` has the recipients of messages that came whole.
 */
class Server {
  said = 0;
  taken = [];
  connections = 0;

  constructor(cut, offers) {
    Object.assign(this, { cut, offers });
  }

  open() {
    const offered = this.offers(this.connections++);
    const queue = [];
    let wake;
    let ended = false;
    let input = "";
    let recipients = [];
    let data = false;
    const say = (text) => {
      if (ended) return;
      const bytes = encoder.encode(text).slice(0, this.cut - this.said);
      this.said += bytes.length;
      if (bytes.length) queue.push(bytes);
      if (this.said === this.cut) {
        ended = true;
        queue.push(null);
      }
      wake?.();
    };
    const took = () => {
      this.taken.push(...recipients);
      recipients = [];
      say("250 2.0.0 queued as 4711AB\r\n");
    };
    /** Does one command, or one message; false if it has not come whole. */
    const step = () => {
      if (data) {
        const end = input.indexOf("\r\n.\r\n");
        if (end < 0) return false;
        input = input.slice(end + 5);
        data = false;
        took();
        return true;
      }
      const end = input.indexOf("\r\n");
      if (end < 0) return false;
      const line = input.slice(0, end);
      const rest = input.slice(end + 2);
      const [verb, size, last] = line.split(" ");
      if (verb === "BDAT") {
        if (rest.length < Number(size)) return false;
        input = rest.slice(Number(size));
        if (last) took();
        else say("250 go on\r\n");
        return true;
      }
      input = rest;
      if (verb === "RCPT") recipients.push(/<(.*)>/.exec(line)[1]);
      if (verb === "DATA") data = true;
      if (verb === "EHLO") say(`250-mx.test\r\n${offered.map((name) => `250-${name}\r\n`).join("")}250 HELP\r\n`);
      else say({ DATA: "354 go\r\n", AUTH: "235 welcome\r\n", QUIT: "221 bye\r\n" }[verb] ?? "250 ok\r\n");
      return true;
    };
    say("220 mx.test\r\n");
    return {
      async read() {
        // Not before the client has done what it can without an answer.
        await new Promise(setImmediate);
        while (!queue.length) await new Promise((resolve) => (wake = resolve));
        return queue.shift();
      },
      async write(bytes) {
        input += decoder.decode(bytes);
        while (step());
      },
      async close() {
        queue.push(null);
        wake?.();
      },
    };
  }
}

const OPTIONS = { hostname: "mx.test", tls: "none", allowPlaintextAuth: true };
const TO = ["a@d.test", "b@d.test", "c@d.test", "e@d.test", "f@d.test"];
const text = "Subject: x\r\n\r\nhello\r\n";
const MESSAGE = { from: "a@b.test", to: TO, message: text };
const BASE = ["PIPELINING", "AUTH PLAIN", "ENHANCEDSTATUSCODES"];

/** What a server with these extensions is remembered as. */
async function remember(extensions) {
  const server = new Server(Infinity, () => extensions);
  const client = await connect({ module: () => module, open: async () => server.open() }, OPTIONS);
  const { capabilities } = client;
  await client.quit();
  return JSON.parse(JSON.stringify(capabilities));
}

function check(server, { value, reason }, where) {
  const recipients = (value ?? reason).recipients;
  const taken = server.taken.filter((address) => TO.includes(address));
  if (!recipients) {
    // Not even the connection was there.
    assert.deepEqual(taken, [], where);
    return;
  }
  assert.deepEqual(recipients.map(({ address }) => address), TO, where);
  for (const { address, status } of recipients) {
    const times = taken.filter((one) => one === address).length;
    assert.ok(times <= 1, `${where}: ${address} has it ${times} times`);
    if (status === "accepted") assert.equal(times, 1, `${where}: ${address} was accepted`);
    else if (status !== "in-doubt") assert.deepEqual([status, times], ["not-sent", 0], `${where}: ${address}`);
  }
  if (reason) assert.ok(!reason.retryable || taken.length === 0, `${where}: repeating it would duplicate it`);
}

/** Runs `act` with the connection cut at each octet; returns how often the server was connected to at most. */
async function cutEverywhere(offers, act) {
  let connections = 0;
  for (let cut = 1; ; cut += 1) {
    const server = new Server(cut, offers);
    const host = { module: () => module, open: async () => server.open() };
    const [outcome] = await Promise.allSettled([act(host)]);
    check(server, outcome, `cut at ${cut}`);
    connections = Math.max(connections, server.connections);
    if (server.said < cut) {
      assert.equal(outcome.value?.accepted, TO.length, `not cut: ${outcome.reason?.stack}`);
      return connections;
    }
    assert.ok(cut < 5000);
  }
}

const send = (more) => (host) => sendMail(host, { ...OPTIONS, ...MESSAGE, ...more });

for (const chunking of [true, false]) {
  const offered = [...BASE, ...(chunking ? ["CHUNKING"] : []), "LIMITS RCPTMAX=2"];

  test(`in parts, ${chunking ? "in chunks" : "behind DATA"}`, async () => {
    assert.equal(await cutEverywhere(() => offered, send({})), 1);
    assert.equal(await cutEverywhere(() => offered, send({ message: () => [text.slice(0, 9), text.slice(9)] })), 1);
  });

  test(`behind a login that is not answered yet, ${chunking ? "in chunks" : "behind DATA"}`, async () => {
    assert.equal(await cutEverywhere(() => offered, send({ early: true, auth: { user: "u", pass: "p" } })), 1);
  });

  test(`before the greeting, ${chunking ? "in chunks" : "behind DATA"}, also where the server has changed`, async () => {
    const before = [...offered, "PIPECONNECT"];
    const expected = await remember(before);
    for (const more of [...(chunking ? [{}] : []), { early: true, auth: { user: "u", pass: "p" } }]) {
      assert.equal(await cutEverywhere(() => before, send({ expected, ...more })), 1);
      // The second time without CHUNKING and without limits.
      assert.equal(await cutEverywhere((count) => (count ? BASE : offered), send({ expected, ...more })), 2);
    }
  });
}

test("in parts, with other messages under way", async () => {
  const offers = () => [...BASE, "CHUNKING", "LIMITS RCPTMAX=2"];
  await cutEverywhere(offers, async (host) => {
    const client = await connect(host, { ...OPTIONS, overlap: 4 });
    const others = ["one", "two"].map((name) => client.send({ ...MESSAGE, to: `${name}@d.test` }).catch((error) => error));
    try {
      return await client.send(MESSAGE);
    } finally {
      await Promise.all(others);
      await client.quit();
    }
  });
});
