// The client over sockets of the test's own: hosts that never settle, that answer early or late, and
// that give more at once than the engine takes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../adapters/js/client.mjs";
import { module } from "./engine.mjs";

const never = () => new Promise(() => {});
const encode = (text) => new TextEncoder().encode(text);
const MESSAGE = { from: "a@b.test", to: "c@d.test", message: "x\r\n" };
const OPTIONS = { hostname: "mx.test", tls: "none" };

/**
 * A socket that answers each write as `answer(text, count)` says: with the server's text (string),
 * or null to close. `push` sends more at any time.
 */
function makeSocket(answer, greeting = "220 mx.test\r\n") {
  const queue = greeting ? [encode(greeting)] : [];
  let wake;
  const socket = {
    written: "",
    closed: 0,
    push(text) {
      queue.push(text === null ? null : encode(text));
      wake?.();
    },
    async read() {
      while (!queue.length) await new Promise((resolve) => (wake = resolve));
      return queue.shift();
    },
    async write(bytes) {
      const text = new TextDecoder().decode(bytes);
      socket.written += text;
      const reply = answer(text, socket);
      if (reply !== undefined) socket.push(reply);
    },
    startTls: never,
    async close() {
      socket.closed += 1;
    },
  };
  return socket;
}

const server = (text) => {
  if (text.startsWith("EHLO")) return "250-mx.test\r\n250 PIPELINING\r\n";
  if (text.startsWith("MAIL")) return "250 ok\r\n250 ok\r\n354 go\r\n";
  if (text.startsWith("QUIT")) return "221 bye\r\n";
  return "250 ok\r\n";
};

const hostOf = (socket, more) => ({ module: () => module, open: async () => socket, ...more });

test("a whole session over a socket of one's own", async () => {
  const socket = makeSocket(server);
  const client = await connect(hostOf(socket), OPTIONS);
  assert.equal((await client.send(MESSAGE)).accepted, 1);
  await client.quit();
  assert.equal(socket.written, "EHLO [127.0.0.1]\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
  assert.equal(socket.closed, 1);
});

test("opening has a time limit; a socket that comes too late is closed", async () => {
  const socket = makeSocket(server);
  let deliver;
  let told;
  const host = hostOf(socket, { open: ({ signal }) => ((told = signal), new Promise((resolve) => (deliver = resolve))) });
  await assert.rejects(connect(host, { ...OPTIONS, timeouts: { connect: 30 } }), { kind: "transport", reason: "timeout", step: "connect", retryable: true });
  assert.equal(told.aborted, true);
  deliver(socket);
  await new Promise(setImmediate);
  assert.equal(socket.closed, 1);
});

test("opening can be aborted, and the host is told", async () => {
  const controller = new AbortController();
  let told;
  const host = hostOf(null, { open: ({ signal }) => ((told = signal), never()) });
  setTimeout(() => controller.abort(), 20);
  await assert.rejects(connect(host, { ...OPTIONS, signal: controller.signal }), { reason: "cancelled", step: "connect" });
  assert.equal(told.aborted, true);
});

test("a host that throws at once, and one that explains its errors", async () => {
  const host = hostOf(null, {
    open() {
      throw Object.assign(new Error("no route"), { code: 7 });
    },
    explain: (error) => (error?.code === 7 ? "no-route" : undefined),
  });
  await assert.rejects(connect(host, OPTIONS), { kind: "transport", reason: "no-route", step: "connect", message: "during connect, the connection could not be opened: no route" });
});

test("a socket that cannot be closed fails neither quit() nor close()", async () => {
  for (const refuse of [() => Promise.reject(new Error("busy")), () => { throw new Error("busy"); }]) {
    for (const end of ["quit", "close"]) {
      const client = await connect(hostOf(Object.assign(makeSocket(server), { close: refuse })), OPTIONS);
      await client[end]();
      assert.equal(client.closed, true);
    }
  }
});

test("a handshake that never ends has a time limit", async () => {
  const socket = makeSocket(server, "");
  await assert.rejects(connect(hostOf(socket), { ...OPTIONS, tls: "implicit", timeouts: { tls: 30 } }), { kind: "transport", reason: "timeout", step: "TLS" });
  assert.equal(socket.closed, 1);
  assert.equal(socket.written, "");
});

test("a reply is read while the write that it answers is still pending", async () => {
  let release;
  const socket = makeSocket(server);
  const { write } = socket;
  socket.write = (bytes) => {
    write(bytes);
    return new Promise((resolve) => (release = resolve));
  };
  const events = [];
  const connecting = connect(hostOf(socket), { ...OPTIONS, onEvent: ({ type }) => events.push(type) });
  const client = await connecting;
  assert.deepEqual(events, ["Connected", "GreetingReceived", "EhloCompleted"]);
  release();
  const sending = client.send(MESSAGE);
  await new Promise(setImmediate);
  assert.ok(events.includes("RecipientAccepted"), "answered while DATA was being written");
  release();
  await new Promise(setImmediate);
  release();
  assert.equal((await sending).accepted, 1);
});

test("more than the engine's input at once", async () => {
  const lines = Array.from({ length: 120 }, (_, index) => `250-X-EXTENSION-${index} ${"x".repeat(900)}\r\n`).join("");
  const socket = makeSocket((text) => (text.startsWith("EHLO") ? `250-mx.test\r\n${lines}250 SIZE 77\r\n` : server(text)));
  const client = await connect(hostOf(socket), OPTIONS);
  assert.equal(client.capabilities.size, 77);
  assert.equal(client.memorySize, 131072);
  await client.quit();
});

test("a write that fails waits for what the server may have said, but not for long", async () => {
  for (const [last, expected] of [["552 5.3.4 too big\r\n", { kind: "refused", code: 552 }], [undefined, { kind: "transport", reason: "connection-lost" }]]) {
    const socket = makeSocket(server);
    const client = await connect(hostOf(socket), OPTIONS);
    const { write } = socket;
    let body = false;
    socket.write = async (bytes) => {
      if (!body) {
        body = new TextDecoder().decode(bytes).startsWith("MAIL");
        return write(bytes);
      }
      if (last) setTimeout(() => socket.push(last), 20);
      throw new Error("EPIPE");
    };
    async function* endless() {
      for (;;) {
        yield "line\r\n";
        await new Promise(setImmediate);
      }
    }
    await assert.rejects(client.send({ ...MESSAGE, message: endless() }), { inDoubt: false, ...expected });
    assert.equal(socket.closed, 1);
  }
});

test("octets handed to the socket count as sent, whatever becomes of the write", async () => {
  const socket = makeSocket(server);
  const client = await connect(hostOf(socket), OPTIONS);
  const { write } = socket;
  socket.write = async (bytes) => {
    await write(bytes);
    if (new TextDecoder().decode(bytes).endsWith("\r\n.\r\n")) throw new Error("ECONNRESET");
  };
  const { push } = socket;
  socket.push = (text) => push(text === "250 ok\r\n" ? null : text);
  await assert.rejects(client.send(MESSAGE), (error) => error.inDoubt && !error.retryable && error.recipients[0].status === "in-doubt");
});

test("credentials are refused by the session when STARTTLS was not the mode, even if offered", async () => {
  const socket = makeSocket((text) => (text.startsWith("EHLO") ? "250-mx.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n" : server(text)));
  await assert.rejects(connect(hostOf(socket), { ...OPTIONS, auth: { user: "u", pass: "secret" } }), { kind: "auth", reason: "auth-not-secure" });
  assert.ok(!socket.written.includes("AUTH"));
});
