// Node.js: sockets of node:net, TLS of node:tls. Bun runs this, too.

import { readFile } from "node:fs/promises";
import { connect as openTcp, isIP } from "node:net";
import { connect as openTls } from "node:tls";
import { SmtpError, boundedPolicy, connect as openClient, sendMail as sendOne } from "../client.mjs";

const REASONS = {
  ECONNREFUSED: "connection-refused",
  ECONNRESET: "connection-reset",
  EPIPE: "connection-reset",
  ENOTFOUND: "host-not-found",
  EAI_AGAIN: "host-not-found",
  EHOSTUNREACH: "host-unreachable",
  ENETUNREACH: "host-unreachable",
  ETIMEDOUT: "timeout",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate-name",
  ERR_SSL_WRONG_VERSION_NUMBER: "tls-mode-mismatch",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "tls-mode-mismatch",
};

/** Codes by which OpenSSL's verification says that it does not trust a certificate. */
const CERTIFICATE = /CERT|CRL|SIGNATURE|ISSUER|CA_|TRUST/;

function explain(error) {
  const code = String(error?.code);
  return REASONS[code] ?? (!code.startsWith("ERR_") && CERTIFICATE.test(code) ? "certificate-invalid" : undefined);
}

/** Settles when the stream emits `event`; rejects with the error that comes instead. */
function happens(stream, event, signal) {
  return new Promise((resolve, reject) => {
    const abort = () => stream.destroy();
    signal?.addEventListener("abort", abort);
    const settle = (how) => (value) => {
      signal?.removeEventListener("abort", abort);
      how(value);
    };
    stream.once(event, settle(resolve));
    stream.once("error", settle(reject));
    stream.once("close", settle(() => reject(new Error("the connection was closed"))));
  });
}

function wrap(stream, { serverName, ca }) {
  let failure;
  let wake = () => {};
  const notify = () => wake();
  const fail = (error) => {
    failure ??= error;
    wake();
  };
  const listeners = { readable: notify, end: notify, close: notify, error: fail };
  for (const [event, listener] of Object.entries(listeners)) stream.on(event, listener);
  return {
    async read() {
      for (;;) {
        const bytes = stream.read();
        if (bytes) return bytes;
        if (failure) throw failure;
        if (stream.readableEnded || stream.destroyed) return null;
        await new Promise((resolve) => (wake = resolve));
      }
    },
    write: (bytes) => new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve()))),
    async startTls() {
      if (stream.readableLength) {
        throw new SmtpError("the server sent data between its STARTTLS reply and TLS", { kind: "protocol", reason: "starttls-residue" });
      }
      stream.off("readable", notify);
      const name = isIP(serverName) ? undefined : serverName;
      const secure = openTls({ socket: stream, host: serverName, servername: name, ca, minVersion: "TLSv1.2" });
      await happens(secure, "secureConnect");
      return wrap(secure, {});
    },
    async close() {
      stream.destroy();
    },
  };
}

let compiled;

async function compile() {
  return WebAssembly.compile(await readFile(new URL("../engine.wasm", import.meta.url)));
}

export const host = {
  explain,
  module: async () => (compiled ??= await compile()),
  async open({ hostname, port, serverName, ca, signal }) {
    const stream = openTcp({ host: hostname, port, noDelay: true });
    await happens(stream, "connect", signal);
    return wrap(stream, { serverName, ca });
  },
};

export const connect = (options) => openClient(host, options);
export const connectSmtps = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "implicit" });
export const connectSmtpStarttls = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "starttls" });
export const sendMail = (options) => sendOne(host, options);
export { SmtpError, boundedPolicy };
