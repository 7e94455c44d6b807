// How long a message takes that has to connect first: round trips from the beginning of the connection
// to the message's last reply, with a login, on Exim (which offers PIPECONNECT) and on Postfix behind a
// proxy that delays both directions. Prints the tables, and writes them into docs/src/performance.md.
//
//   node bench/first-message.mjs [--rtt 200]

import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { connect } from "../adapters/js/hosts/node.mjs";
import { startDelayProxy } from "../tests/servers/delay-proxy.mjs";
import { startServers } from "../tests/servers/servers.mjs";
import { buildClients, runClient, SESSIONS } from "./native/clients.mjs";
import { machine, table, writePart } from "./native/page.mjs";
import { startRecorder } from "./native/recorder.mjs";

const { createTransport } = createRequire(new URL("../tests/package.json", import.meta.url))("nodemailer");
/** So long that what the server and the machine take themselves does not add up to a round trip. */
const { values } = parseArgs({ options: { rtt: { type: "string", default: "200" } } });
const roundTripMs = Number(values.rtt);
const RUNS = 3;
const OCTETS = 2048;
const FROM = "bench@lab.test";
const TO = "b@lab.test";
const text = "A line of a message of two thousand octets.\r\n".repeat(45);
const LOGIN_COMMANDS = ["EHLO", "AUTH"];

buildClients();
const servers = await startServers({ names: ["postfix", "exim"] });
const [{ user, pass }] = servers.users;
const env = { BENCH_USER: user, BENCH_PASSWORD: pass };
const name = "bench.lab.test";

async function inNode(port, { early, expected } = {}) {
  const client = await connect({ hostname: "127.0.0.1", port, tls: "none", ehloName: name, auth: { user, pass, mechanism: "PLAIN" }, allowPlaintextAuth: true, early, expected });
  await client.send({ from: FROM, to: TO, message: `From: ${FROM}\r\nTo: ${TO}\r\nSubject: bench\r\n\r\n${text}` });
  const { capabilities } = client;
  await client.quit();
  return capabilities;
}

/** Each sends one message in the last session that it opens. */
const CLIENTS = {
  "wasm-smtp, libuv": (port) => runClient(SESSIONS, port, 0, OCTETS, { env }),
  "wasm-smtp, libuv, early, first session": (port) => runClient(SESSIONS, port, 0, OCTETS, { env: { ...env, BENCH_EARLY: "1" } }),
  "wasm-smtp, libuv, early, next sessions": (port) => runClient(SESSIONS, port, 1, OCTETS, { env: { ...env, BENCH_EARLY: "1" } }),
  "wasm-smtp, Node": (port) => inNode(port),
  "wasm-smtp, Node, early and expected": async (port) => inNode(port, { early: true, expected: await inNode(port) }),
  async nodemailer(port) {
    const transport = createTransport({ host: "127.0.0.1", port, secure: false, ignoreTLS: true, name, auth: { user, pass }, authMethod: "PLAIN" });
    await transport.sendMail({ from: FROM, to: TO, subject: "bench", text });
    transport.close();
  },
  libcurl: (port) => runClient("libcurl", port, 0, OCTETS, { env }),
};

/** What left in each round trip, from the beginning of the connection on, as a line. */
function steps({ sent, deliveredAt }) {
  const all = Array.from({ length: Math.floor(deliveredAt / roundTripMs) }, () => []);
  // What left before the greeting was there went together with the end of connecting.
  for (const { at, commands } of sent) all[Math.max(1, Math.floor(at / roundTripMs))].push(...commands);
  return ["connect", `greeting ${all[1].join(" ")}`.trim(), ...all.slice(2).map((commands) => [...new Set(commands)].join(" "))].join(" · ");
}

async function measure(target, run) {
  const proxy = await startDelayProxy({ target: { port: target }, roundTripMs });
  const recorder = await startRecorder(proxy.port);
  try {
    const taken = [];
    for (let at = 0; at < RUNS; at += 1) {
      await run(recorder.port);
      const session = recorder.sessions.at(-1);
      const seen = session.sent.flatMap(({ commands }) => commands);
      if (!LOGIN_COMMANDS.every((command) => seen.includes(command))) throw new Error(`a session without ${LOGIN_COMMANDS.join(" or ")}: ${seen.join(" ")}`);
      taken.push(session);
    }
    // Noise can only make a session longer.
    return taken.sort((a, b) => a.deliveredAt - b.deliveredAt)[0];
  } finally {
    await recorder.stop();
    await proxy.stop();
  }
}

const results = {};
try {
  for (const server of ["exim", "postfix"]) {
    // Clients mostly wait, so that they can do so at the same time.
    results[server] = Object.fromEntries(await Promise.all(Object.entries(CLIENTS).map(async ([client, run]) => [client, await measure(servers[server].listeners.unlimited.port, run)])));
  }
} finally {
  await servers.stop();
}

const part = (server) => table(["client", "round trips", "ms", "what waits for a reply of the server"], Object.entries(results[server]).map(([client, session]) =>
  [client, Math.floor(session.deliveredAt / roundTripMs), session.deliveredAt.toFixed(0), steps(session)]));
writePart("first-message", `
One message of 2 KB with AUTH PLAIN, without TLS, from the beginning of the connection to the reply that
says the message is taken, over a round trip of ${roundTripMs} ms; the shortest of ${RUNS} sessions. ${machine()}.

\`early\` lets the envelope leave before the login is answered, and where the server is known from an earlier
session and offers PIPECONNECT, EHLO before the greeting. A message itself never leaves before the login is
answered: so \`early\` saves two round trips with PIPECONNECT, and none without where there is CHUNKING, with
which envelope and message would have left together anyway. libcurl has CURLOPT_SASL_IR set, which saves it one.

Exim (PIPECONNECT):

${part("exim")}

Postfix:

${part("postfix")}
`);
