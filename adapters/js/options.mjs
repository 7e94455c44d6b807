// Checks of what callers pass: every option known, of the right type, before anything is done.

import { inputError } from "./error.mjs";
import { PHASES } from "./tokens.mjs";

const TESTS = {
  "a string": (value) => typeof value === "string",
  "a string that is not empty": (value) => typeof value === "string" && value !== "",
  "true or false": (value) => typeof value === "boolean",
  "a function": (value) => typeof value === "function",
  "an object": (value) => typeof value === "object" && value !== null,
  "an AbortSignal": (value) => typeof value?.addEventListener === "function" && typeof value.aborted === "boolean",
  "a port from 1 to 65535": (value) => Number.isInteger(value) && value > 0 && value < 65536,
  "a whole number": (value) => Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32,
  "a number of octets": (value) => Number.isSafeInteger(value) && value >= 0,
  "milliseconds up to 2147483647, or Infinity": (value) => value === Infinity || (typeof value === "number" && value > 0 && value < 2 ** 31),
  "PEM text or an array of it": (value) => [value].flat().every((pem) => typeof pem === "string" && pem.includes("-----BEGIN ")),
};

const ONE_OF = "one of ";

const passes = (rule, value) =>
  rule.startsWith(ONE_OF) ? rule.slice(ONE_OF.length).split(", ").includes(value) : TESTS[rule](value);

/** Checks `options` against {name: rule}; `prefix` names the option that holds them. */
export function checkOptions(options, rules, prefix = "") {
  if (!TESTS["an object"](options)) throw inputError(prefix.slice(0, -1) || "options", "must be an object");
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) throw inputError(prefix + name, "is not a known option", undefined, "option-unknown");
    if (value !== undefined && !passes(rules[name], value)) throw inputError(prefix + name, `must be ${rules[name]}`);
  }
}

export const CONNECT = {
  hostname: "a string that is not empty",
  port: "a port from 1 to 65535",
  tls: "one of implicit, starttls, none",
  serverName: "a string that is not empty",
  ehloName: "a string",
  ca: "PEM text or an array of it",
  auth: "an object",
  allowPlaintextAuth: "true or false",
  pipelining: "true or false",
  lenientReplies: "true or false",
  timeouts: "an object",
  signal: "an AbortSignal",
  policy: "a function",
  onEvent: "a function",
  trace: "a function",
};

export const TIMEOUTS = Object.fromEntries(PHASES.map((phase) => [phase, "milliseconds up to 2147483647, or Infinity"]));

const AUTH = {
  user: "a string",
  pass: "a string",
  accessToken: "a string",
  authzid: "a string",
  mechanism: "a string",
  iterationsMin: "a whole number",
  iterationsMax: "a whole number",
};

export const SEND = {
  to: "an object",
  from: "a string",
  message: "an object",
  smtputf8: "true or false",
  allOrNothing: "true or false",
  newlines: "one of refuse, crlf",
  longLines: "one of refuse, pass",
  size: "a number of octets",
  signal: "an AbortSignal",
};

/** Checks credentials as far as they do not depend on the server. */
export function checkAuth(auth, session) {
  checkOptions(auth, AUTH, "auth.");
  if (auth.user === undefined) throw inputError("auth.user", "is missing");
  if ((auth.pass === undefined) === (auth.accessToken === undefined)) {
    throw inputError("auth", "needs either pass or accessToken");
  }
  if (auth.mechanism !== undefined && !session.knowsMechanism(auth.mechanism)) {
    throw inputError("auth.mechanism", "is not a known mechanism");
  }
}

/** Returns the envelope of a send() as {from, to}: strings, not yet checked as addresses. */
export function checkSend(options) {
  checkOptions({ ...options, from: options?.from ?? undefined, to: undefined, message: undefined }, SEND);
  for (const name of ["from", "to", "message"]) {
    if (options[name] === undefined) throw inputError(name, name === "from" ? 'is missing ("" or null is the null reverse-path)' : "is missing");
  }
  const to = [options.to].flat();
  if (!to.length) throw inputError("to", "needs at least one recipient", undefined, "no-recipients");
  to.forEach((address, index) => {
    if (typeof address !== "string") throw inputError("to", "must be a string", index);
  });
  return { from: options.from ?? "", to };
}
