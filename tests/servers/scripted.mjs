// A server that does what a script says and nothing else: for faults that no real server makes on
// demand. It records what it received, octet for octet.
//
//   import { startScripted } from "./scripted.mjs";
//   import { hello, expect, send, reset } from "./scripted-steps.mjs";
//   const server = await startScripted({ steps: [...hello(["PIPELINING"]), expect("MAIL"), reset()] });
//   … connect to server.port …
//   const connection = await server.finished();     // throws if the client did not follow the script
//   connection.received; connection.lines; connection.messages; await server.stop();
//
//   node tests/servers/scripted.mjs SCRIPT.json      for tests in other languages; see scripted-command.mjs

import { createServer } from "node:net";
import { readFileSync } from "node:fs";
import { createSecureContext, TLSSocket } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const STEP_TIMEOUT_MS = 15000;

class Connection {
  /** Everything received, in order, after decryption. */
  received = Buffer.alloc(0);
  /** What of it came before the TLS handshake. */
  receivedPlain = Buffer.alloc(0);
  lines = [];
  messages = [];
  error = null;
  /** Why the handshake failed, when it was allowed to. */
  tlsError = null;
  secure = false;
  ended = false;

  #raw;
  #socket;
  #pending = Buffer.alloc(0);
  #chunks = [];
  #wake = null;
  #socketError = null;

  constructor(socket) {
    this.#raw = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    this.#attach(socket);
  }

  #onData = (chunk) => {
    this.#chunks.push(chunk);
    if (!this.secure) this.receivedPlain = Buffer.concat([this.receivedPlain, chunk]);
    this.#wake?.();
  };

  #onEnd = () => {
    this.ended = true;
    this.#wake?.();
  };

  #attach(socket) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onEnd);
    socket.on("error", (error) => {
      this.#socketError ??= error;
      this.#onEnd();
    });
  }

  #takeArrived() {
    if (this.#chunks.length === 0) return;
    const arrived = Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.received = Buffer.concat([this.received, arrived]);
    this.#pending = Buffer.concat([this.#pending, arrived]);
  }

  /** Waits until `measure(pending)` gives a length, and takes so many octets. */
  async #take(measure, what, timeoutMs = STEP_TIMEOUT_MS) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      this.#takeArrived();
      const length = measure(this.#pending);
      if (length !== null) {
        const taken = this.#pending.subarray(0, length);
        this.#pending = this.#pending.subarray(length);
        return taken;
      }
      if (this.ended) {
        const rest = JSON.stringify(this.#pending.toString("latin1").slice(0, 200));
        throw new Error(`waiting for ${what}: the client closed${this.#socketError ? ` (${this.#socketError.code})` : ""} after ${rest}`);
      }
      if (Date.now() >= deadline) throw new Error(`waiting for ${what}: nothing within ${timeoutMs} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = null;
    }
  }

  /** The next line without its CRLF. */
  async readLine(what = "a line") {
    const line = await this.#take((octets) => {
      const end = octets.indexOf("\r\n");
      return end === -1 ? null : end + 2;
    }, what);
    const text = line.toString("utf8", 0, line.length - 2);
    this.lines.push(text);
    return text;
  }

  async readBytes(count) {
    return this.#take((octets) => (octets.length >= count ? count : null), `${count} octets`);
  }

  async readData() {
    return this.#take((octets) => {
      if (octets.subarray(0, 3).equals(Buffer.from(".\r\n"))) return 3;
      const end = octets.indexOf("\r\n.\r\n");
      return end === -1 ? null : end + 5;
    }, "the end of the message data");
  }

  async write(octets) {
    if (this.#socket.destroyed) throw new Error("the client is gone, nothing can be sent to it");
    if (!this.#socket.write(octets)) {
      await new Promise((resolve) => {
        this.#socket.once("drain", resolve);
        this.#socket.once("close", resolve);
      });
    }
  }

  async startTls({ cert, key }, options = {}) {
    this.#takeArrived();
    const raw = this.#raw;
    raw.off("data", this.#onData);
    raw.off("end", this.#onEnd);
    // A ClientHello that was read already belongs to the handshake; anything else was plaintext.
    if (this.#pending[0] === 0x16) {
      raw.unshift(this.#pending);
      this.received = this.received.subarray(0, this.received.length - this.#pending.length);
      this.receivedPlain = this.receivedPlain.subarray(0, this.receivedPlain.length - this.#pending.length);
      this.#pending = Buffer.alloc(0);
    }
    this.secure = true;
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: createSecureContext({ cert: readFileSync(cert), key: readFileSync(key), ...options }),
      ...options,
    });
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no TLS handshake within ${STEP_TIMEOUT_MS} ms`)), STEP_TIMEOUT_MS);
      const settle = (act) => (value) => {
        clearTimeout(timer);
        act(value);
      };
      socket.once("secure", settle(resolve));
      socket.once("error", settle(reject));
      socket.once("close", settle(() => reject(new Error("the client closed during the TLS handshake"))));
    });
    this.#attach(socket);
  }

  /** The client's end must be the next thing to arrive. */
  async expectEnd() {
    await this.#take((octets) => (octets.length > 0 || this.ended ? 0 : null), "the client to close");
    if (this.#pending.length > 0) throw new Error(`the client was to close, but sent ${JSON.stringify(this.#pending.toString("latin1").slice(0, 200))}`);
  }

  end() {
    this.#socket.end();
  }

  endAbruptly() {
    this.#raw.end();
    this.#raw.destroySoon();
  }

  reset() {
    this.#raw.resetAndDestroy();
  }

  pause() {
    this.#socket.pause();
  }

  resume() {
    this.#socket.resume();
  }

  /** Takes what has arrived since into `received`. */
  settle() {
    this.#takeArrived();
  }

  destroy() {
    this.#socket.destroy();
    this.#raw.destroy();
  }
}

