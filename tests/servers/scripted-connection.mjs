// One connection of a scripted server: reads lines and octets, upgrades to TLS, ends in every way
// there is, and records what it received.

import { readFileSync } from "node:fs";
import { createSecureContext, TLSSocket } from "node:tls";

/** The longest that a step waits for the client. */
export const STEP_TIMEOUT_MS = 15000;

export class Connection {
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
