// Access tokens for XOAUTH2 and OAUTHBEARER: JSON web tokens signed with HS256, which Dovecot checks
// by itself with the same key.

import { createHmac } from "node:crypto";

export const TOKEN_KEY = "wasm-smtp-test-hmac-key-0123456789abcdef";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * @param {string} user the token's subject
 * @param {{lifetimeSeconds?: number, key?: string}} [options] a negative lifetime makes an expired
 *   token, another key one with a bad signature
 */
export function makeToken(user, { lifetimeSeconds = 24 * 3600, key = TOKEN_KEY } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const issued = now - 10 + Math.min(0, lifetimeSeconds) * 2;
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({
    sub: user, iat: issued, nbf: issued, exp: now + lifetimeSeconds, iss: "wasm-smtp-test", aud: "wasm-smtp-test",
  })}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}