function matches(line, pattern) {
  return pattern instanceof RegExp ? pattern.test(line) : line.toUpperCase().startsWith(pattern.toUpperCase());
}

function toOctets(what) {
  return Buffer.concat(what.map((part) => (typeof part === "string" ? Buffer.from(`${part}\r\n`) : Buffer.from(part))));
}

/** A linear congruence, so that a failing run can be repeated; CR and LF are left out. */
function garbage(count) {
  const octets = Buffer.alloc(count);
  let state = 12345;
  for (let at = 0; at < count; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const octet = state >>> 24;
    octets[at] = octet === 10 || octet === 13 ? 0xff : octet;
  }
  return octets;
}

const ACTIONS = {
  send: (connection, { what }) => connection.write(toOctets(what)),
  sendGarbage: (connection, { count }) => connection.write(garbage(count)),
  async sendSlowly(connection, { text, delayMs }) {
    for (const octet of Buffer.from(text)) {
      await connection.write(Buffer.from([octet]));
      await sleep(delayMs);
    }
  },
  async expect(connection, { pattern }) {
    const line = await connection.readLine(String(pattern));
    if (!matches(line, pattern)) throw new Error(`expected ${pattern}, got ${JSON.stringify(line)}`);
  },
  async readData(connection) {
    connection.messages.push(await connection.readData());
  },
  async readBytes(connection, { count }) {
    connection.messages.push(await connection.readBytes(count));
  },
  async readChunk(connection) {
    const line = await connection.readLine("BDAT");
    const match = /^BDAT (\d+)( LAST)?$/i.exec(line);
    if (!match) throw new Error(`expected BDAT, got ${JSON.stringify(line)}`);
    connection.messages.push(await connection.readBytes(Number(match[1])));
  },
  async startTls(connection, { certificate, options, mayFail }, server) {
    const leaf = certificate ?? server.certificate;
    if (!leaf) throw new Error("startTls: no certificate was given, neither with the step nor with the server");
    try {
      await connection.startTls(leaf, options);
    } catch (error) {
      if (!mayFail) throw new Error(`TLS handshake: ${error.message}`);
      connection.tlsError = error;
      return "stop";
    }
    return undefined;
  },
  close: (connection) => connection.end(),
  closeAbruptly: (connection) => connection.endAbruptly(),
  reset: (connection) => connection.reset(),
  async stall(connection, { ms }, { stopped }) {
    connection.pause();
    await (ms === undefined ? stopped : Promise.race([stopped, sleep(ms)]));
    connection.resume();
  },
  wait: (connection, { ms }, { stopped }) => Promise.race([stopped, sleep(ms)]),
  expectEnd: (connection) => connection.expectEnd(),
  call: (connection, { run }) => run(connection),
};

/**
 * Starts a scripted server on loopback.
 * @param {object} options
 * @param {object[] | ((index: number) => object[])} options.steps of scripted-steps.mjs, the same for
 *   each connection, or made for the first, second, … (index from 0)
 * @param {"none" | "implicit"} [options.tls] implicit: the handshake comes first (STARTTLS is a step)
 * @param {{cert: string, key: string}} [options.certificate] a leaf of ca.mjs
 * @param {object} [options.tlsOptions] for node:tls, e.g. {maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0"}
 * @param {boolean} [options.tlsMayFail] with implicit TLS: a failed handshake is no error
 * @param {string} [options.host] 127.0.0.1 (default) or ::1
 * @returns {Promise<{port: number, host: string, connections: Connection[],
 *   finished: (count?: number) => Promise<Connection>, stop: () => Promise<void>}>}
 *   `finished(n)` waits until n connections (default 1) have done their scripts and returns the last
 *   of them; it throws if a client did something else than the script says.
 */
export async function startScripted({ steps, tls = "none", certificate, tlsOptions, tlsMayFail = false, host = "127.0.0.1" }) {
  if (tls !== "none" && tls !== "implicit") throw new Error("tls: must be none or implicit (STARTTLS is the step startTls)");
  const connections = [];
  const runs = [];
  const waiting = [];
  let stop;
  const stopped = new Promise((resolve) => {
    stop = resolve;
  });
  const context = { certificate, stopped };

  async function play(connection, script) {
    try {
      for (const step of script) {
        const action = ACTIONS[step.do];
        if (!action) throw new Error(`there is no step ${JSON.stringify(step.do)}`);
        if ((await action(connection, step, context)) === "stop") break;
      }
    } catch (error) {
      connection.error = error;
      connection.destroy();
    }
    connection.settle();
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Connection(socket);
    const index = connections.push(connection) - 1;
    const script = (typeof steps === "function" ? steps(index) : steps).flat();
    if (tls === "implicit") script.unshift({ do: "startTls", options: tlsOptions, mayFail: tlsMayFail });
    runs.push(play(connection, script));
    for (const notify of waiting.splice(0)) notify();
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });

  return {
    host,
    port: server.address().port,
    connections,
    async finished(count = 1) {
      const deadline = sleep(STEP_TIMEOUT_MS, "late", { ref: false });
      while (runs.length < count) {
        const news = new Promise((resolve) => waiting.push(resolve));
        if ((await Promise.race([news, deadline])) === "late") throw new Error(`${runs.length} of ${count} connections came within ${STEP_TIMEOUT_MS} ms`);
      }
      await Promise.all(runs.slice(0, count));
      const failed = connections.slice(0, count).find(({ error }) => error);
      if (failed) throw failed.error;
      return connections[count - 1];
    },
    async stop() {
      stop();
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { runScript } = await import("./scripted-command.mjs");
  await runScript(process.argv.slice(2), { startScripted });
}
