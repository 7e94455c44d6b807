// What send() takes as a message: text or octets at once, or a stream of them.

import { SmtpError, inputError } from "./error.mjs";

const encoder = new TextEncoder();

function octets(piece) {
  if (typeof piece === "string") return encoder.encode(piece);
  if (piece instanceof Uint8Array) return piece;
  throw inputError("message", "must be a string, a Uint8Array, an iterable of them or a ReadableStream");
}

/**
 * Returns {pieces} for a message that is there as a whole, else {next, cancel}: `next` gives octets,
 * or null at the end; `cancel` tells the source that nobody reads on.
 */
export function openMessage(message) {
  if (Array.isArray(message)) return { pieces: message.map(octets) };
  let iterator = message?.getReader;
  if (iterator) {
    if (message.locked) throw inputError("message", "is a stream that something else reads");
    const reader = message.getReader();
    iterator = { next: () => reader.read(), return: () => reader.cancel() };
  } else {
    iterator = typeof message === "object" && (message?.[Symbol.asyncIterator] ?? (!(message instanceof Uint8Array) && message?.[Symbol.iterator]));
    if (!iterator) return { pieces: [octets(message)] };
    iterator = iterator.call(message);
  }
  return {
    async next() {
      let result;
      try {
        result = await iterator.next();
      } catch (error) {
        throw new SmtpError("the source of the message failed", { kind: "input", reason: "message-source", field: "message" }, error);
      }
      return result.done ? null : octets(result.value);
    },
    // By now the send is decided; a source that cannot be cancelled changes nothing.
    async cancel() {
      try {
        await iterator.return?.();
      } catch {}
    },
  };
}
