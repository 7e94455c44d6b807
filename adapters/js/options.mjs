// Checks of what callers pass: every option known and of the right type, before anything is done.

import { inputError } from "./error.mjs";
import { PHASES } from "./tokens.mjs";

/** "name:type …": a type is what typeof says, a class, or a value that is allowed; several with "|". */
const table = (text) => Object.fromEntries(text.split(" ").map((entry) => entry.split(":")));

const CONNECT = table("hostname:string port:number tls:implicit|starttls|none serverName:string ehloName:string ca:string|Array auth:object allowPlaintextAuth:boolean protocol:smtp|lmtp pipelining:boolean chunking:boolean eagerOctets:number overlap:number lenientReplies:boolean timeouts:object signal:AbortSignal policy:function onEvent:function trace:function");
const TIMEOUTS = table(PHASES.join(":number ") + ":number");
const AUTH = table("user:string pass:string accessToken:string|function keys:object authzid:string mechanism:string iterationsMin:number iterationsMax:number");
export const SEND = table("from:any to:any message:any size:number smtputf8:boolean allOrNothing:boolean newlines:refuse|crlf longLines:refuse|pass signal:AbortSignal");

function fits(value, type) {
  // Sizes, ports and milliseconds: none is negative; Infinity stands for no limit of time.
  if (typeof value === "number") return type === "number" && value >= 0 && (value % 1 === 0 || value === Infinity);
  return type === "any" || value === undefined || type.split("|").some((one) => one === typeof value || one === value || (globalThis[one] && value instanceof globalThis[one]));
}

function check(options, types, required, prefix = "") {
  for (const name in options) {
    if (!Object.hasOwn(types, name)) throw inputError(prefix + name, "is not a known option", "option-unknown");
    if (!fits(options[name], types[name])) throw inputError(prefix + name, `must be ${types[name].replaceAll("|", " or ")}`);
  }
  for (const name of required) {
    if (options?.[name] === undefined) throw inputError(prefix + name, "is missing");
  }
}

export function checkConnect(options) {
  check(options, CONNECT, ["hostname"]);
  check(options.timeouts, TIMEOUTS, [], "timeouts.");
  if (options.port === 0 || options.port > 65535) throw inputError("port", "must be from 1 to 65535");
}

/** Checks credentials as far as they do not depend on the server. */
export function checkAuth(auth, mechanisms) {
  check(auth, AUTH, ["user"], "auth.");
  if ((auth.pass === undefined) === (auth.accessToken === undefined)) throw inputError("auth", "needs either pass or accessToken");
  if (auth.keys && !["get", "set", "delete"].every((name) => auth.keys[name]?.call)) throw inputError("auth.keys", "needs get, set and delete");
  if (auth.mechanism && !mechanisms.includes(auth.mechanism.toUpperCase())) throw inputError("auth.mechanism", "is not a known mechanism");
}

/** Returns the options of a send() with `from` and `to` as text and list, not yet checked as addresses. */
export function checkSend(options) {
  check(options, SEND, ["from", "to", "message"]);
  const from = options.from ?? "";
  const to = [options.to].flat();
  if (!to.length) throw inputError("to", "needs at least one recipient", "no-recipients");
  if (typeof from !== "string") throw inputError("from", "must be a string or null");
  to.forEach((address, index) => {
    if (typeof address !== "string") throw inputError("to", "must be a string", undefined, index);
  });
  return { ...options, from, to };
}
