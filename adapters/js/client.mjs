// The asynchronous client: drives a Session over any socket of the shape
//
//   { read(): Promise<Uint8Array | null>, write(bytes): Promise, startTls(): Promise<socket>, close(): Promise }
//
// One read and one write may be pending at the same time: a server may answer before it has read
// everything. A host (hosts/*.mjs) gives {module(), open(options), explain(error)}; all SMTP is in
// the engine, all sockets are in the host.

import { Session } from "./driver.mjs";
import { SmtpError, inputError } from "./error.mjs";
import { openMessage } from "./message.mjs";
import { CONNECT, SEND, TIMEOUTS, checkAuth, checkOptions, checkSend } from "./options.mjs";
import { REASONS } from "./tokens.mjs";

const PORTS = { implicit: 465, starttls: 587, none: 25 };
const QUEUE_ID = /(?:queued as | id[= ])([a-z\d-]{6,})/i;
/** How long after a failed write the server's last words are waited for, ms. */
const LAST_WORDS = 500;

const cancelled = (cause) => new SmtpError("the operation was cancelled", { kind: "transport", reason: "cancelled" }, cause);

/** Calls `react` when the signal is or gets aborted; returns how to stop that. */
function onAbort(signal, react) {
  if (signal?.aborted) react();
  else signal?.addEventListener("abort", react, { once: true });
  return () => signal?.removeEventListener("abort", react);
}

async function deriveByWebCrypto({ hash, salt, iterations }, pass) {
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pass), "PBKDF2", false, ["deriveBits"]);
  const [name, bits] = hash === 1 ? ["SHA-1", 160] : ["SHA-256", 256];
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: name, salt, iterations }, key, bits));
}

export class Client {
  #host;
  #options;
  #session;
  #socket;
  #tail = Promise.resolve(); // operations run one after another
  #operation; // the one that runs: {resolve, reject, …}
  #input; // received octets that the engine has not taken yet
  #endOfInput;
  #reading;
  #writing; // the pending write
  #upgrading;
  #pumping;
  #epoch;
  #timer;
  #lastWords;
  #failure; // why this side gave up: {cause}
  #ended; // the error that ended the session, or that it was ended
  #closing; // settles when the connection is closed
  #stop = new AbortController(); // ends an attempt to connect
  #unlisten;

  /** For hosts/*.mjs: opens a session, and logs in if `auth` is given. */
  static async connect(host, options) {
    checkOptions(options, CONNECT);
    checkOptions(options.timeouts ?? {}, TIMEOUTS, "timeouts.");
    if (options.hostname === undefined) throw inputError("hostname", "is missing");
    const { tls = "implicit", ehloName = "[127.0.0.1]", auth } = options;
    const client = new Client();
    client.#host = host;
    client.#options = { ...options, tls, ehloName, port: options.port ?? PORTS[tls] };
    client.#session = new Session(await host.module(), client.#options);
    if (auth) checkAuth(auth, client.#session);
    await client.#queue(undefined, () => client.#perform({ opening: true }, () => client.#open()));
    if (auth) {
      try {
        await client.login(auth);
      } catch (error) {
        await client.quit();
        throw error;
      }
    }
    return client;
  }

  /** What the server offers now. */
  get capabilities() {
    return this.#session.capabilities;
  }

  /** Whether the channel is protected by TLS. */
  get secure() {
    return this.#session.secure;
  }

  /** SASL mechanism of the last login, or null. */
  get mechanism() {
    return this.#session.mechanism;
  }

  /** Whether the session is over. */
  get closed() {
    return !!this.#ended;
  }

  /** Bytes of the engine's memory, whatever the size of messages. */
  get memorySize() {
    return this.#session.memorySize;
  }

  login(auth, { signal } = {}) {
    const { hostname, port, allowPlaintextAuth } = this.#options;
    return this.#queue(signal, async () => {
      checkAuth(auth, this.#session);
      const nonce = crypto.getRandomValues(new Uint8Array(24));
      await this.#perform({ pass: auth.pass }, () => this.#session.login({ ...auth, host: hostname, port, nonce, allowPlaintextAuth }));
      return { mechanism: this.mechanism };
    });
  }

