// The one file that touches the engine's linear memory: a synchronous session over one WebAssembly
// instance. Nothing here waits, reads a clock or opens a socket; client.mjs does.

import { SmtpError } from "./error.mjs";
import { CAPABILITIES, EVENTS, FIELDS, KINDS, PHASES, REASONS, STATUSES, TLS_MODES } from "./tokens.mjs";

const CAN_READ = 1;
const CAN_WRITE = 2;
const CAN_BODY = 4;
const PAGE = 65536;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytesOf = (value) => (typeof value === "string" ? encoder.encode(value) : value ?? new Uint8Array());

/** Code of an RFC 3463 code packed as three times ten bits; null if there was none. */
const enhanced = (packed) => (packed ? `${packed >> 20}.${(packed >> 10) & 1023}.${packed & 1023}` : null);

export class Session {
  #wasm;
  #view;
  #heap;
  #top;
  #staging;
  #stagingSize;
  #transactionSize;
  #recipientSize;
  #inFlight = 0;
  #wipe = [];

  /**
   * Starts a session in a new instance of `module`. Throws SmtpError (kind input) if the EHLO name
   * or a setting breaks a rule.
   */
  constructor(module, { ehloName, tls, lenientReplies, pipelining = true, timeouts = {} }) {
    this.#wasm = new WebAssembly.Instance(module).exports;
    this.#view = this.#wasm.setup();
    [this.#heap, this.#staging, this.#stagingSize, this.#transactionSize, this.#recipientSize] = this.#slots(5);
    this.#top = this.#heap;
    PHASES.forEach((phase, number) => {
      const limit = timeouts[phase];
      // Infinity is no limit, which the engine writes as 0; 0 itself would be over at once.
      if (limit !== undefined) this.#wasm.timeout(number, limit === Infinity ? 0 : Math.max(1, limit));
    });
    const name = bytesOf(ehloName);
    const at = this.#put(name);
    this.#heap = this.#top;
    const flags = (lenientReplies ? 1 : 0) | (pipelining ? 0 : 2);
    this.#check(this.#wasm.start(at, name.length, TLS_MODES.indexOf(tls), flags));
  }

  #bytes(at, length) {
    return new Uint8Array(this.#wasm.memory.buffer, at, length);
  }

  #slots(count) {
    return new Uint32Array(this.#wasm.memory.buffer, this.#view, count);
  }

  #text(at, length) {
    return decoder.decode(this.#bytes(at, length));
  }

  #name(list, number) {
    const at = this.#wasm.text(list, number);
    return this.#text(at, this.#slots(1)[0]);
  }

  /** Room above what is in use, aligned for any struct; memory grows only for the caller's own data. */
  #reserve(length) {
    const at = (this.#top + 7) & -8;
    this.#top = at + length;
    const missing = this.#top - this.#wasm.memory.buffer.byteLength;
    if (missing > 0) this.#wasm.memory.grow(Math.ceil(missing / PAGE));
    return at;
  }

