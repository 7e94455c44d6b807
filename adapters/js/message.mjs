// What send() takes as a message: text or octets at once, or a stream of them.

import { SmtpError, inputError } from "./error.mjs";

const encoder = new TextEncoder();

function octets(piece) {
  if (typeof piece === "string") return encoder.encode(piece);
  if (piece instanceof Uint8Array) return piece;
  throw inputError("message", "must be a string, a Uint8Array, or an iterable or a stream of them that nobody else reads");
}

export const sourceError = (error) => (error instanceof SmtpError ? error : new SmtpError("the source of the message failed", { kind: "input", reason: "message-source", field: "message" }, error));

/**
 * Returns {pieces} for a message that is there as a whole, else {next, cancel}: `next` gives octets,
 * or null at the end; `cancel` tells the source that nobody reads on. Of a function {open}, which
 * gives the latter, anew at each call.
 */
export function openMessage(message, streamed) {
  if (typeof message === "function") return { open: () => openMessage(message(), true) };
  if (Array.isArray(message) && !streamed) return { pieces: message.map(octets) };
  let iterator;
  try {
    // A stream that is locked throws.
    if (typeof message === "object") iterator = (message[Symbol.asyncIterator] ?? (message.buffer ? undefined : message[Symbol.iterator]))?.call(message);
  } catch {}
  if (!iterator) return streamed ? openMessage([message], true) : { pieces: [octets(message)] };
  return {
    async next() {
      const { done, value } = await Promise.resolve()
        .then(() => iterator.next())
        .catch((error) => {
          throw sourceError(error);
        });
      return done ? null : octets(value);
    },
    // By now the send is decided; a source that cannot be cancelled changes nothing. The iterator of a
    // Node.js stream leaves it open if nothing was read, and waits for a piece that is asked for.
    async cancel() {
      try {
        message.destroy?.();
        await iterator.return?.();
      } catch {}
    },
  };
}
