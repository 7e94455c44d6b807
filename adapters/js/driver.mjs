// The one file that touches the engine's linear memory: a synchronous session over one WebAssembly
// instance. Nothing here waits, reads a clock or opens a socket; client.mjs does.

import { SmtpError } from "./error.mjs";
import { CAPABILITIES, FIELDS, KINDS, PHASES, REASONS, STATUSES, TLS_MODES } from "./tokens.mjs";

const CAN_READ = 1;
const CAN_WRITE = 2;
const CAN_BODY = 4;
const PAGE = 65536;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An RFC 3463 code from three times ten bits; null if there was none. */
const enhancedCode = (packed) => (packed ? `${packed >> 20}.${(packed >> 10) & 1023}.${packed & 1023}` : null);

/**
 * Starts a session in a new instance of `module`. Throws SmtpError (kind input) if the EHLO name or
 * a setting breaks a rule.
 */
export function openSession(module, { ehloName, tls, lenientReplies, pipelining = true, timeouts }) {
  const wasm = new WebAssembly.Instance(module).exports;
  const view = wasm.setup();
  const octets = (at, length) => new Uint8Array(wasm.memory.buffer, at, length);
  const slots = () => new Uint32Array(wasm.memory.buffer, view, 16);
  const textAt = (at, length) => decoder.decode(octets(at, length));
  /** Static texts of the engine: sentences of reasons, names of steps, names of mechanisms. */
  const nameOf = (list, number) => textAt(wasm.text(list, number), slots()[0]);
  const [start, staging, stagingSize, transactionSize, recipientSize] = slots();

  // The caller's own data lies above the engine's, one operation's at a time; only it makes the
  // memory grow.
  let heap = start;
  let top = start;

  /** Room aligned for any struct. */
  function reserve(length) {
    const at = (top + 7) & -8;
    top = at + length;
    const missing = top - wasm.memory.buffer.byteLength;
    if (missing > 0) wasm.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  /** Puts `room` octets and behind them texts, each as its length and its octets. */
  function putTexts(room, texts) {
    top = heap;
    const parts = texts.map((text) => (text?.subarray ? text : encoder.encode(text)));
    const at = reserve(parts.reduce((sum, part) => sum + 4 + part.length, room));
    let offset = at + room;
    for (const part of parts) {
      new DataView(wasm.memory.buffer).setUint32(offset, part.length, true);
      octets(offset + 4, part.length).set(part);
      offset += 4 + part.length;
    }
    return at;
  }

  /** The error of the last event, or that of the last call. */
  function makeError(ofEvent) {
    wasm.error(ofEvent);
    const [reason, kind, step, field, index, retryable, inDoubt, code, packed, text, length, detail, detailLength] = slots();
    const fields = { kind: KINDS[kind], reason: REASONS[reason], retryable: !!retryable, inDoubt: !!inDoubt };
    let message = nameOf(0, reason);
    if (field) {
      fields.field = FIELDS[field];
      if (fields.field === "to") fields.index = index;
      message = `${fields.field + (fields.field === "to" ? `[${index}]` : "")} ${message}`;
    } else {
      fields.step = nameOf(1, step);
      message = `during ${fields.step}, ${message}`;
    }
    if (code) {
      fields.code = code;
      fields.enhanced = enhancedCode(packed);
      fields.text = textAt(text, length);
      message += `: ${[code, fields.enhanced, fields.text].filter(Boolean).join(" ")}`;
    }
    if (detailLength) fields.detail = textAt(detail, detailLength);
    return new SmtpError(message, fields);
  }

  /** Calls an export that returns a reason. */
  function call(name, ...values) {
    if (wasm[name](...values)) throw makeError(0);
  }

  /** Overwrites the caller's own data, credentials among it. */
  const wipe = () => octets(heap, top - heap).fill(0);

  const can = (what) => !!(wasm.state() & what);

  function stage(bytes, from) {
    const piece = bytes.subarray(from, from + stagingSize);
    octets(staging, piece.length).set(piece);
    return piece.length;
  }

  const mechanisms = [];
  for (let name; (name = nameOf(2, mechanisms.length + 1)); ) mechanisms.push(name);

  PHASES.forEach((phase, number) => {
    const limit = timeouts?.[phase];
    // No limit is 0 to the engine; 0 itself would be over at once.
    if (limit !== undefined) wasm.timeout(number, limit === Infinity ? 0 : Math.min(Math.max(limit, 1), 2 ** 31 - 1));
  });
  const at = putTexts(0, [ehloName]) + 4;
  heap = top;
  call("start", at, top - at, TLS_MODES.indexOf(tls), lenientReplies | (!pipelining << 1));

  return {
    /** Names of all mechanisms that the engine knows. */
    mechanisms,
    call,
    canRead: () => can(CAN_READ),
    canBody: () => can(CAN_BODY),
    secure: () => !!wasm.is_secure(),
    /** Mechanism of the current or last login, null before. */
    mechanism: () => mechanisms[wasm.mechanism() - 1] ?? null,
    memorySize: () => wasm.memory.buffer.byteLength,
    /** Sentence of a reason given by name. */
    sentence: (reason) => nameOf(0, REASONS.indexOf(reason)),

    capabilities() {
      const size = wasm.capabilities();
      const [flags, auth, mailMax, rcptMax, rcptDomainMax] = slots();
      const found = Object.fromEntries(CAPABILITIES.map((name, bit) => [name, !!((flags >> bit) & 1)]));
      found.size = found.size ? size : null;
      found.auth = mechanisms.filter((_, index) => (auth >> index) & 2);
      found.limits = found.limits ? { mailMax, rcptMax, rcptDomainMax } : null;
      return found;
    },

    /** Limit of the phase of connecting in ms; 0 = none. */
    connectLimit: () => wasm.timeout(0, -1),

    /** [ms, epoch]: the limit of what runs now, counted from when epoch changed; 0 = none. */
    timer: () => [wasm.timer(), slots()[0]],

    /** Takes octets from the peer; returns how many fit now. */
    feed(bytes) {
      const at = wasm.recv_buf();
      const length = Math.min(slots()[0], bytes.length);
      octets(at, length).set(bytes.subarray(0, length));
      if (length) wasm.recv_ack(length);
      return length;
    },

    /** The peer closed its side. */
    feedEnd: () => wasm.recv_ack(0),

    /**
     * A copy of all octets that wait to be sent, if any. They count as sent from here on, because
     * they may leave whatever the transport says later. `secretAt`: where credentials begin.
     */
    take() {
      if (!can(CAN_WRITE)) return undefined;
      const at = wasm.send_buf();
      const [length, secretAt] = slots();
      const bytes = octets(at, length).slice();
      wasm.send_ack(length);
      return { bytes, secretAt };
    },

    /** The next event, or undefined; `type` is the engine's number. */
    next() {
      const type = wasm.next();
      if (!type) return undefined;
      const [transaction, recipient, code, packed, text, length, failed, hash, iterations, salt, saltLength] = slots();
      return {
        type,
        transaction,
        recipient,
        reply: { code: code || null, enhanced: enhancedCode(packed), text: textAt(text, length) },
        key: { hash, iterations, salt: octets(salt, saltLength).slice() },
        error: failed ? makeError(1) : undefined,
      };
    },

    login({ user, pass, accessToken, authzid, mechanism, hostname, port, nonce, allowPlaintextAuth, iterationsMin = 0, iterationsMax = 0 }) {
      const number = mechanism ? mechanisms.indexOf(mechanism.toUpperCase()) + 1 : 0;
      const at = putTexts(0, [user, pass, accessToken, authzid, hostname, nonce]);
      if (wasm.login(at, number, port, allowPlaintextAuth, iterationsMin, iterationsMax)) {
        wipe();
        throw makeError(0);
      }
    },

    wipe,

    /** Answers the request for a key. Without `key` the engine derives it, which blocks for that long. */
    keyDerived({ hash, salt, iterations }, key) {
      const at = reserve(64);
      if (key) octets(at, key.length).set(key);
      const from = reserve(salt.length);
      octets(from, salt.length).set(salt);
      call("key_derived", at, key ? key.length : wasm.derive_key(hash, from, salt.length, iterations, at));
    },

    /**
     * Queues a message for its recipients. `size` null = unknown; `body`: 0 unknown, 1 7-bit,
     * 2 8-bit.
     */
    submit({ from, to, size, body, allOrNothing, smtputf8, newlines, longLines }) {
      const at = putTexts(transactionSize + to.length * recipientSize, [from, ...to]);
      const flags = allOrNothing | (smtputf8 << 1) | ((newlines === "crlf") << 2) | ((longLines === "pass") << 3);
      call("submit", at, to.length, size ?? -1, body, flags);
    },

    /** Outcome of one recipient of a transaction that is done. */
    outcome(transaction, recipient) {
      wasm.outcome(transaction, recipient);
      const [status, fromMessage, code, packed] = slots();
      return [{ status: STATUSES[status], code: code || null, enhanced: enhancedCode(packed) }, fromMessage];
    },

    /** Gives a piece of the message; returns how many octets were taken. */
    bodyWrite(bytes) {
      let written = 0;
      for (let taken = 1; taken && written < bytes.length; written += taken) taken = wasm.body_write(stage(bytes, written));
      return written;
    },

    /** [size with CRLF line ends, has 8-bit octets, bare CR, bare LF, a line too long] of a whole message. */
    scan(pieces) {
      wasm.scan_init();
      for (const bytes of pieces) {
        for (let from = 0; from < bytes.length; from += stagingSize) wasm.scan_add(stage(bytes, from));
      }
      return [wasm.scan_end(), ...slots().slice(0, 4)];
    },

    /** The transport failed: connect-failed, connection-lost, tls-failed, timeout or cancelled. */
    ioFailed: (reason) => wasm.io_failed(REASONS.indexOf(reason)),

    /** Wipes whatever may be secret. */
    end() {
      wipe();
      wasm.end();
    },
  };
}
