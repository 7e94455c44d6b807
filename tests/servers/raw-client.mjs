// A client without any knowledge of SMTP but how a reply ends: tests of the servers themselves speak
// the protocol by hand with it.

import { connect } from "node:net";
import { readFileSync } from "node:fs";
import { connect as tlsConnect } from "node:tls";

const TIMEOUT_MS = 20000;

export class RawClient {
  #socket;
  #pending = Buffer.alloc(0);
  #wake = () => {};
  #ended = false;
  #error = null;

  /** Connects to {host, port} or {path}; with `tls` ({ca, servername}) the handshake comes first. */
  static async open({ host = "127.0.0.1", port, path, tls }) {
    const client = new RawClient();
    const socket = path ? connect({ path }) : connect({ host, port, noDelay: true });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    client.#attach(socket);
    if (tls) await client.startTls(tls);
    return client;
  }

  #attach(socket) {
    this.#socket = socket;
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd).on("close", this.#onEnd);
    socket.on("error", (error) => {
      this.#error = error;
      this.#onEnd();
    });
  }

  #onData = (chunk) => {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    this.#wake();
  };

  #onEnd = () => {
    this.#ended = true;
    this.#wake();
  };

  async #until(done, what) {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const result = done();
      if (result !== undefined) return result;
      if (this.#ended) throw new Error(`waiting for ${what}: closed by the server${this.#error ? ` (${this.#error.code})` : ""}`);
      if (Date.now() >= deadline) throw new Error(`waiting for ${what}: nothing within ${TIMEOUT_MS} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  write(octets) {
    this.#socket.write(octets);
  }

  /** One whole reply as text, its lines joined with LF and without the code's repetition undone. */
  async reply() {
    const lines = await this.#until(() => {
      const complete = this.#pending.toString("latin1").split("\r\n").slice(0, -1);
      const last = complete.findIndex((line) => /^\d{3}( |$)/.test(line));
      return last === -1 ? undefined : complete.slice(0, last + 1);
    }, "a reply");
    const length = lines.reduce((sum, line) => sum + line.length + 2, 0);
    const text = this.#pending.toString("utf8", 0, length).trimEnd().replaceAll("\r\n", "\n");
    this.#pending = this.#pending.subarray(length);
    return text;
  }

  /** Sends a command line (or several) and returns the reply to the first. */
  async command(...lines) {
    this.write(lines.map((line) => `${line}\r\n`).join(""));
    return this.reply();
  }

  /** Everything up to the server's close. */
  async rest() {
    await this.#until(() => (this.#ended ? true : undefined), "the end");
    return this.#pending.toString("latin1");
  }

  async startTls({ ca, servername = "localhost", ...options }) {
    const raw = this.#socket;
    raw.off("data", this.#onData).off("end", this.#onEnd).off("close", this.#onEnd);
    const socket = tlsConnect({ socket: raw, ca: ca && readFileSync(ca), servername, ...options });
    await new Promise((resolve, reject) => {
      socket.once("secureConnect", resolve).once("error", reject);
      socket.once("close", () => reject(new Error("closed during the TLS handshake")));
    });
    this.#attach(socket);
    return socket;
  }

  close() {
    this.#socket.destroy();
  }
}
