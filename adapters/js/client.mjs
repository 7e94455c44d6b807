// The asynchronous client: drives a session over any socket of the shape
//
//   { read(): Promise<Uint8Array | null>, write(bytes): Promise, startTls(): Promise<socket>, close(): Promise }
//
// One read and one write may be pending at the same time: a server may answer before it has read
// everything. A host (hosts/*.mjs) gives {module(), open(options), explain(error), maxIterations};
// all SMTP is in the engine, all sockets are in the host.

import { openSession } from "./driver.mjs";
import { SmtpError, inputError } from "./error.mjs";
import { isAscii, toAscii } from "./idna.mjs";
import { openMessage, sourceError } from "./message.mjs";
import { SEND, checkAuth, checkConnect, checkSend, checkXclient } from "./options.mjs";
import { REASONS, sentence } from "./reasons.mjs";

const PORTS = { implicit: 465, starttls: 587, none: 25 };
const QUEUE_ID = /(?:queued as |(?:^|\s)id[= ])([a-z\d-]{6,})/i;
/** How long after a failed write the server's last words are waited for, ms. */
const LAST_WORDS = 500;

/** Calls `react` when the signal is or gets aborted; returns how to stop that. */
function onAbort(signal, react) {
  if (signal?.aborted) react();
  signal?.addEventListener("abort", react);
  return () => signal?.removeEventListener("abort", react);
}

/** Name and octets of SCRAM's hash functions, by the engine's number. */
const HASHES = [, ["SHA-1", 20], ["SHA-256", 32], ["SHA-512", 64]];

async function deriveByWebCrypto({ hash, salt, iterations }, pass) {
  const [name, length] = HASHES[hash];
  const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pass), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: name, salt, iterations }, key, length * 8));
}

/** For what may fail without breaking the session, such as the caller's listeners: gives undefined then. */
async function quietly(act) {
  try {
    return await act();
  } catch {}
}

/** For an error of send(): every recipient has an outcome, also when the message never reached the session. */
const allUnsent = ({ to }) => to.map((address) => ({ address, status: "not-sent", code: null, enhanced: null, text: "" }));

