// Scripted servers that end sessions before they have served, or refuse one of two.
import assert from "node:assert/strict";
import { startScripted } from "../servers/scripted.mjs";
import { call, close, expect, expectEnd, hello, readData, reply, send } from "../servers/scripted-steps.mjs";

const envelope = [expect("MAIL"), expect("RCPT"), expect("DATA"), send("250 ok", "250 ok", "354 go")];
const message = [...envelope, readData(), send("250 ok")];
const greeting = [send("220 scripted.test ESMTP"), expect("EHLO ")];
const login = [...hello(["PIPELINING", "AUTH PLAIN"]), expect("AUTH PLAIN ")];

/** Passes when it has been opened from elsewhere. */
function makeGate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { open, opened };
}

export async function prepare() {
  const served = makeGate();
  const gone = await startScripted({ steps: [] });
  await gone.stop();
  const servers = {
    // Closes each session in the same breath in which it says hello.
    SHORT: await startScripted({
      steps: () => [...greeting, send("250 scripted.test", "421 too busy"), close()],
    }),
    // The first session serves; the second login is refused when the first message is done.
    ONE_LOGIN: await startScripted({
      steps: (index) =>
        index === 0
          ? [...login, send("235 ok"), ...envelope, readData(), send("250 ok"), call(() => served.open()),
             ...message, expect("QUIT"), send("221 bye"), expectEnd()]
          : [...login, call(() => served.opened), call(() => new Promise((resolve) => setTimeout(resolve, 50))),
             send("454 one at a time", "503 no", "503 no", "503 no"), expect("MAIL"), expect("RCPT"), expect("DATA"),
             expect("QUIT"), send("221 bye"), expectEnd()],
    }),
  };
  const env = { NOBODY: gone.port };
  for (const [name, { port }] of Object.entries(servers)) env[name] = port;
  return {
    env,
    verify() {
      const seen = (name) => servers[name].connections.map(({ messages }) => messages.length);
      assert.deepEqual(seen("SHORT"), [0]);
    },
    async stop() {
      await Promise.all(Object.values(servers).map((server) => server.stop()));
    },
  };
}
