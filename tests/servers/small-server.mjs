// A small SMTP server that takes commands in whatever order they come, unlike a script, and offers and
// refuses what a test wants: LIMITS that it enforces by 452, early talkers welcome or not, extensions
// that change from one connection to the next. It keeps what it accepted, and every line it was sent.
//
//   const server = await startSmallServer({ extensions: ["PIPELINING"], rcptMax: 2 });
//   server.port; server.sessions[0].lines; server.messages; await server.stop();

import { once } from "node:events";
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Lines and octets of a socket, in order. */
class Input {
  #octets = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  constructor(socket) {
    socket.on("data", (chunk) => {
      this.#octets = Buffer.concat([this.#octets, chunk]);
      this.#wake();
    });
    for (const event of ["end", "close", "error"]) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  get isEmpty() {
    return this.#octets.length === 0;
  }

  async #take(find) {
    for (;;) {
      const end = find(this.#octets);
      if (end >= 0) {
        const taken = this.#octets.subarray(0, end);
        this.#octets = this.#octets.subarray(end);
        return taken;
      }
      if (this.#ended) return null;
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Without its CRLF; null at the end. */
  async line() {
    const taken = await this.#take((octets) => {
      const at = octets.indexOf("\r\n");
      return at < 0 ? -1 : at + 2;
    });
    return taken && taken.toString("utf8", 0, taken.length - 2);
  }

  exactly(count) {
    return this.#take((octets) => (octets.length < count ? -1 : count));
  }

  /** Message data up to CRLF.CRLF, unstuffed. */
  async data() {
    const lines = [];
    for (let line = await this.line(); line !== "."; line = await this.line()) {
      if (line === null) return null;
      lines.push(line.startsWith(".") ? line.slice(1) : line);
    }
    return Buffer.from(lines.map((line) => `${line}\r\n`).join(""));
  }
}

const address = (line) => /<([^>]*)>/.exec(line)?.[1];

async function serve(socket, options, session, messages) {
  const input = new Input(socket);
  const say = (text) => socket.write(`${text}\r\n`);
  const { extensions, rcptMax = Infinity, replies = {}, greetingDelay = 0, greeting = "220 small.test ESMTP", prdr } = options;
  await sleep(greetingDelay);
  session.early = !input.isEmpty;
  if (session.early && options.patient) {
    say("554 5.5.0 SMTP synchronization error");
    socket.end();
    return;
  }
  say(greeting);
  let envelope = null;
  let content = [];
  /** The answer to a whole message, or several. */
  const accept = (octets) => {
    const id = `4SMALL${String(messages.length).padStart(4, "0")}`;
    messages.push({ ...envelope, content: octets });
    if (prdr && /\bPRDR\b/.test(envelope.mail)) {
      say("353 content analysis has started");
      for (const to of envelope.to) say(prdr(to));
      say(`250 2.0.0 done, id=${id}`);
    } else say(replies.message?.(envelope) ?? `250 2.0.0 Ok: queued as ${id}`);
    envelope = null;
  };
  for (let line = await input.line(); line !== null; line = await input.line()) {
    session.lines.push(line);
    const verb = line.split(" ")[0].toUpperCase();
    const own = replies[verb]?.(line, session);
    if (own) {
      say(own);
      if (/^421/m.test(own)) break;
    } else if (verb === "EHLO") say(["small.test", ...extensions].map((text, at, all) => `250${at === all.length - 1 ? " " : "-"}${text}`).join("\r\n"));
    else if (verb === "AUTH") say("235 2.7.0 ok");
    else if (verb === "XCLIENT") say(options.greeting ?? "220 small.test ESMTP");
    else if (verb === "MAIL") {
      if (envelope) say("503 5.5.1 nested MAIL");
      else {
        envelope = { from: address(line), mail: line, to: [], rcpt: [] };
        content = [];
        say("250 2.1.0 Ok");
      }
    } else if (verb === "RCPT") {
      if (!envelope) say("503 5.5.1 no MAIL");
      else if (envelope.to.length >= rcptMax) say("452 4.5.3 too many recipients");
      else {
        envelope.to.push(address(line));
        envelope.rcpt.push(line);
        say("250 2.1.5 Ok");
      }
    } else if (verb === "DATA") {
      if (!envelope || envelope.to.length === 0) say("554 5.5.1 no valid recipients");
      else {
        say("354 go");
        const octets = await input.data();
        if (!octets) break;
        accept(octets);
      }
    } else if (verb === "BDAT") {
      const [, count, last] = line.split(" ");
      const octets = await input.exactly(Number(count));
      if (!octets) break;
      content.push(octets);
      if (!envelope || envelope.to.length === 0) say("503 5.5.1 no valid recipients");
      else if (last) accept(Buffer.concat(content));
      else say("250 2.0.0 chunk");
    } else if (verb === "RSET") {
      envelope = null;
      say("250 2.0.0 Ok");
    } else if (verb === "QUIT") {
      say("221 2.0.0 bye");
      break;
    } else say(verb === "NOOP" ? "250 2.0.0 Ok" : "502 5.5.2 not implemented");
  }
  socket.end();
}

/**
 * @param {object | ((index: number) => object)} options for all connections, or for each from 0 on:
 *   extensions: lines of the reply to EHLO; rcptMax: recipients answered 250, all others 452; greeting;
 *   greetingDelay: milliseconds; patient: refuses a client that talks before the greeting, as Exim does;
 *   replies: VERB → (line) => a reply instead of the usual one, or undefined; `message` for a message's end;
 *   prdr: (recipient) => its reply, if PRDR was asked for
 * @param {object} [tls] leaf of ca.mjs: TLS from the start
 * @returns {Promise<{port: number, sessions: {lines: string[], early: boolean}[], messages: object[],
 *   stop: () => Promise<void>}>} messages: {from, to, mail, rcpt, content}
 */
export async function startSmallServer(options, tls) {
  const sessions = [];
  const messages = [];
  const sockets = new Set();
  const onConnection = (socket) => {
    socket.on("error", () => {});
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    const session = { lines: [], early: false };
    const index = sessions.push(session) - 1;
    serve(socket, typeof options === "function" ? options(index) : options, session, messages);
  };
  const server = tls ? createTlsServer({ cert: readFileSync(tls.chain), key: readFileSync(tls.key) }, onConnection) : createServer({ noDelay: true }, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    sessions,
    messages,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
