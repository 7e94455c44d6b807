// Where no runtime with TCP sockets was recognized (a browser, a bundler without conditions): every
// call says so. wasm-smtp/client takes sockets of the caller's own.

import { SmtpError, boundedPolicy, connect as openClient, sendMail as sendOne } from "../client.mjs";

export const host = {
  module() {
    throw new SmtpError("wasm-smtp has no sockets here: it runs on workerd, node, deno and bun (conditions of package exports), or over own sockets with wasm-smtp/client", {
      kind: "unsupported",
      reason: "no-sockets",
    });
  },
};

export const connect = (options) => openClient(host, options);
export const connectSmtps = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "implicit" });
export const connectSmtpStarttls = (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "starttls" });
export const sendMail = (options) => sendOne(host, options);
export { SmtpError, boundedPolicy };
