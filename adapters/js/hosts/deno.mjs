// Deno: needs --allow-net, and --allow-read for the engine beside this file.

import { SmtpError, boundedPolicy, connect as openClient, sendMail as sendOne } from "../client.mjs";

const REASONS = {
  ConnectionRefused: "connection-refused",
  ConnectionReset: "connection-reset",
  ConnectionAborted: "connection-reset",
  BrokenPipe: "connection-reset",
  HostUnreachable: "host-unreachable",
  NetworkUnreachable: "host-unreachable",
  TimedOut: "timeout",
};

/** Deno tells failures of names and certificates apart by text only. */
const TEXTS = [
  [/NotValidForName|not valid for name/, "certificate-name"],
  [/certificate/i, "certificate-invalid"],
  [/InvalidContentType|corrupt message|InvalidMessage/i, "tls-mode-mismatch"],
  [/failed to lookup address/i, "host-not-found"],
];

function explain(error) {
  return REASONS[error?.name] ?? TEXTS.find(([text]) => text.test(error?.message))?.[1];
}

const CHUNK = 16384;

function wrap(connection, { serverName, ca } = {}) {
  return {
    async read() {
      const chunk = new Uint8Array(CHUNK);
      const length = await connection.read(chunk);
      return length === null ? null : chunk.subarray(0, length);
    },
    async write(bytes) {
      for (let sent = 0; sent < bytes.length; ) sent += await connection.write(bytes.subarray(sent));
    },
    async startTls() {
      // From here on it is this one that close() must close, also during the handshake.
      connection = await Deno.startTls(connection, { hostname: serverName, caCerts: ca && [ca].flat() });
      await connection.handshake();
      return wrap(connection);
    },
    async close() {
      try {
        connection.close();
      } catch {
        // The resource is gone already.
      }
    },
  };
}

let compiled;

async function compile() {
  const url = new URL("../engine.wasm", import.meta.url);
  return WebAssembly.compile(url.protocol === "file:" ? await Deno.readFile(url) : await (await fetch(url)).arrayBuffer());
}

export const host = {
  explain,
  module: async () => (compiled ??= await compile()),
  async open({ hostname, port, serverName, ca, signal }) {
    const connection = await Deno.connect({ hostname, port, signal });
    connection.setNoDelay(true);
    return wrap(connection, { serverName, ca });
  },
};

export const connect = (options) => openClient(host, options);
export const connectSmtps = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "implicit" });
export const connectSmtpStarttls = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "starttls" });
export const sendMail = (options) => sendOne(host, options);
export { SmtpError, boundedPolicy };