  #put(bytes) {
    const at = this.#reserve(bytes.length);
    this.#bytes(at, bytes.length).set(bytes);
    return at;
  }

  /** Puts `room` bytes and behind them texts, each as its length and its octets. */
  #putTexts(room, texts) {
    const parts = texts.map(bytesOf);
    const at = this.#reserve(parts.reduce((sum, part) => sum + 4 + part.length, room));
    const { buffer } = this.#wasm.memory;
    let offset = at + room;
    for (const part of parts) {
      new DataView(buffer).setUint32(offset, part.length, true);
      new Uint8Array(buffer).set(part, offset + 4);
      offset += 4 + part.length;
    }
    return at;
  }

  #check(reason) {
    if (reason) throw this.error();
  }

  /** The engine's current error as an SmtpError. */
  error() {
    this.#wasm.error();
    const [reason, kind, step, field, index, retryable, inDoubt, code, packed, text, length, detail, detailLength] = this.#slots(13);
    const fields = { kind: KINDS[kind], reason: REASONS[reason], retryable: !!retryable, inDoubt: !!inDoubt };
    let message = this.#name(0, reason);
    if (field) {
      fields.field = FIELDS[field];
      if (fields.field === "to") fields.index = index;
      message = `${fields.field}${fields.index === undefined ? "" : `[${index}]`} ${message}`;
    } else {
      fields.step = this.#name(1, step);
      message = `during ${fields.step}, ${message}`;
    }
    if (code) {
      Object.assign(fields, { code, enhanced: enhanced(packed), text: this.#text(text, length) });
      message += `: ${[code, fields.enhanced, fields.text].filter(Boolean).join(" ")}`;
    }
    if (detailLength) fields.detail = this.#text(detail, detailLength);
    return new SmtpError(message, fields);
  }

  /** Sentence of a reason given by name. */
  sentence(reason) {
    return this.#name(0, REASONS.indexOf(reason));
  }

  /** The step the session is at, as errors name it. */
  get step() {
    return this.#name(1, this.#wasm.step());
  }

  get canRead() {
    return !!(this.#wasm.state() & CAN_READ);
  }

  get canBody() {
    return !!(this.#wasm.state() & CAN_BODY);
  }

  get secure() {
    return !!this.#wasm.is_secure();
  }

  /** Mechanism of the current or last login, null before. */
  get mechanism() {
    return this.#name(2, this.#wasm.mechanism()) || null;
  }

  get capabilities() {
    this.#wasm.capabilities();
    const [flags, auth, low, high, mailMax, rcptMax, rcptDomainMax] = this.#slots(7);
    const found = Object.fromEntries(CAPABILITIES.map((name, bit) => [name, !!((flags >>> bit) & 1)]));
    found.size = found.size ? high * 2 ** 32 + low : null;
    found.auth = [];
    for (let mechanism = 1; auth >>> mechanism; mechanism += 1) {
      if ((auth >>> mechanism) & 1) found.auth.push(this.#name(2, mechanism));
    }
    found.limits = found.limits ? { mailMax, rcptMax, rcptDomainMax } : null;
    return found;
  }

  /** Memory of the instance in bytes. */
  get memorySize() {
    return this.#wasm.memory.buffer.byteLength;
  }

  /** Limit of a phase in ms; 0 = none. */
  limit(phase) {
    return this.#wasm.timeout(PHASES.indexOf(phase), -1);
  }

  /** [ms, epoch]: the limit of what runs now, counted from when epoch changed. */
  timer() {
    const limit = this.#wasm.timer();
    return [limit, this.#slots(1)[0]];
  }

  /** Takes octets from the peer; returns how many fit now. */
  feed(bytes) {
    const at = this.#wasm.recv_buf();
    const length = Math.min(this.#slots(1)[0], bytes.length);
    if (length) {
      this.#bytes(at, length).set(bytes.subarray(0, length));
      this.#wasm.recv_ack(length);
    }
    return length;
  }

  /** The peer closed its side. */
  feedEnd() {
    this.#wasm.recv_ack(0);
  }

  /**
   * A copy of all octets that wait to be sent, or null. They count as sent from here on, because
   * they may leave whatever the transport says later. `secretAt`: where credentials begin.
   */
  take() {
    if (!(this.#wasm.state() & CAN_WRITE)) return null;
    const at = this.#wasm.send_buf();
    const [length, secretAt] = this.#slots(2);
    const bytes = this.#bytes(at, length).slice();
    this.#wasm.send_ack(length);
    return { bytes, secretAt };
  }

  /** The next event, or null. */
  next() {
    const type = EVENTS[this.#wasm.next()];
    const [transaction, recipient, code, packed, text, length, failed, hash, iterations, salt, saltLength] = this.#slots(11);
    if (type === "none") return null;
    const event = { type, transaction, recipient, code: code || null, enhanced: enhanced(packed), text: this.#text(text, length) };
    if (type === "derive-key") Object.assign(event, { hash, iterations, salt: this.#bytes(salt, saltLength).slice() });
    if (failed) event.error = this.error();
    if (type === "authenticated" || type === "refused") this.#wipeCredentials();
    return event;
  }

  tlsDone() {
    this.#check(this.#wasm.tls_done());
  }

  /** Number of a mechanism, 0 for the automatic choice; undefined for an unknown name. */
  #mechanismNumber(name = "") {
    for (let number = 0; ; number += 1) {
      const known = this.#name(2, number);
      if (known === name.toUpperCase()) return number;
      if (number && !known) return undefined;
    }
  }

  /** Whether the engine knows a mechanism of that name. */
  knowsMechanism(name) {
    return this.#mechanismNumber(name) !== undefined;
  }

  login({ user, pass, accessToken, authzid, mechanism, host, port, nonce, allowPlaintextAuth, iterationsMin = 0, iterationsMax = 0 }) {
    const at = this.#putTexts(0, [user, pass, accessToken, authzid, host, nonce]);
    this.#wipe = [at, this.#top - at];
    const reason = this.#wasm.login(at, this.#mechanismNumber(mechanism), port, allowPlaintextAuth ? 1 : 0, iterationsMin, iterationsMax);
    if (reason) {
      const error = this.error();
      this.#wipeCredentials();
      throw error;
    }
  }

  #wipeCredentials() {
    const [at, length] = this.#wipe;
    if (length) this.#bytes(at, length).fill(0);
    this.#wipe = [];
    if (!this.#inFlight) this.#top = this.#heap;
  }

  /** Answers derive-key. Without `key` the engine's own code derives it, which blocks for that long. */
  keyDerived({ hash, salt, iterations }, key) {
    const top = this.#top;
    const at = key ? this.#put(key) : this.#reserve(64);
    const length = key ? key.length : this.#wasm.derive_key(hash, this.#put(salt), salt.length, iterations, at);
    const reason = this.#wasm.key_derived(at, length);
    this.#bytes(at, length).fill(0);
    this.#top = top;
    this.#check(reason);
  }

  /**
   * Queues a message for its recipients; returns the transaction's number, as events name it.
   * `size` null = unknown; `body`: 0 unknown, 1 7-bit, 2 8-bit.
   */
  submit({ from, to, size, body, allOrNothing, smtputf8, makeCrlf, longLines }) {
    const at = this.#putTexts(this.#transactionSize + to.length * this.#recipientSize, [from, ...to]);
    const flags = (allOrNothing ? 1 : 0) | (smtputf8 ? 2 : 0) | (makeCrlf ? 4 : 0) | (longLines ? 8 : 0);
    const reason = this.#wasm.submit(at, to.length, size ?? -1, body, flags);
    if (reason) {
      const error = this.error();
      if (!this.#inFlight) this.#top = this.#heap;
      throw error;
    }
    this.#inFlight += 1;
    return at;
  }

  /** Outcomes of a transaction that is done; its memory is given back. */
  outcomes(transaction, count) {
    const outcomes = [];
    for (let recipient = 0; recipient < count; recipient += 1) {
      this.#wasm.outcome(transaction, recipient);
      const [status, fromMessage, code, packed] = this.#slots(4);
      outcomes.push({ status: STATUSES[status], fromMessage: !!fromMessage, code: code || null, enhanced: enhanced(packed) });
    }
    this.#inFlight -= 1;
    if (!this.#inFlight && !this.#wipe.length) this.#top = this.#heap;
    return outcomes;
  }

  /** Gives a piece of the message; returns how many octets were taken. */
  bodyWrite(bytes) {
    let written = 0;
    while (written < bytes.length) {
      const taken = this.#wasm.body_write(this.#stage(bytes, written));
      if (!taken) break;
      written += taken;
    }
    return written;
  }

  #stage(bytes, from) {
    const piece = bytes.subarray(from, from + this.#stagingSize);
    this.#bytes(this.#staging, piece.length).set(piece);
    return piece.length;
  }

  bodyEnd() {
    this.#check(this.#wasm.body_end());
  }

  /** What a whole message needs: its size with CRLF line ends, and the rules it breaks. */
  scan(pieces) {
    this.#wasm.scan_init();
    for (const bytes of pieces) {
      for (let from = 0; from < bytes.length; from += this.#stagingSize) this.#wasm.scan_add(this.#stage(bytes, from));
    }
    this.#wasm.scan_end();
    const [low, high, has8bit, bareCr, bareLf, longLine] = this.#slots(6);
    return { size: high * 2 ** 32 + low, has8bit: !!has8bit, bareCr: !!bareCr, bareLf: !!bareLf, longLine: !!longLine };
  }

  reset() {
    this.#check(this.#wasm.reset());
  }

  noop() {
    this.#check(this.#wasm.noop());
  }

  quit() {
    this.#check(this.#wasm.quit());
  }

  /** The transport failed: connect-failed, connection-lost, tls-failed, timeout or cancelled. */
  ioFailed(reason) {
    this.#wasm.io_failed(REASONS.indexOf(reason));
  }

  /** Wipes what may be secret. */
  end() {
    this.#wipeCredentials();
    this.#wasm.end();
  }
}
