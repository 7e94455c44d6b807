// Cloudflare Workers (workerd): sockets of cloudflare:sockets. Needs no compatibility flag.

import { connect as openSocket } from "cloudflare:sockets";
import engine from "../engine.wasm";
import { SmtpError, boundedPolicy, connect as openClient, sendMail as sendOne } from "../client.mjs";

/** How long closing may take, ms: workerd can leave the promise of close() pending for ever. */
const CLOSING = 1000;

/** workerd does not say why a handshake failed, and an older one not even that it did. */
const tlsFailure = (cause) =>
  Object.assign(new Error("certificate, host name or TLS mode may be wrong", { cause }), { reason: "tls-failed" });

function wrap(socket, tlsOptions, afterTls) {
  let heard = !afterTls;
  const reader = socket.readable.getReader();
  const writer = socket.writable.getWriter();
  const ignore = () => {};
  // Rejections that nobody waits for; read and write report the same failure.
  for (const promise of [socket.closed, reader.closed, writer.closed]) promise.catch(ignore);
  return {
    async read() {
      const { done, value } = await reader.read();
      if (done && !heard) throw tlsFailure();
      heard = true;
      return done ? null : value;
    },
    write: (bytes) => writer.write(bytes),
    async startTls() {
      reader.releaseLock();
      writer.releaseLock();
      const upgraded = socket.startTls(tlsOptions);
      await upgraded.opened.catch((error) => {
        throw tlsFailure(error);
      });
      return wrap(upgraded, undefined, true);
    },
    close() {
      // Without the abort, close() would wait for writes that the peer never reads.
      const closing = writer.abort().catch(ignore).then(() => socket.close()).catch(ignore);
      return Promise.race([closing, new Promise((resolve) => setTimeout(resolve, CLOSING))]);
    },
  };
}

export const host = {
  /** WebCrypto of Cloudflare's network refuses more PBKDF2 iterations. */
  maxIterations: 100000,
  module: () => engine,
  explain: (error) => error?.reason,
  async open({ hostname, port, tls, serverName, ca, signal }) {
    if (ca !== undefined) {
      throw new SmtpError("ca is not available on this host: workerd verifies with its own roots", { kind: "unsupported", reason: "ca-unavailable", field: "ca" });
    }
    // "starttls" for implicit TLS, too: so it can be told whether the connection or TLS failed.
    const socket = openSocket({ hostname, port }, { secureTransport: tls === "none" ? "off" : "starttls", allowHalfOpen: false });
    socket.closed.catch(() => {});
    signal.addEventListener("abort", () => socket.close().catch(() => {}));
    await socket.opened;
    return wrap(socket, serverName === hostname ? {} : { expectedServerHostname: serverName });
  },
};

export const connect = (options) => openClient(host, options);
export const connectSmtps = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "implicit" });
export const connectSmtpStarttls = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "starttls" });
export const sendMail = (options) => sendOne(host, options);
export { SmtpError, boundedPolicy };
