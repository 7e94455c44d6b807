// Starts the servers for the suite and describes them as data that any runtime can be given; checks
// afterwards that the messages a test says it has sent were delivered, octet by octet.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { startDelayProxy } from "../servers/delay-proxy.mjs";
import { reservePort } from "../servers/ports.mjs";
import { startServers } from "../servers/servers.mjs";
import { SINK_VARIANTS } from "../servers/smtp-sink.mjs";

const SERVERS = ["postfix", "smtp-server", "aiosmtpd"];
/** Servers that only the tests of extensions speak to. */
const MORE = ["exim", "dovecot", "smtp-sink"];
const SINKS = { noPipelining: SINK_VARIANTS.noPipelining };
/** Listeners of Exim that are also to be had from afar, as "far-NAME", so that its greeting takes a while. */
const FAR = ["relaxed", "implicit"];
const FAR_MS = 200;
const DELIVERY_MS = 15000;

export async function startLab() {
  const run = await startServers({ names: [...SERVERS, ...MORE], sinks: SINKS });
  // Accepts and says nothing.
  const held = new Set();
  const silent = createServer((socket) => {
    held.add(socket);
    socket.on("error", () => {});
  });
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  const far = await Promise.all(FAR.map((name) => startDelayProxy({ target: run.exim.listeners[name], roundTripMs: FAR_MS })));
  const config = {
    servers: Object.fromEntries(SERVERS.map((name) => [name, { listeners: run[name].listeners, mechanisms: run[name].mechanisms, users: run[name].users }])),
    more: Object.fromEntries(MORE.map((name) => [name, { listeners: { ...run[name].listeners } }])),
    users: run.users,
    tokens: run.tokens,
    sizeLimit: run.sizeLimit,
    ca: readFileSync(run.ca.file, "utf8"),
    silentPort: silent.address().port,
    closedPort: await reservePort(),
    canTrust: true,
  };
  FAR.forEach((name, index) => (config.more.exim.listeners[`far-${name}`] = { port: far[index].port }));

  async function checkDelivered(messages) {
    for (const { server, listener, marker, content } of messages ?? []) {
      const [message] = await run[server].delivered({ listener, timeoutMs: DELIVERY_MS, where: ({ content: octets }) => octets.includes(marker) });
      const expected = Buffer.from(content);
      if (!message.content.equals(expected)) {
        throw new Error(`${server} delivered other octets:\n${JSON.stringify(message.content.toString("latin1"))}\nsent:\n${JSON.stringify(expected.toString("latin1"))}`);
      }
    }
  }

  async function stop() {
    for (const socket of held) socket.destroy();
    silent.close();
    await Promise.all(far.map((proxy) => proxy.stop()));
    await run.stop();
  }

  return { config, folder: run.dir, caFile: run.ca.file, checkDelivered, stop };
}
