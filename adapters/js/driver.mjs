// The one file that touches the engine's linear memory: a synchronous session over one WebAssembly
// instance. Nothing here waits, reads a clock or opens a socket; client.mjs does.

import { SmtpError } from "./error.mjs";
import { REASONS, sentence } from "./reasons.mjs";
import { CAPABILITIES, FIELDS, KEYWORDS, KINDS, MECHANISMS, PHASES, STATUSES, STEPS, TLS_MODES } from "./tokens.mjs";

const CAN_READ = 1;
const CAN_WRITE = 2;
const CAN_BODY = 4;
const SECURE = 16;
const MAY_OVERLAP = 32;
const PAGE = 65536;
// Fields of errors that need more than their name.
const OF_RECIPIENT = 2;
const OF_RECIPIENT_PARAMETER = 16;

// Bytes of a struct. Which word of which struct is what: wasm/exports.c pins every one.
const RECIPIENT = 32;
const PARAMETER = 16;
const OFFERS = 40;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Both halves of a 64-bit number. */
const wide = (low, high) => high * 2 ** 32 + low;

/**
 * Starts a session in a new instance of `module`. Throws SmtpError (kind input) if the EHLO name or
 * a setting breaks a rule.
 */
export function openSession(module, { ehloName, tls, protocol, lenientReplies, pipelining = true, chunking = true, eagerOctets, overlap = 1, early, expected, timeouts }) {
  // In the order of wasm/exports.c.
  const {
    memory,
    a: setup, b: init, c: state, d: recvBuf, e: recvAck, f: sendBuf, g: sendAck, h: nextEvent, i: tlsDone,
    j: logIn, k: takeKey, l: deriveKey, m: submit, n: bodyWrite, o: bodyEnd, p: reset, q: noop, r: quit,
    s: query, t: keyword, u: xclient, v: timer, w: ioFailed, x: wipeEngine, y: scanInit, z: scanAdd,
    A: scanEnd,
  } = new WebAssembly.Instance(module).exports;
  const octets = (at, length) => new Uint8Array(memory.buffer, at, length);
  const words = (at, length) => new Uint32Array(memory.buffer, at, length);
  const textAt = (at, length) => decoder.decode(octets(at, length));
  const [start, staging, stagingSize, transactionSize, window, event, config, credentials, found, lastError, offers] = words(setup(), 11);

  /** A reply's code and its enhanced code (RFC 3463), which lies behind it; null for what it has not. */
  function codesAt(at) {
    const [code, kind, subject, detail] = new Uint16Array(memory.buffer, at, 4);
    return { code: code || null, enhanced: kind & 255 ? `${kind & 255}.${subject}.${detail}` : null };
  }

  // The caller's own data lies above the engine's, and only it makes the memory grow. It is in blocks:
  // one for each message under way, others for what may be secret.
  let top = start;
  const blocks = [];

  /** Room aligned for any struct. */
  function reserve(length) {
    const at = (top + 7) & -8;
    top = at + length;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  /** A block, a free one if there is one; sizes are powers of two, so that they fit again. */
  function allot(length) {
    let block = blocks.find(({ busy, size }) => !busy && size >= length);
    if (!block) {
      const size = 2 ** Math.ceil(Math.log2(length));
      blocks.push((block = { size, at: reserve(size) }));
    }
    block.busy = block.secret = true;
    return block;
  }

  /** Puts texts behind `room` octets of a block; returns it, and each text's address and length. */
  function putTexts(room, texts) {
    const parts = texts.map((text) => (text?.subarray ? text : encoder.encode(text)));
    const block = allot(parts.reduce((sum, part) => sum + part.length, room));
    let at = block.at + room;
    const places = parts.map((part) => {
      octets(at, part.length).set(part);
      at += part.length;
      return [at - part.length, part.length];
    });
    return [block, places];
  }

  /** Puts parameters, [keyword, optional, value], at an address; takes as many of `places`, where their values are. Returns address and count. */
  function putParameters(at, parameters, places) {
    parameters.forEach(([keyword, optional], index) => words(at + index * PARAMETER, 4).set([keyword, optional, ...places.shift()]));
    return [at, parameters.length];
  }

  /** The error at an address. */
  function makeError(at) {
    const [reason, kind, step, field, index, flags, , , text, length, detail, detailLength] = words(at, 12);
    const fields = { kind: KINDS[kind], reason: REASONS[reason], retryable: !!(flags & 1), inDoubt: !!(flags & 256) };
    let message = sentence(fields.reason);
    if (field) {
      let name = (fields.field = FIELDS[field] || KEYWORDS[keyword(detail, detailLength)]);
      if (field === OF_RECIPIENT) name += `[${(fields.index = index)}]`;
      if (field === OF_RECIPIENT_PARAMETER) name += ` of to[${(fields.index = index)}]`;
      message = `${name} ${message}`;
    } else {
      fields.step = STEPS[step];
      message = `during ${fields.step}, ${message}`;
    }
    const { code, enhanced } = codesAt(at + 24);
    if (code) {
      Object.assign(fields, { code, enhanced, text: textAt(text, length) });
      message += `: ${[code, enhanced, fields.text].filter(Boolean).join(" ")}`;
    }
    if (detailLength) fields.detail = textAt(detail, detailLength);
    return new SmtpError(message, fields);
  }

  /** Calls an export that returns a reason. */
  function call(run, ...values) {
    if (run(...values)) throw makeError(lastError);
  }

  /** Overwrites what may be secret. */
  function wipe() {
    for (const block of blocks) {
      if (!block.secret) continue;
      octets(block.at, block.size).fill(0);
      block.busy = block.secret = false;
    }
  }

  const can = (what) => !!(state() & what);

  function stage(bytes, from = 0) {
    const piece = bytes.subarray(from, from + stagingSize);
    octets(staging, piece.length).set(piece);
    return piece.length;
  }

  const bounded = (value) => Math.min(value, 2 ** 31 - 1);

  PHASES.forEach((phase, number) => {
    const limit = timeouts?.[phase];
    // No limit is 0 to the engine; 0 itself would be over at once.
    if (limit !== undefined) words(config, 22)[12 + number] = limit === Infinity ? 0 : bounded(Math.max(limit, 1));
  });
  const [block, [name]] = putTexts(0, [ehloName]);
  // As long as the session, like what is expected: never free, nor secret.
  block.secret = false;
  let offered = 0;
  if (expected) {
    const { auth, size, limits } = expected;
    const bits = (names, has) => names.reduce((sum, one, bit) => sum | (has(one) << bit), 0);
    // An empty list is as good as none.
    const flags = bits(CAPABILITIES, (one) => !/^(false|null|undefined)?$/.test(expected[one]));
    offered = reserve(OFFERS);
    words(offered, 7).set([flags, bits(MECHANISMS, (one) => auth?.includes?.(one)) << 1, size, size / 2 ** 32, limits?.mailMax, limits?.rcptMax, limits?.rcptDomainMax]);
  }
  const settings = words(config, 23);
  settings.set([...name, TLS_MODES.indexOf(tls), protocol === "lmtp", lenientReplies | (!pipelining << 1) | (!chunking << 3) | (early << 4), bounded(eagerOctets ?? settings[10]), bounded(overlap)], 5);
  settings[22] = offered;
  call(init);

  return {
    /** Names of all mechanisms that the engine knows. */
    mechanisms: MECHANISMS,
    tlsDone: () => call(tlsDone),
    reset: () => call(reset),
    noop: () => call(noop),
    quit: () => call(quit),
    canRead: () => can(CAN_READ),
    canBody: () => can(CAN_BODY),
    secure: () => can(SECURE),
    /** Whether a message may be submitted although others are under way: it begins at once. */
    mayOverlap: () => can(MAY_OVERLAP),
    /** Mechanism of the current or last login, null before. */
    mechanism: () => MECHANISMS[(state() >> 8) - 1] ?? null,
    memorySize: () => memory.buffer.byteLength,

    capabilities() {
      const [flags, auth, low, high, mailMax, rcptMax, rcptDomainMax] = words(offers, 7);
      const has = Object.fromEntries(CAPABILITIES.map((name, bit) => [name, !!((flags >> bit) & 1)]));
      has.size = has.size ? wide(low, high) : null;
      has.auth = MECHANISMS.filter((_, index) => (auth >> index) & 2);
      has.limits = has.limits ? { mailMax, rcptMax, rcptDomainMax } : null;
      return has;
    },

    /** Limit of a phase in ms; 0 = none. */
    limit: (phase) => words(config, 22)[12 + PHASES.indexOf(phase)],

    /** [ms, epoch]: the limit of what runs now, counted from when epoch changed; 0 = none. */
    timer: () => [timer(), words(window, 3)[2]],

    /** Takes octets from the peer; returns how many fit now. */
    feed(bytes) {
      const at = recvBuf();
      const length = Math.min(words(window, 1)[0], bytes.length);
      octets(at, length).set(bytes.subarray(0, length));
      if (length) recvAck(length);
      return length;
    },

    /** The peer closed its side. */
    feedEnd: () => recvAck(0),

    /**
     * A copy of all octets that wait to be sent, if any. They count as sent from here on, because
     * they may leave whatever the transport says later. `secretAt`: where credentials begin.
     */
    take() {
      if (!can(CAN_WRITE)) return undefined;
      const at = sendBuf();
      const [length, secretAt] = words(window, 2);
      const bytes = octets(at, length).slice();
      sendAck(length);
      return { bytes, secretAt };
    },

    /** The next event, or undefined; `type` is the engine's number. */
    next() {
      if (!nextEvent()) return undefined;
      const [type, , , text, length, transaction, recipient, error, hash, iterations, salt, saltLength] = words(event, 12);
      return {
        type,
        transaction,
        recipient,
        reply: { ...codesAt(event + 4), text: textAt(text, length) },
        key: { hash, iterations, salt: octets(salt, saltLength).slice() },
        error: error ? makeError(error) : undefined,
      };
    },

    login({ user, pass, accessToken, authzid, mechanism, hostname, port, nonce, allowPlaintextAuth, iterationsMin = 0, iterationsMax = 0 }) {
      const number = mechanism ? MECHANISMS.indexOf(mechanism.toUpperCase()) + 1 : 0;
      const [, places] = putTexts(0, [user, pass, accessToken, authzid, hostname, nonce]);
      const entropy = places.pop();
      words(credentials, 18).set([number, ...places.flat(), port, ...entropy, bounded(iterationsMin), bounded(iterationsMax), allowPlaintextAuth], 1);
      if (logIn()) {
        wipe();
        throw makeError(lastError);
      }
    },

    wipe,

    /** Answers the request for a key. Without `key` the engine derives it, which blocks for that long. Returns the key. */
    keyDerived(key) {
      const { at } = allot(64);
      key ??= octets(at, deriveKey(at)).slice();
      octets(at, key.length).set(key);
      call(takeKey, at, key.length);
      return key;
    },

    /** VRFY, EXPN or HELP. */
    query: (step, text) => call(query, STEPS.indexOf(step), stage(encoder.encode(text))),

    xclient(attributes) {
      const [block, places] = putTexts(attributes.length * PARAMETER, attributes.map(([, , value]) => value));
      block.busy = false;
      call(xclient, ...putParameters(block.at, attributes, places));
    },

    /**
     * Queues a message for its recipients; returns what events call its transaction. `size` null =
     * unknown; `body`: 0 unknown, 1 7-bit, 2 8-bit, 3 binary; `parameters`: for MAIL and for each RCPT,
     * lists of [keyword, optional, value].
     */
    submit({ from, to, size, body, allOrNothing, smtputf8, newlines, longLines, split, parameters = [] }) {
      const values = parameters.flatMap((list) => list.map(([, , value]) => value));
      const paths = [from, ...to];
      const [block, places] = putTexts(transactionSize + to.length * RECIPIENT + values.length * PARAMETER, [...paths, ...values]);
      const { at } = block;
      const recipients = at + transactionSize;
      const octetCount = (size ?? -1) < 0 ? [-1, -1] : [size, size / 2 ** 32];
      const flags = allOrNothing | (smtputf8 << 1) | ((newlines === "crlf") << 2) | ((longLines === "pass") << 3) | (split << 4);
      let free = recipients + to.length * RECIPIENT;
      const [[path, ofMail], ...rest] = places.splice(0, paths.length).map((place, index) => {
        const list = putParameters(free, parameters[index] ?? [], places);
        free += list[1] * PARAMETER;
        return [place, list];
      });
      words(at, 12).set([transactionSize, ...path, recipients, to.length, ...ofMail, 0, ...octetCount, body, flags]);
      rest.forEach((one, index) => words(recipients + index * RECIPIENT, 4).set(one.flat()));
      block.secret = false;
      block.busy = !submit(at);
      if (!block.busy) throw makeError(lastError);
      return at;
    },

    /**
     * Outcome of each recipient of a transaction that is done, and whether the reply to the message
     * decided. Its memory is free from here on.
     */
    outcomes(transaction) {
      blocks.find(({ at }) => at === transaction).busy = false;
      const [, , , recipients, count] = words(transaction, 5);
      return Array.from({ length: count }, (_, index) => {
        const at = recipients + index * RECIPIENT;
        const [status, fromMessage] = words(at + 16, 2);
        return [{ status: STATUSES[status], ...codesAt(at + 22) }, fromMessage & 1];
      });
    },

    /** Gives a piece of the message; returns how many octets were taken. */
    bodyWrite(bytes) {
      let written = 0;
      for (let taken = 1; taken && written < bytes.length; written += taken) taken = bodyWrite(stage(bytes, written));
      return written;
    },

    /** The message is complete; an event tells if that breaks a rule. */
    bodyEnd: () => bodyEnd(),

    /** [size with CRLF line ends, has 8-bit octets, bare CR, bare LF, a line too long] of a whole message. */
    scan(pieces) {
      scanInit();
      for (const bytes of pieces) {
        for (let from = 0; from < bytes.length; from += stagingSize) scanAdd(stage(bytes, from));
      }
      scanEnd();
      const [has8bit, bareCr, bareLf, , longLine] = octets(found + 8, 5);
      return [wide(...words(found, 2)), has8bit, bareCr, bareLf, longLine];
    },

    /** The transport failed: connect-failed, connection-lost, tls-failed, timeout or cancelled. */
    ioFailed: (reason) => ioFailed(REASONS.indexOf(reason)),

    /** Wipes whatever may be secret. */
    end() {
      octets(start, top - start).fill(0);
      wipeEngine();
    },
  };
}
