// What send() takes as a message: text or octets at once, or a stream of them.

import { SmtpError, inputError } from "./error.mjs";

const encoder = new TextEncoder();

function octets(piece) {
  if (typeof piece === "string") return encoder.encode(piece);
  if (piece instanceof Uint8Array) return piece;
  throw inputError("message", "must consist of strings or Uint8Arrays");
}

/**
 * Returns {pieces} for a message that is there as a whole, else {next, cancel}: `next` gives octets,
 * or null at the end; `cancel` tells the source that nobody reads on.
 */
export function openMessage(message) {
  if (typeof message === "string" || message instanceof Uint8Array) return { pieces: [octets(message)] };
  if (Array.isArray(message)) return { pieces: message.map(octets) };
  let read;
  let cancel;
  if (typeof message?.getReader === "function") {
    if (message.locked) throw inputError("message", "is a stream that something else reads");
    const reader = message.getReader();
    read = () => reader.read();
    cancel = (reason) => reader.cancel(reason);
  } else {
    const iterator = (message?.[Symbol.asyncIterator] ?? message?.[Symbol.iterator])?.call(message);
    if (!iterator) throw inputError("message", "must be a string, a Uint8Array, an array or an iterable of them, or a ReadableStream");
    read = async () => iterator.next();
    cancel = async () => iterator.return?.();
  }
  return {
    async next() {
      let result;
      try {
        result = await read();
      } catch (error) {
        throw new SmtpError("the source of the message failed", { kind: "input", reason: "message-source", field: "message" }, error);
      }
      return result.done ? null : octets(result.value);
    },
    // The outcome of the send is decided already; a source that cannot be cancelled changes nothing.
    cancel: (reason) => void cancel(reason).catch(() => {}),
  };
}
