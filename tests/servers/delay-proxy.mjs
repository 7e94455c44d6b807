// A TCP proxy that makes loopback feel like a distance: each direction is delayed by half of the
// round-trip time, in order, with half-close; nothing is lost or merged. It counts what crossed it.
//
//   const proxy = await startDelayProxy({ target: { port }, roundTripMs: 40 });
//   proxy.port; proxy.connections[0].turns; await proxy.stop();
//
//   node tests/servers/delay-proxy.mjs --target 127.0.0.1:2525 --rtt 40 [--listen PORT]
//     prints {"port": …}, and a line of JSON for every connection that ended.
//
// Connecting costs what it does over a distance: the greeting is there two round trips after the
// client began to connect. `turns` counts round trips as the client pays for them: what it sends
// belongs to the turn after the latest one of which it has received anything, and what the server
// sends to the latest turn of which it has received anything. For SMTP over plain TCP that is the
// number of waits for the server after the greeting, one after another; replies that come in while
// later commands are under way already are no turns of their own.

import { createServer, Socket } from "node:net";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const MOST_UNDER_WAY = 8 * 1024 * 1024;

/**
 * Moves octets from one socket to another `delayMs` later. One timer serves the whole queue, and
 * the source is paused while much is under way, so that memory stays bounded.
 */
function delay(from, to, delayMs, { onArrival = () => {}, onDelivery = () => {} }) {
  const queue = [];
  let underWay = 0;
  let timer = null;

  function deliver({ chunk, turn }) {
    if (chunk === null) {
      to.end();
      return;
    }
    underWay -= chunk.length;
    onDelivery(chunk, turn);
    if (!to.destroyed && !to.write(chunk)) from.pause();
  }

  function resume() {
    if (from.isPaused() && underWay < MOST_UNDER_WAY && !to.writableNeedDrain) from.resume();
  }

  function release() {
    timer = null;
    const now = performance.now();
    // Before the far end is being connected nothing can be written to it.
    while (queue.length > 0 && queue[0].due <= now && !(to.pending && !to.connecting)) deliver(queue.shift());
    resume();
    arm();
  }

  function arm() {
    // Rounded up, so that the delay is never shorter than asked for.
    if (timer === null && queue.length > 0) timer = setTimeout(release, Math.max(1, Math.ceil(queue[0].due - performance.now())));
  }

  function push(chunk, turn) {
    if (delayMs === 0 && queue.length === 0 && !(to.pending && !to.connecting)) {
      deliver({ chunk, turn });
      return;
    }
    queue.push({ due: performance.now() + delayMs, chunk, turn });
    arm();
  }

  from.on("data", (chunk) => {
    const turn = onArrival(chunk);
    underWay += chunk.length;
    if (underWay >= MOST_UNDER_WAY) from.pause();
    push(chunk, turn);
  });
  from.on("end", () => push(null));
  to.on("drain", resume);
  return () => clearTimeout(timer);
}

/**
 * @param {object} options
 * @param {{host?: string, port: number}} options.target where connections go
 * @param {number} options.roundTripMs both directions together
 * @param {number} [options.port] where to listen on 127.0.0.1; by default any free port
 * @param {(connection: object) => void} [options.onClose] called for each connection that ended
 * @returns {Promise<{port: number, connections: object[], reset: () => void, stop: () => Promise<void>}>}
 *   a connection counts {turns, clientBytes, serverBytes, clientWrites, serverWrites, openedAt, closedAt}
 */
export async function startDelayProxy({ target, roundTripMs, port = 0, onClose = () => {} }) {
  if (!(roundTripMs >= 0)) throw new Error("roundTripMs: must be a number of milliseconds, 0 or more");
  const connections = [];
  const open = new Set();

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const counts = { turns: 0, clientBytes: 0, serverBytes: 0, clientWrites: 0, serverWrites: 0, openedAt: Date.now(), closedAt: null };
    connections.push(counts);
    let seenByClient = 0;
    let seenByServer = 0;
    const upstream = new Socket({ allowHalfOpen: true });
    upstream.setNoDelay(true);
    // Over a distance the server accepts one and a half round trips after the client began to
    // connect, while here the client is connected at once: so the server hears of it that much later.
    const connecting = setTimeout(() => upstream.connect({ host: target.host ?? "127.0.0.1", port: target.port }), roundTripMs * 1.5);
    const cancels = [
      () => clearTimeout(connecting),
      delay(client, upstream, roundTripMs / 2, {
        onArrival(chunk) {
          counts.turns = Math.max(counts.turns, seenByClient + 1);
          counts.clientBytes += chunk.length;
          counts.clientWrites += 1;
          return seenByClient + 1;
        },
        onDelivery(chunk, turn) {
          seenByServer = Math.max(seenByServer, turn);
        },
      }),
      delay(upstream, client, roundTripMs / 2, {
        onArrival: () => seenByServer,
        onDelivery(chunk, turn) {
          seenByClient = Math.max(seenByClient, turn);
          counts.serverBytes += chunk.length;
          counts.serverWrites += 1;
        },
      }),
    ];
    const pair = { client, upstream };
    open.add(pair);
    const finish = () => {
      if (!open.delete(pair)) return;
      for (const cancel of cancels) cancel();
      counts.closedAt = Date.now();
      onClose(counts);
    };
    for (const [socket, other] of [[client, upstream], [upstream, client]]) {
      // A reset on one side is one on the other; so is a target that refuses.
      socket.on("error", () => other.resetAndDestroy());
      socket.on("close", () => {
        if (client.destroyed && upstream.destroyed) finish();
      });
    }
  });

  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: server.address().port,
    connections,
    /** Forgets the counts of connections so far. */
    reset: () => connections.splice(0),
    async stop() {
      for (const { client, upstream } of open) {
        client.destroy();
        upstream.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { target: { type: "string" }, rtt: { type: "string" }, listen: { type: "string", default: "0" } } });
  const match = /^(?:(.+):)?(\d+)$/.exec(values.target ?? "");
  if (!match || !(Number(values.rtt) >= 0)) {
    console.error("usage: delay-proxy.mjs --target [HOST:]PORT --rtt MILLISECONDS [--listen PORT]");
    process.exit(64);
  }
  const proxy = await startDelayProxy({
    target: { host: match[1]?.replace(/^\[(.*)\]$/, "$1"), port: Number(match[2]) },
    roundTripMs: Number(values.rtt),
    port: Number(values.listen),
    onClose: (counts) => console.log(JSON.stringify(counts)),
  });
  console.log(JSON.stringify({ port: proxy.port }));
}
