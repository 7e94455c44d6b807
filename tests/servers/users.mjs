// The accounts that every server knows. `odd` is what a mechanism must quote (commas, equals signs
// and UTF-8); servers that can hold it say so in their `users`.

import { makeToken } from "./tokens.mjs";

export const ALICE = { user: "alice", pass: "secret" };

export const USERS = [
  ALICE,
  { user: "we,ird=user", pass: "p\u00e4ssword" },
  { user: "j\u00fcrgen", pass: "snow \u2603 man, =2C" },
];

/** Tokens for XOAUTH2 and OAUTHBEARER, all for alice. */
export function makeTokens() {
  return {
    valid: makeToken(ALICE.user),
    expired: makeToken(ALICE.user, { lifetimeSeconds: -3600 }),
    forged: makeToken(ALICE.user, { key: "not the key that the server knows" }),
  };
}
