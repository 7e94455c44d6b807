// Two scripted servers, with and without SMTPUTF8, for a client that was built without IDNA.
import { startScripted } from "../servers/scripted.mjs";
import { expect, expectEnd, hello, readData, send } from "../servers/scripted-steps.mjs";

const quit = [expect("QUIT"), send("221 bye"), expectEnd()];
const SCRIPTS = {
  LACKS: [...hello(["PIPELINING"]), ...quit],
  OFFERS: [...hello(["PIPELINING", "SMTPUTF8"]), expect(/^MAIL FROM:<alice@lab\.test> SMTPUTF8$/), expect(/^RCPT TO:<bob@b\u00fccher\.test>$/),
    expect("DATA"), send("250 ok", "250 ok", "354 go"), readData(), send("250 ok"), ...quit],
};

export async function prepare() {
  const servers = {};
  for (const [name, steps] of Object.entries(SCRIPTS)) servers[name] = await startScripted({ steps });
  return {
    env: Object.fromEntries(Object.entries(servers).map(([name, { port }]) => [name, port])),
    verify: () => Promise.all(Object.values(servers).map((server) => server.finished())),
    stop: () => Promise.all(Object.values(servers).map((server) => server.stop())),
  };
}