  async send(options) {
    const { from, to } = checkSend(options);
    const { size = null, newlines, longLines, allOrNothing, smtputf8, signal } = options;
    const request = { from, to, size, body: 0, allOrNothing, smtputf8, makeCrlf: newlines === "crlf", longLines: longLines === "pass" };
    let source;
    try {
      source = openMessage(options.message);
      if (source.pieces) this.#scan(source.pieces, request);
      return await this.#queue(signal, async () => {
        await this.#applyPolicy(request);
        if (signal?.aborted) throw cancelled(signal.reason);
        const operation = { ...source, to, texts: [], at: 0, left: this.#options.policy?.maxBytes };
        return this.#perform(operation, () => this.#session.submit(request));
      });
    } catch (error) {
      // Every recipient has an outcome, also when the message never reached the session.
      error.recipients ??= to.map((address) => ({ address, status: "not-sent", code: null, enhanced: null, text: "" }));
      throw error;
    } finally {
      source?.cancel?.();
    }
  }

  noop({ signal } = {}) {
    return this.#queue(signal, () => this.#perform({}, () => this.#session.noop()));
  }

  reset({ signal } = {}) {
    return this.#queue(signal, () => this.#perform({}, () => this.#session.reset()));
  }

  /** Ends the session when everything before is done. Never fails: what was sent stays sent. */
  async quit() {
    await this.#queue(undefined, () => this.#ended || this.#perform({}, () => this.#session.quit())).catch(() => {});
    await this.#closing;
  }

  /** Ends the session at once. */
  async close() {
    this.#fail("cancelled");
    await this.#closing;
  }

  // --- operations ---

  /** Runs `begin` when all earlier operations are over. */
  #queue(signal, begin) {
    return new Promise((resolve, reject) => {
      let running = false;
      const unlisten = onAbort(signal, () => {
        if (running && this.#operation) this.#fail("cancelled", signal.reason);
        else reject(cancelled(signal.reason));
      });
      this.#tail = this.#tail.then(async () => {
        running = true;
        try {
          if (!signal?.aborted) resolve(await begin());
        } catch (error) {
          reject(error);
        }
        unlisten();
      });
    });
  }

  /** Starts an operation of the engine and waits for the event that ends it. */
  #perform(operation, start) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#afterEnd();
      start();
      this.#operation = { ...operation, resolve, reject };
      this.#pump();
    });
  }

  #settle(method, value) {
    const operation = this.#operation;
    this.#operation = undefined;
    operation?.[method](value);
  }

  #afterEnd() {
    const { kind, reason, code, enhanced, text, message, retryable, inDoubt } = this.#ended;
    const fields = { kind, reason, code, enhanced, text, retryable: retryable || inDoubt };
    return new SmtpError(`the session is over: ${message}`, fields, this.#ended);
  }

  #scan(pieces, request) {
    const { size, has8bit, bareCr, bareLf, longLine } = this.#session.scan(pieces);
    const refuse = (reason, hint) => {
      throw inputError("message", this.#session.sentence(reason) + hint, undefined, reason);
    };
    if (!request.makeCrlf && bareCr) refuse("body-bare-cr", ' (newlines: "crlf" mends it)');
    if (!request.makeCrlf && bareLf) refuse("body-bare-lf", ' (newlines: "crlf" mends it)');
    if (!request.longLines && longLine) refuse("body-line-too-long", ' (longLines: "pass" lets it through)');
    if (request.size !== null && request.size !== size) throw inputError("size", `must be left out or be ${size}, the size of the message`);
    request.size = size;
    request.body = has8bit ? 2 : 1;
  }

  async #applyPolicy({ from, to, size }) {
    const { policy } = this.#options;
    let verdict = true;
    let cause;
    try {
      verdict = await policy?.({ from, recipients: [...to], size });
    } catch (error) {
      verdict = String(error?.message ?? error);
      cause = error;
    }
    if (verdict === false || typeof verdict === "string") throw this.#policyError(verdict, cause);
  }

  #policyError(why, cause) {
    return new SmtpError(this.#session.sentence("policy") + (why ? `: ${why}` : ""), { kind: "policy", reason: "policy" }, cause);
  }

  // --- the drive loop ---

  #open() {
    const { hostname, port, tls, serverName = hostname, ca, signal } = this.#options;
    const limit = this.#session.limit("connect");
    if (limit) this.#timer = setTimeout(() => this.#fail("timeout"), limit);
    const opening = (async () => this.#host.open({ hostname, port, tls, serverName, ca, signal: this.#stop.signal }))();
    opening.then(
      (socket) => {
        if (this.#ended) return void socket.close();
        clearTimeout(this.#timer);
        this.#socket = socket;
        this.#emit("Connected", { hostname, port });
        this.#pump();
      },
      (error) => this.#fail("connect-failed", error),
    );
    // Not before the operation exists that this would end.
    queueMicrotask(() => (this.#unlisten = onAbort(signal, () => this.#fail("cancelled", signal.reason))));
  }

  /** Does everything that is possible now; whatever becomes possible later calls it again. */
  #pump() {
    if (this.#pumping || this.#ended || !(this.#socket || this.#failure)) return;
    this.#pumping = true;
    while (!this.#ended && this.#advance());
    this.#pumping = false;
    if (this.#ended) return;
    if (!this.#reading && !this.#upgrading && !this.#input && !this.#endOfInput && this.#session.canRead) this.#read();
    const [limit, epoch] = this.#session.timer();
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      clearTimeout(this.#timer);
      if (limit) this.#timer = setTimeout(() => this.#fail("timeout"), limit);
    }
  }

  /** One round; whether there may be more to do. */
  #advance() {
    const event = this.#session.next();
    if (event) {
      this.#handle(event);
      return true;
    }
    if (this.#input) {
      const taken = this.#session.feed(this.#input);
      this.#input = taken < this.#input.length ? this.#input.subarray(taken) : undefined;
      if (taken) return true;
    } else if (this.#endOfInput === true) {
      this.#endOfInput = "told";
      this.#session.feedEnd();
      return true;
    }
    const fed = this.#feedBody();
    if (!this.#writing && !this.#upgrading) {
      const output = this.#session.take();
      if (output) {
        this.#write(output);
        return true;
      }
    }
    return fed;
  }

  #feedBody() {
    const operation = this.#operation;
    if (!operation?.texts || !this.#session.canBody) return false;
    if (operation.chunk?.length) {
      const taken = this.#session.bodyWrite(operation.chunk);
      operation.chunk = operation.chunk.subarray(taken);
      return taken > 0;
    }
    if (operation.pieces) operation.chunk = operation.pieces[operation.at++] ?? null;
    if (operation.chunk === null) {
      this.#session.bodyEnd();
      return true;
    }
    if (operation.chunk?.length || operation.pieces) return true;
    if (!operation.pulling) this.#pull(operation);
    return false;
  }

  #pull(operation) {
    operation.pulling = true;
    operation.next().then(
      (chunk) => {
        if (this.#operation !== operation) return;
        operation.pulling = false;
        operation.chunk = chunk;
        operation.left -= chunk?.length;
        if (operation.left < 0) this.#fail("cancelled", this.#policyError(`larger than ${this.#options.policy.maxBytes} octets`));
        else this.#pump();
      },
      (error) => this.#operation === operation && this.#fail("cancelled", error),
    );
  }

  #read() {
    this.#reading = true;
    this.#socket.read().then(
      (bytes) => {
        this.#reading = false;
        if (this.#ended) return;
        if (bytes) {
          this.#input = bytes;
          this.#trace("received", bytes, bytes.length);
        } else this.#endOfInput = true;
        this.#pump();
      },
      (error) => this.#fail("connection-lost", error),
    );
  }

  #write({ bytes, secretAt }) {
    this.#trace("sent", bytes, secretAt);
    this.#writing = this.#socket.write(bytes).then(
      () => {
        this.#writing = undefined;
        this.#pump();
      },
      (error) => {
        // The server may have said why it closed: what is on its way in is read first.
        const give = () => this.#fail("connection-lost", error);
        if (this.#reading) this.#lastWords = setTimeout(give, LAST_WORDS);
        else give();
      },
    );
  }

  async #upgrade() {
    // Octets behind the reply to STARTTLS: the engine refuses them as soon as it is given them.
    if (this.#input) return;
    this.#upgrading = true;
    try {
      await this.#writing;
      const socket = await this.#socket.startTls();
      if (this.#ended) return void socket.close();
      this.#socket = socket;
      this.#upgrading = false;
      this.#session.tlsDone();
      this.#emit("TlsUpgraded");
      this.#pump();
    } catch (error) {
      this.#fail("tls-failed", error);
    }
  }

  async #derive(event, pass) {
    let key;
    // Where WebCrypto refuses, the engine's own derivation serves.
    if (!(event.iterations > this.#host.maxIterations)) key = await deriveByWebCrypto(event, pass).catch(() => {});
    if (this.#ended) return;
    try {
      this.#session.keyDerived(event, key);
      this.#pump();
    } catch (error) {
      this.#fail("cancelled", error);
    }
  }

  #handle(event) {
    const { type, code, enhanced, text, error } = event;
    const reply = { code, enhanced, text };
    const operation = this.#operation;
    if (type === "greeting") this.#emit("GreetingReceived", reply);
    else if (type === "ehlo") this.#emit("EhloCompleted", { capabilities: this.capabilities });
    else if (type === "start-tls") this.#upgrade();
    else if (type === "ready") operation?.opening && this.#settle("resolve");
    else if (type === "derive-key") this.#derive(event, operation.pass);
    else if (type === "authenticated") {
      this.#emit("AuthCompleted", { mechanism: this.mechanism });
      this.#settle("resolve");
    } else if (type === "mail") this.#emit("MailFromAccepted", reply);
    else if (type === "recipient") {
      operation.texts[event.recipient] = text;
      this.#emit(code < 300 ? "RecipientAccepted" : "RecipientRejected", { address: operation.to[event.recipient], ...reply });
    } else if (type === "done") this.#done(event, operation);
    else if (type === "completed") this.#settle("resolve", reply);
    else if (type === "refused") this.#settle("reject", error);
    else if (type === "closed") this.#finish();
    else if (type === "failed") this.#finish(this.#explain(error));
  }

  #done({ transaction, code, enhanced, text, error }, { to, texts }) {
    const recipients = this.#session.outcomes(transaction, to.length).map(({ fromMessage, ...outcome }, index) => ({
      address: to[index],
      ...outcome,
      text: (fromMessage ? text : texts[index]) ?? "",
    }));
    const accepted = recipients.filter(({ status }) => status === "accepted").length;
    if (accepted) {
      const result = { recipients, accepted, code, enhanced, text, queueId: QUEUE_ID.exec(text)?.[1] ?? null };
      this.#emit("MessageAccepted", result);
      this.#settle("resolve", result);
    } else this.#settle("reject", Object.assign(this.#explain(error), { recipients }));
  }

  // --- the end ---

  /** This side gives up. The host may know the reason better. */
  #fail(reason, cause) {
    if (this.#ended) return;
    const token = cause instanceof SmtpError ? undefined : this.#host.explain?.(cause);
    this.#failure ??= { cause, token };
    this.#session.ioFailed(REASONS.includes(token) ? token : reason);
    this.#pump();
  }

  /** The engine's error, with what only this side knows of its cause. */
  #explain(error) {
    if (!this.#failure) return error;
    const { cause, token } = this.#failure;
    const fields = { ...error };
    let { message } = error;
    if (cause instanceof SmtpError) {
      const { kind, reason, field } = cause;
      return new SmtpError(cause.message, { ...fields, kind, reason, field, retryable: false }, cause.cause);
    }
    if (!this.#socket) {
      fields.step = "connect";
      message = message.replace(/^during [^,]+/, "during connect");
    }
    if (token) fields.reason = token;
    if (fields.reason === "timeout" && fields.step === "greeting" && this.#options.tls !== "implicit") {
      message += '; a server that expects TLS at once needs tls: "implicit"';
    }
    if (cause && fields.reason !== "cancelled") message += `: ${cause.message ?? cause}`;
    return new SmtpError(message, fields, cause);
  }

  #finish(error) {
    this.#ended = error ?? new SmtpError("it was closed", { kind: "misuse", reason: "closed" });
    clearTimeout(this.#timer);
    clearTimeout(this.#lastWords);
    this.#unlisten?.();
    this.#stop.abort();
    this.#closing = this.#socket?.close();
    this.#session.end();
    if (error) this.#emit("SessionAborted", { error });
    else this.#emit("QuitCompleted");
    this.#settle(error ? "reject" : "resolve", error);
  }

  /** A listener that throws must not break the session. */
  #emit(type, fields) {
    try {
      this.#options.onEvent?.({ type, ...fields });
    } catch {}
  }

  #trace(direction, bytes, secretAt) {
    try {
      this.#options.trace?.({ direction, bytes: bytes.slice(0, secretAt), redacted: bytes.length - secretAt });
    } catch {}
  }
}

Object.defineProperty(Client.prototype, Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose"), { value: Client.prototype.quit });

/** A policy that limits messages; streams are cut off at the limit, without being delivered. */
export function boundedPolicy({ maxRecipients = Infinity, maxBytes = Infinity }) {
  const policy = ({ recipients, size }) => {
    if (recipients.length > maxRecipients) return `more than ${maxRecipients} recipients`;
    return size > maxBytes ? `larger than ${maxBytes} octets` : true;
  };
  return Object.assign(policy, { maxBytes });
}

/** The functions of the package, over one host. */
export function api(host) {
  const connect = (options) => Client.connect(host, options);
  return {
    connect,
    connectSmtps: (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "implicit" }),
    connectSmtpStarttls: (hostname, port, ehloName, options) => connect({ ...options, hostname, port, ehloName, tls: "starttls" }),
    async sendMail(options) {
      const [connection, message] = [{}, {}];
      for (const [name, value] of Object.entries(options)) (Object.hasOwn(SEND, name) ? message : connection)[name] = value;
      checkSend(message);
      const client = await connect({ ...connection, signal: options.signal });
      try {
        return await client.send(message);
      } finally {
        await client.quit();
      }
    },
  };
}

export { SmtpError };
