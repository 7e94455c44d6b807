// A server that does what a script says and nothing else: for faults that no real server makes on
// demand. It records what it received, octet for octet.
//
//   import { startScripted } from "./scripted.mjs";
//   import { hello, expect, send, reset } from "./scripted-steps.mjs";
//   const server = await startScripted({ steps: [...hello(["PIPELINING"]), expect("MAIL"), reset()] });
//   … connect to server.port …
//   const connection = await server.finished();     // throws if the client did not follow the script
//   connection.received; connection.lines; connection.messages; await server.stop();
//
//   node tests/servers/scripted.mjs SCRIPT.json      for tests in other languages; see scripted-command.mjs

import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Connection, STEP_TIMEOUT_MS } from "./scripted-connection.mjs";

function matches(line, pattern) {
  return pattern instanceof RegExp ? pattern.test(line) : line.toUpperCase().startsWith(pattern.toUpperCase());
}

function toOctets(what) {
  return Buffer.concat(what.map((part) => (typeof part === "string" ? Buffer.from(`${part}\r\n`) : Buffer.from(part))));
}

/** A linear congruence, so that a failing run can be repeated; CR and LF are left out. */
function garbage(count) {
  const octets = Buffer.alloc(count);
  let state = 12345;
  for (let at = 0; at < count; at += 1) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const octet = state >>> 24;
    octets[at] = octet === 10 || octet === 13 ? 0xff : octet;
  }
  return octets;
}

const ACTIONS = {
  send: (connection, { what }) => connection.write(toOctets(what)),
  sendGarbage: (connection, { count }) => connection.write(garbage(count)),
  async sendSlowly(connection, { text, delayMs }) {
    for (const octet of Buffer.from(text)) {
      await connection.write(Buffer.from([octet]));
      await sleep(delayMs);
    }
  },
  async expect(connection, { pattern }) {
    const line = await connection.readLine(String(pattern));
    if (!matches(line, pattern)) throw new Error(`expected ${pattern}, got ${JSON.stringify(line)}`);
  },
  async readData(connection) {
    connection.messages.push(await connection.readData());
  },
  async readBytes(connection, { count }) {
    connection.messages.push(await connection.readBytes(count));
  },
  async readChunk(connection) {
    const line = await connection.readLine("BDAT");
    const match = /^BDAT (\d+)( LAST)?$/i.exec(line);
    if (!match) throw new Error(`expected BDAT, got ${JSON.stringify(line)}`);
    connection.messages.push(await connection.readBytes(Number(match[1])));
  },
  async startTls(connection, { certificate, options, mayFail }, server) {
    const leaf = certificate ?? server.certificate;
    if (!leaf) throw new Error("startTls: no certificate was given, neither with the step nor with the server");
    try {
      await connection.startTls(leaf, options);
    } catch (error) {
      if (!mayFail) throw new Error(`TLS handshake: ${error.message}`);
      connection.tlsError = error;
      return "stop";
    }
    return undefined;
  },
  close: (connection) => connection.end(),
  closeAbruptly: (connection) => connection.endAbruptly(),
  reset: (connection) => connection.reset(),
  async stall(connection, { ms }, { stopped }) {
    connection.pause();
    await (ms === undefined ? stopped : Promise.race([stopped, sleep(ms)]));
    connection.resume();
  },
  wait: (connection, { ms }, { stopped }) => Promise.race([stopped, sleep(ms)]),
  expectEnd: (connection) => connection.expectEnd(),
  call: (connection, { run }) => run(connection),
};

/**
 * Starts a scripted server on loopback.
 * @param {object} options
 * @param {object[] | ((index: number) => object[])} options.steps of scripted-steps.mjs, the same for
 *   each connection, or made for the first, second, … (index from 0)
 * @param {"none" | "implicit"} [options.tls] implicit: the handshake comes first (STARTTLS is a step)
 * @param {{cert: string, key: string}} [options.certificate] a leaf of ca.mjs
 * @param {object} [options.tlsOptions] for node:tls, e.g. {maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0"}
 * @param {boolean} [options.tlsMayFail] with implicit TLS: a failed handshake is no error
 * @param {string} [options.host] 127.0.0.1 (default) or ::1
 * @returns {Promise<{port: number, host: string, connections: Connection[],
 *   finished: (count?: number) => Promise<Connection>, stop: () => Promise<void>}>}
 *   `finished(n)` waits until n connections (default 1) have done their scripts and returns the last
 *   of them; it throws if a client did something else than the script says.
 */
export async function startScripted({ steps, tls = "none", certificate, tlsOptions, tlsMayFail = false, host = "127.0.0.1" }) {
  if (tls !== "none" && tls !== "implicit") throw new Error("tls: must be none or implicit (STARTTLS is the step startTls)");
  const connections = [];
  const runs = [];
  const waiting = [];
  let stop;
  const stopped = new Promise((resolve) => {
    stop = resolve;
  });
  const context = { certificate, stopped };

  async function play(connection, script) {
    try {
      for (const step of script) {
        const action = ACTIONS[step.do];
        if (!action) throw new Error(`there is no step ${JSON.stringify(step.do)}`);
        if ((await action(connection, step, context)) === "stop") break;
      }
    } catch (error) {
      connection.error = error;
      connection.destroy();
    }
    connection.settle();
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new Connection(socket);
    const index = connections.push(connection) - 1;
    const script = (typeof steps === "function" ? steps(index) : steps).flat();
    if (tls === "implicit") script.unshift({ do: "startTls", options: tlsOptions, mayFail: tlsMayFail });
    runs.push(play(connection, script));
    for (const notify of waiting.splice(0)) notify();
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });

  return {
    host,
    port: server.address().port,
    connections,
    async finished(count = 1) {
      const deadline = sleep(STEP_TIMEOUT_MS, "late", { ref: false });
      while (runs.length < count) {
        const news = new Promise((resolve) => waiting.push(resolve));
        if ((await Promise.race([news, deadline])) === "late") throw new Error(`${runs.length} of ${count} connections came within ${STEP_TIMEOUT_MS} ms`);
      }
      await Promise.all(runs.slice(0, count));
      const failed = connections.slice(0, count).find(({ error }) => error);
      if (failed) throw failed.error;
      return connections[count - 1];
    },
    async stop() {
      stop();
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { runScript } = await import("./scripted-command.mjs");
  await runScript(process.argv.slice(2), { startScripted });
}