/** Opens a session over one host's sockets, and logs in if `auth` is given. */
export async function connect(host, given) {
  checkConnect(given);
  const options = { tls: "implicit", ehloName: "[127.0.0.1]", ...given };
  for (const name of ["hostname", "serverName", "ehloName"]) options[name] &&= toAscii(options[name], name);
  options.port ??= options.protocol === "lmtp" ? 24 : PORTS[options.tls];
  const { hostname, port, tls, auth, policy, signal } = options;
  const module = await host.module();
  let session = openSession(module, options);
  if (auth) checkAuth(auth, session.mechanisms);

  let socket;
  let tail = Promise.resolve(); // operations start one after another
  let next; // tells the one that waits to look whether it may start
  let leave; // lets it go on without its policy
  let operation; // the one that runs, if it is no message: {start, resolve, reject, …}
  const again = []; // those to be started again, on another connection
  const messages = new Map(); // those under way, by the engine's transaction
  let filling; // the one that gives its text
  let input; // received octets that the engine has not taken yet
  let inputEnds; // 1: the peer closed its side; 2: and the engine knows
  let reading;
  let writing; // the pending write
  let upgrading;
  let pumping;
  let epoch;
  let timer;
  let asking; // bounds the wait for an access token
  let lastWords;
  let failure; // why this side gave up: {cause, token, culprit}
  let ended; // the error that ended the session, or that it was ended
  let byOne; // whether one operation alone is to blame for that
  let closing; // settles when the connection is closed
  let unlisten;
  const stop = new AbortController(); // ends an attempt to connect

  const emit = (type, fields) => quietly(() => options.onEvent?.({ type, ...fields }));
  const trace = (direction, bytes, secretAt) => quietly(() => options.trace?.({ direction, bytes: bytes.slice(0, secretAt), redacted: bytes.length - secretAt }));

  /** An error of this side, in the engine's words. */
  const ownError = (kind, reason, why, cause) => new SmtpError(sentence(reason) + (why ? `: ${why}` : ""), { kind, reason }, cause);

  function settle(current, error, value) {
    if (current === operation) operation = undefined;
    if (!current) return;
    current.over = true;
    if (error) current.reject(error);
    else current.resolve(value);
    // Others may count on this login.
    if (error && current.early) fail("cancelled", error);
  }

  // --- the end ---

  /** This side gives up, for one operation or altogether. The host may know the reason better. */
  function fail(reason, cause, culprit) {
    if (ended) return;
    const token = host.explain?.(cause);
    failure ??= { cause, token, culprit };
    session.ioFailed(REASONS.includes(token) ? token : reason);
    pump();
  }

  /** Whether a reply to one message, before its end, ended the session: it says nothing about others. */
  const refusedInside = ({ kind, step, retryable }) => kind === "refused" && step === "message" && !retryable;

  /** The engine's error, with what only this side knows of its cause; `answered`: a reply decided about the message. */
  function explain(error, current, answered) {
    const culprit = failure ? failure.culprit : error.kind === "input" && filling;
    if (current && ((culprit && culprit !== current) || (refusedInside(error) && !answered))) {
      const { step, inDoubt } = error;
      return new SmtpError("another message ended the session", { kind: "transport", reason: "cancelled", step, inDoubt, retryable: !inDoubt }, failure?.cause ?? error);
    }
    if (!failure || error.code) return error;
    const { cause, token } = failure;
    if (cause instanceof SmtpError) return new SmtpError(cause.message, { ...error, ...cause, inDoubt: error.inDoubt }, cause.cause);
    const step = socket ? error.step : "connect";
    let message = `during ${step}, ${sentence(error.reason)}`;
    if (error.reason === "timeout" && step === "greeting" && tls !== "implicit") message += '; a server that expects TLS at once needs tls: "implicit"';
    if (cause && error.reason !== "cancelled") message += `: ${cause.message ?? cause}`;
    return new SmtpError(message.trim(), { ...error, step, reason: token ?? error.reason }, cause);
  }

  /** A key that the server may have refused is not used again. */
  const forget = ({ auth, cached }) => cached && quietly(() => auth.keys.delete(cached));

  function stopWaiting() {
    for (const one of [timer, asking, lastWords]) clearTimeout(one);
  }

  function finish(error) {
    ended = error ?? new SmtpError("it was closed", { kind: "misuse", reason: "closed" });
    byOne = error && (failure ? failure.culprit : error.kind === "input" || refusedInside(error));
    stopWaiting();
    unlisten?.();
    stop.abort();
    closing = quietly(() => socket?.close());
    session.end();
    leave?.();
    if (operation) forget(operation);
    emit(error ? "SessionAborted" : "QuitCompleted", { error });
    settle(operation, error);
    // Each its own: the outcomes of recipients come into it.
    for (const current of again.splice(0)) settle(current, new SmtpError(ended.message, { ...ended }, ended.cause));
  }

  // --- the drive loop ---

  function arm(limit) {
    clearTimeout(timer);
    if (limit) timer = setTimeout(fail, limit, "timeout");
  }

  async function open() {
    arm(session.limit("connect"));
    unlisten?.();
    unlisten = onAbort(signal, () => fail("cancelled", signal.reason));
    if (ended) return;
    try {
      const { serverName = hostname, ca } = options;
      const opened = await host.open({ hostname, port, tls, serverName, ca, signal: stop.signal });
      if (ended) return void quietly(() => opened.close());
      socket = opened;
      arm();
      emit("Connected", { hostname, port });
      pump();
    } catch (error) {
      fail("connect-failed", error);
    }
  }

  /**
   * The server does not offer what was expected of it, or does not take commands before its greeting
   * (554): once more, without that. Nothing has been handed over, for nothing has been answered. While
   * the opening itself still waits, nothing was counted on.
   */
  const outdated = (error) => options.expected && operation?.start !== open && (error?.reason === "capabilities-changed" || error?.code === 554);

  function reopen() {
    options.expected = undefined;
    if (operation) again.unshift(operation);
    // Until it is open nothing else may start.
    operation = { resolve() {}, reject() {} };
    stopWaiting();
    quietly(() => socket.close());
    session.end();
    socket = input = inputEnds = reading = writing = filling = epoch = undefined;
    session = openSession(module, options);
    open();
  }

  const live = () => !ended && (socket || failure);

  /** Does everything that is possible now; whatever becomes possible later calls it again. */
  function pump() {
    if (pumping || !live()) return;
    pumping = true;
    while (live() && advance());
    pumping = false;
    while (again.length && mayStart(again[0])) begin(again.shift());
    next?.();
    if (!live()) return;
    if (!reading && !upgrading && !input && !inputEnds && session.canRead()) read();
    const [limit, now] = session.timer();
    if (now !== epoch) arm(limit);
    epoch = now;
  }

  /** One round; whether there may be more to do. */
  function advance() {
    const event = session.next();
    if (event) {
      handlers[event.type](event);
      return true;
    }
    if (input) {
      const taken = session.feed(input);
      input = taken < input.length ? input.subarray(taken) : undefined;
      if (taken) return true;
    } else if (inputEnds === 1) {
      inputEnds = 2;
      session.feedEnd();
      return true;
    }
    // The message first: as much of it as there is goes in one write.
    if (feedBody()) return true;
    const output = !writing && !upgrading && session.take();
    if (output) write(output);
    return output;
  }

  function feedBody() {
    if (!filling || !session.canBody()) return false;
    if (filling.chunk?.length) {
      // Where nothing is taken, there is an event to say why.
      filling.chunk = filling.chunk.subarray(session.bodyWrite(filling.chunk));
      return true;
    }
    if (filling.pieces) filling.chunk = filling.pieces[filling.at++] ?? null;
    else if (filling.chunk !== null && !filling.pulling) pull(filling);
    if (filling.chunk === null) session.bodyEnd();
    return filling.pieces || filling.chunk === null;
  }

  async function pull(current) {
    const { next } = current;
    current.pulling = true;
    try {
      const chunk = await next();
      // Meanwhile another part of the recipients may have begun, with a source of its own.
      if (current.next !== next) return;
      current.chunk = chunk;
      current.left -= chunk?.length;
      if (current.left < 0) throw ownError("policy", "policy", `larger than ${policy.maxBytes} octets`);
      current.pulling = false;
      pump();
    } catch (error) {
      if (!current.over && current.next === next) fail("cancelled", sourceError(error), current);
    }
  }

  async function read() {
    const current = session;
    reading = true;
    try {
      const bytes = await socket.read();
      if (current !== session) return;
      input = bytes;
      reading = false;
      if (input) trace("received", input, input.length);
      else inputEnds = 1;
      pump();
    } catch (error) {
      if (current === session) fail("connection-lost", error);
    }
  }

  async function write({ bytes, secretAt }) {
    const current = session;
    trace("sent", bytes, secretAt);
    try {
      await (writing = socket.write(bytes));
      if (current !== session) return;
      writing = undefined;
      pump();
    } catch (error) {
      if (current !== session) return;
      // The server may have said why it closed: what is on its way in is read first.
      lastWords = setTimeout(fail, reading ? LAST_WORDS : 0, "connection-lost", error);
    }
  }

  async function upgrade() {
    // Octets behind the reply to STARTTLS: the engine refuses them as soon as it is given them.
    if (input) return;
    upgrading = true;
    try {
      await writing;
      const secured = await socket.startTls();
      if (ended) return void quietly(() => secured.close());
      socket = secured;
      upgrading = false;
      session.tlsDone();
      emit("TlsUpgraded");
      pump();
    } catch (error) {
      fail("tls-failed", error);
    }
  }

  /** Logs in, as the operation that runs; `refusal` is what the server said before to other credentials. */
  async function logIn(current, refusal) {
    const { auth } = current;
    const at = session;
    let { accessToken } = auth;
    current.refusal = refusal;
    try {
      if (accessToken?.call) {
        accessToken = await askToken(accessToken, refusal);
        if (current.over || at !== session) return;
        if (refusal && accessToken === current.token) throw refusal;
        current.token = accessToken;
      }
      session.login({ ...options, ...auth, accessToken, nonce: crypto.getRandomValues(new Uint8Array(24)) });
    } catch (error) {
      settle(current, error);
    }
    pump();
  }

  /** Asks the caller for an access token, which may take as long as a command. */
  async function askToken(ask, refusal) {
    // A limit of its own: with PIPECONNECT the server's replies, which have theirs, come meanwhile.
    const limit = session.limit("command");
    const wait = (asking = limit && setTimeout(fail, limit, "timeout", new Error("no access token came")));
    const token = await Promise.resolve(refusal)
      .then(ask)
      .catch((error) => {
        throw new SmtpError("the source of the access token failed", { kind: "input", reason: "token-source", field: "auth.accessToken" }, error);
      })
      .finally(() => clearTimeout(wait));
    if (typeof token !== "string" || !token) throw inputError("auth.accessToken", "must give a token");
    return token;
  }

  async function derive({ key: request }) {
    const current = operation;
    const { auth: { user, pass, keys }, refusal } = current;
    const { hash, iterations, salt } = request;
    const [name, length] = HASHES[hash];
    // Of this server only: another one could ask for the key to the same salt, to pass its proof on.
    const id = `${name} ${iterations} ${btoa(String.fromCharCode(...salt))} ${hostname} ${user}`;
    let key = refusal ? undefined : await quietly(async () => new Uint8Array(await keys.get(id)));
    current.cached = key?.length === length && id;
    // Where WebCrypto refuses, the engine's own derivation serves.
    if (!current.cached) key = iterations > host.maxIterations ? undefined : await quietly(() => deriveByWebCrypto(request, pass));
    if (operation !== current) return;
    key = session.keyDerived(key);
    current.keep = () => current.cached || keys?.set(id, key);
    pump();
  }

  function done({ transaction, reply, error }) {
    const current = messages.get(transaction);
    messages.delete(transaction);
    if (outdated(error)) return void again.push(current);
    const { to, texts } = current;
    const recipients = session.outcomes(transaction).map(([outcome, fromMessage], index) => ({
      address: to[index],
      ...outcome,
      // Of a message that went in parts there is the reply to one.
      text: fromMessage ? (outcome.code === reply.code ? reply.text : "") : outcome.code ? texts[index] : "",
    }));
    const accepted = recipients.filter(({ status }) => status === "accepted").length;
    const result = { recipients, accepted, ...reply, queueId: QUEUE_ID.exec(reply.text)?.[1] ?? null };
    if (accepted) emit("MessageAccepted", result);
    settle(current, accepted ? undefined : Object.assign(explain(error, current, recipients.some(({ code }) => code)), { recipients }), result);
  }

  /** What to do about each event, in the order of the engine's header. */
  const handlers = [
    /* NONE */ undefined,
    /* GREETING */ ({ reply }) => emit("GreetingReceived", reply),
    /* EHLO */ () => {
      if (tls !== "starttls" || session.secure()) options.expected = undefined;
      emit("EhloCompleted", { capabilities: session.capabilities() });
    },
    /* START_TLS */ upgrade,
    /* READY */ () => settle(operation),
    /* DERIVE_KEY */ derive,
    /* AUTHENTICATED */ () => {
      session.wipe();
      quietly(() => operation.keep?.());
      emit("AuthCompleted", { mechanism: session.mechanism() });
      settle(operation);
    },
    /* MAIL */ ({ reply }) => reply.code < 300 && emit("MailFromAccepted", reply),
    /* RECIPIENT */ ({ transaction, recipient, reply }) => {
      const { to, texts, taken } = messages.get(transaction);
      const accepted = reply.code < 300;
      // A second reply that accepts is one to the message (LMTP, PRDR): MessageAccepted says so.
      if (!accepted || !taken[recipient]) emit(accepted ? "RecipientAccepted" : "RecipientRejected", { address: to[recipient], ...reply });
      taken[recipient] = accepted;
      texts[recipient] = reply.text;
    },
    /* BODY */ ({ transaction }) => {
      filling = messages.get(transaction);
      try {
        // From the beginning, also of a further part of the recipients.
        if (filling.open) filling.cancel?.();
        Object.assign(filling, { at: 0, chunk: undefined, pulling: false, left: policy?.maxBytes }, filling.open?.());
      } catch (error) {
        fail("cancelled", sourceError(error), filling);
      }
    },
    /* DONE */ done,
    /* COMPLETED */ ({ reply }) => settle(operation, undefined, reply),
    /* REFUSED */ ({ error }) => {
      session.wipe();
      const { auth, cached, refusal } = operation;
      // A password may have changed since its key was kept, a token may have expired: once more, with another.
      if (!refusal && (cached ? !error.retryable : error.code === 535 && auth?.accessToken?.call)) {
        forget(operation);
        logIn(operation, error);
      } else settle(operation, error);
    },
    /* CLOSED */ () => finish(),
    /* FAILED */ ({ error }) => (outdated(error) ? reopen() : finish(explain(error))),
  ];

  // --- operations ---

  /** Whether an operation may start: nothing else runs, or what a message may overlap. */
  const mayStart = ({ to }) => ended || (!operation && !messages.size) || (to && session.mayOverlap());

  /** Settles when an operation may start. */
  const turn = (current) =>
    new Promise((resolve) => {
      next = () => !again.length && mayStart(current) && resolve();
      next();
    });

  function begin(current) {
    try {
      if (byOne) throw new SmtpError("the session is over: another operation ended it", { kind: "transport", reason: "cancelled", retryable: true }, ended);
      if (ended) throw new SmtpError(`the session is over: ${ended.message}`, { ...ended, step: undefined, retryable: ended.retryable || ended.inDoubt, inDoubt: false }, ended);
      current.started = true;
      if (!current.to) operation = current;
      current.start(current);
      pump();
    } catch (error) {
      settle(current, error);
    }
  }

  /**
   * Runs an operation at its turn: `prepare` may still refuse it, `start` starts it in the engine, an
   * event ends it.
   */
  function run(signal, start, current = {}, prepare) {
    const outcome = new Promise((resolve, reject) => Object.assign(current, { start, resolve, reject }));
    const cancelled = () => (current.started ? current.over || fail("cancelled", signal.reason, current) : current.reject(ownError("transport", "cancelled", "", signal.reason)));
    const unlisten = onAbort(signal, cancelled);
    tail = tail.then(async () => {
      await turn(current);
      try {
        // Who waits for a policy waits no longer than for the session, or until it is cancelled.
        if (prepare && !ended && !signal?.aborted) {
          await new Promise((resolve, reject) => {
            leave = resolve;
            prepare().then(resolve, reject);
            outcome.catch(reject);
          });
        }
        // Meanwhile the server may have said that it takes no message before the last one is done.
        await turn(current);
        if (!signal?.aborted) begin(current);
      } catch (error) {
        settle(current, error);
      }
    });
    return outcome.finally(unlisten);
  }

  const command = (name, signal) => run(signal, () => session[name]());
  const query = (step) => (text, { signal } = {}) => run(signal, () => session.query(step, text));

  function scan(pieces, request) {
    // Binary is what it is.
    const [size, has8bit, bareCr, bareLf, longLine] = request.binary ? [pieces.reduce((sum, { length }) => sum + length, 0)] : session.scan(pieces);
    const mends = request.newlines === "crlf";
    const reason = (bareCr && !mends && "body-bare-cr") || (bareLf && !mends && "body-bare-lf") || (longLine && request.longLines !== "pass" && "body-line-too-long");
    if (reason) throw inputError("message", sentence(reason) + (longLine ? "" : ' (newlines: "crlf" mends that)'), reason);
    if ((request.size ?? size) !== size) throw inputError("size", `must be ${size}, the size of the message, or left out`);
    request.size = size;
    request.body ||= has8bit ? 2 : 1;
  }

  /** The request with A-labels for domains, and with SMTPUTF8 if a local part needs it and the server offers it. */
  function internationalize(request) {
    const { from, to } = request;
    const smtputf8 = request.smtputf8 ?? ([from, ...to].some((address) => /[^\0-\x7f][^]*@/.test(address)) && session.capabilities().smtputf8);
    return { ...request, smtputf8, from: toAscii(from, "from"), to: to.map((address, index) => toAscii(address, "to", index)) };
  }

  async function applyPolicy({ from, to, size = null }) {
    let cause;
    const verdict = await Promise.resolve({ from, recipients: [...to], size }).then(policy).catch((error) => `${(cause = error)?.message ?? error}`);
    if (verdict === false || typeof verdict === "string") throw ownError("policy", "policy", verdict, cause);
  }

  const client = {
    get capabilities() {
      return session.capabilities();
    },
    get secure() {
      return session.secure();
    },
    get mechanism() {
      return session.mechanism();
    },
    get closed() {
      return !!ended;
    },
    get memorySize() {
      return session.memorySize();
    },

    async login(auth, { signal } = {}) {
      checkAuth(auth, session.mechanisms);
      await run(signal, logIn, { auth });
    },

    async send(message) {
      const request = checkSend(message);
      let source;
      try {
        source = openMessage(message.message);
        request.body = request.binary ? 3 : 0;
        if (source.pieces) scan(source.pieces, request);
        // What can be given again can go in parts.
        request.split = !source.next;
        return await run(
          message.signal,
          (current) => messages.set(session.submit(internationalize(request)), current),
          Object.assign(source, { to: request.to, texts: [], taken: [] }),
          policy && (() => applyPolicy(request)),
        );
      } catch (error) {
        error.recipients ??= allUnsent(request);
        throw error;
      } finally {
        source?.cancel?.();
      }
    },

    vrfy: query("VRFY"),
    expn: query("EXPN"),
    help: query("HELP"),
    async xclient(attributes, { optional, signal } = {}) {
      const list = checkXclient(attributes, optional);
      await run(signal, () => session.xclient(list));
    },

    noop: ({ signal } = {}) => command("noop", signal),
    reset: ({ signal } = {}) => command("reset", signal),

    /** Never fails: what was sent stays sent. */
    async quit() {
      await command("quit").catch(() => {});
      await closing;
    },

    async close() {
      fail("cancelled");
      await closing;
    },

    [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]: () => client.quit(),
  };

  await run(undefined, open);
  if (auth) {
    const login = run(undefined, logIn, { auth, early: options.early });
    try {
      if (options.early) login.catch(() => {});
      else await login;
    } catch (error) {
      await client.quit();
      throw error;
    }
  }
  return client;
}

/** A policy that limits messages; streams are cut off at the limit, without being delivered. */
export const boundedPolicy = ({ maxRecipients, maxBytes }) =>
  Object.assign(
    ({ recipients, size }) => (recipients.length > maxRecipients ? `more than ${maxRecipients} recipients` : size <= (maxBytes ?? size) || `larger than ${maxBytes} octets`),
    { maxBytes },
  );

/** Connects, sends one message and quits. */
export async function sendMail(host, options) {
  const connection = {};
  const message = {};
  for (const name in options) (Object.hasOwn(SEND, name) ? message : connection)[name] = options[name];
  const request = checkSend(message);
  const client = await connect(host, { ...connection, signal: options.signal }).catch((error) => {
    quietly(() => openMessage(message.message).cancel?.());
    throw Object.assign(error, { recipients: allUnsent(request) });
  });
  try {
    return await client.send(message);
  } finally {
    await client.quit();
  }
}

export { SmtpError };
