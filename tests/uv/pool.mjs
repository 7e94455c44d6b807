// smtp-sink for the pool's limits; scripted servers for sessions that end behind its back.
import assert from "node:assert/strict";
import { startServers } from "../servers/servers.mjs";
import { startScripted } from "../servers/scripted.mjs";
import { close, expect, expectEnd, hello, readData, reset, send, wait } from "../servers/scripted-steps.mjs";

const envelope = [expect("MAIL"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "354 go")];
const message = [...envelope, readData(), send("250 ok")];
const opening = hello(["PIPELINING"]);
const whole = [...opening, ...message, expect("QUIT"), send("221 bye"), expectEnd()];

const SERVERS = {
  // The session that served one message is gone when the second comes: a new one takes it.
  IDLE_421: [[...opening, ...message, expect("MAIL"), send("421 idle too long"), close()], whole],
  IDLE_CLOSED: [[...opening, ...message, wait(50), close()], whole],
  // Nothing of this kind for a message whose end was sent: it is in doubt, and not sent again.
  DROPPED: [[...opening, ...message, ...envelope, readData(), reset()], whole],
  // LIMITS (RFC 9422): two messages a session, however many wait.
  MAILMAX: [[...hello(["PIPELINING", "LIMITS MAILMAX=2"]), ...message, ...message, expect("QUIT"), send("221 bye"), expectEnd()]],
  // One recipient a transaction: the second message is too much for the first session.
  SPLIT: [[...hello(["PIPELINING", "LIMITS MAILMAX=2 RCPTMAX=1"]), ...message, ...message, expect("QUIT"), send("221 bye"), expectEnd()]],
  // A fresh session's 421 is final.
  ALWAYS_421: [[...opening, expect("MAIL"), send("421 not now"), close()]],
};

export async function prepare() {
  const run = await startServers({ names: ["smtp-sink"], sinks: { discard: [] } });
  const servers = {};
  for (const [name, scripts] of Object.entries(SERVERS)) {
    servers[name] = await startScripted({ steps: (index) => scripts[Math.min(index, scripts.length - 1)] });
  }
  const gone = await startScripted({ steps: [] });
  await gone.stop();
  const env = { SINK: run["smtp-sink"].listeners.discard.port, NOBODY: gone.port };
  for (const [name, { port }] of Object.entries(servers)) env[name] = port;
  return {
    env,
    verify() {
      const seen = Object.fromEntries(Object.entries(servers).map(([name, { connections }]) => [name, connections.map(({ messages }) => messages.length)]));
      assert.deepEqual(seen, { IDLE_421: [1, 1], IDLE_CLOSED: [1, 1], DROPPED: [2], MAILMAX: [2, 2, 1], SPLIT: [2, 2], ALWAYS_421: [0] });
    },
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
      await run.stop();
    },
  };
}
