// Checks of what callers pass: every option known and of the right type, before anything is done.

import { inputError } from "./error.mjs";
import { isAscii, toAscii } from "./idna.mjs";
import { KEYWORDS, PHASES } from "./tokens.mjs";

/** "name:type …": a type is what typeof says, a class, or a value that is allowed; several with "|"; without one it is checked elsewhere. */
const table = (text) => Object.fromEntries(text.split(" ").map((entry) => entry.split(":")));

const CONNECT = table("hostname:string port:number tls:implicit|starttls|none serverName:string ehloName:string ca:string|Array auth:object allowPlaintextAuth:boolean protocol:smtp|lmtp pipelining:boolean chunking:boolean eagerOctets:number overlap:number early:boolean expected:object lenientReplies:boolean timeouts:object signal:AbortSignal policy:function onEvent:function trace:function");
const AUTH = table("user:string pass:string accessToken:string|function keys:object authzid:string mechanism:string iterationsMin:number iterationsMax:number");
export const SEND = table("from to message size:number smtputf8:boolean allOrNothing:boolean newlines:refuse|crlf longLines:refuse|pass binary:boolean dsn:object deliverBy:object hold:object priority requireTls:boolean submitter perRecipientReplies:boolean optional signal:AbortSignal");
const RECIPIENT = table("address:string notify originalRecipient:string");
/** Options of options. The engine knows the rules of what has no type here. */
const PARTS = {
  timeouts: table(PHASES.join(":number ") + ":number"),
  dsn: table("return:full|headers envelopeId:string notify originalRecipient:string"),
  deliverBy: table("seconds mode:return|notify trace:boolean"),
  hold: table("seconds:number until:Date"),
};

/** Where the keywords of RCPT begin, and those of XCLIENT. */
const OF_RCPT = 9;
const OF_XCLIENT = 11;
const ATTRIBUTES = KEYWORDS.slice(OF_XCLIENT);

/** What optional can name: the option that each keyword belongs to, or the attribute. */
const NAMES = KEYWORDS.map((keyword) => keyword.split(".")[0]);

function fits(value, type) {
  // Sizes, ports and milliseconds: none is negative; Infinity stands for no limit of time.
  if (typeof value === "number" && type) return type === "number" && value >= 0 && (value % 1 === 0 || value === Infinity);
  return !type || value === undefined || type.split("|").some((one) => one === typeof value || one === value || (globalThis[one] && value instanceof globalThis[one]));
}

function check(options, types, required, prefix = "") {
  for (const name in options) {
    if (!Object.hasOwn(types, name)) throw inputError(prefix + name, "is not a known option", "option-unknown");
    if (!fits(options[name], types[name])) throw inputError(prefix + name, `must be ${types[name].replaceAll("|", " or ")}`);
    if (PARTS[name]) check(options[name], PARTS[name], [], `${name}.`);
  }
  for (const name of required) {
    if (options?.[name] === undefined) throw inputError(prefix + name, "is missing");
  }
}

/** The engine's parameters of values in the order of its keywords from `first` on: [keyword, optional, value]. */
function parameters(values, first, optional) {
  return values.flatMap((value, index) => (value === undefined || value === false ? [] : [[first + index, optional.includes(NAMES[first + index]), `${value}`]]));
}

/** Which of `names` are optional. */
function checkOptional(optional, names) {
  if (optional === true) return names;
  const chosen = [optional || []].flat();
  if (chosen.some((name) => !names.includes(name))) throw inputError("optional", `must be true, or some of ${[...new Set(names)].join(", ")}`);
  return chosen;
}

export function checkConnect(options) {
  check(options, CONNECT, ["hostname"]);
  for (const name of ["hostname", "serverName"]) {
    // A host would take it for a name of its own choice, such as this machine's.
    if (options[name] === "") throw inputError(name, "is empty");
  }
  if (options.port === 0 || options.port > 65535) throw inputError("port", "must be from 1 to 65535");
}

/** Checks credentials as far as they do not depend on the server. */
export function checkAuth(auth, mechanisms) {
  // These two say no more than who somebody is.
  const named = /^(EXTERNAL|ANONYMOUS)$/i.test(auth?.mechanism);
  check(auth, AUTH, named ? [] : ["user"], "auth.");
  if (!named && (auth.pass === undefined) === (auth.accessToken === undefined)) throw inputError("auth", "needs either pass or accessToken");
  if (auth.keys && !["get", "set", "delete"].every((name) => auth.keys[name]?.call)) throw inputError("auth.keys", "needs get, set and delete");
  if (auth.mechanism && !mechanisms.includes(auth.mechanism.toUpperCase())) throw inputError("auth.mechanism", "is not a known mechanism");
}

/** What an original recipient is to the engine: with its type. */
const typed = (address) => address && (/^[\w-]+;/.test(address) ? address : (isAscii(address) ? "rfc822;" : "utf-8;") + address);

/**
 * Returns the options of a send() with `from` and `to` as text and list, not yet checked as addresses,
 * and with the parameters of MAIL and RCPT.
 */
export function checkSend(options) {
  check(options, SEND, ["from", "to", "message"]);
  if (options.size > Number.MAX_SAFE_INTEGER) throw inputError("size", "must be a number of octets");
  const { dsn, deliverBy, hold, priority, requireTls, submitter, perRecipientReplies } = options;
  const optional = checkOptional(options.optional, NAMES.slice(0, OF_XCLIENT));
  const from = options.from ?? "";
  if (typeof from !== "string") throw inputError("from", "must be a string or null");
  const recipients = [options.to].flat().map((recipient, index) => {
    const address = recipient?.address ?? recipient;
    if (typeof address !== "string") throw inputError("to", "must be a string, or an object with address", undefined, index);
    if (address === recipient) return { address };
    check(recipient, RECIPIENT, [], `to[${index}].`);
    return recipient;
  });
  if (!recipients.length) throw inputError("to", "needs at least one recipient", "no-recipients");
  const ofMail = [
    dsn?.return && (dsn.return === "full" ? "FULL" : "HDRS"),
    dsn?.envelopeId,
    deliverBy && `${deliverBy.seconds};${deliverBy.mode === "notify" ? "N" : "R"}${deliverBy.trace ? "T" : ""}`,
    hold?.seconds,
    hold?.until && `${hold.until.toJSON()}`.replace(/\.\d+/, ""),
    priority,
    requireTls && "",
    submitter === undefined ? submitter : submitter ? toAscii(`${submitter}`, "submitter") : "<>",
    perRecipientReplies && "",
  ];
  return {
    ...options,
    from,
    to: recipients.map(({ address }) => address),
    parameters: [
      parameters(ofMail, 0, optional),
      ...recipients.map(({ notify = dsn?.notify, originalRecipient = dsn?.originalRecipient }) => parameters([notify && [notify].flat().join().toUpperCase(), typed(originalRecipient)], OF_RCPT, optional)),
    ],
  };
}

/** The engine's parameters of XCLIENT; null is an attribute that is known not to be there. */
export function checkXclient(attributes, optional) {
  check(attributes, table(ATTRIBUTES.join(" ")), []);
  if (!ATTRIBUTES.some((name) => attributes?.[name] !== undefined)) throw inputError("attributes", `needs some of ${ATTRIBUTES.join(", ")}`);
  return parameters(ATTRIBUTES.map((name) => (attributes[name] === null ? "[UNAVAILABLE]" : attributes[name])), OF_XCLIENT, checkOptional(optional, ATTRIBUTES));
}
