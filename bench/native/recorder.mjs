// A relay that notes when a session's octets pass it: which commands left together, and when the reply to
// the message was there. It stands between a client and the delay proxy, so that it sees what the client
// sees; plain text only.

import { connect, createServer } from "node:net";

/** Commands, in the order in which a chunk has them; a line of a message that looks like one must not be sent. */
const COMMAND = /^(EHLO|HELO|AUTH|MAIL|RCPT|DATA|BDAT|RSET|NOOP|QUIT)\b/gim;

function noteSent(session, chunk) {
  const commands = [...chunk.toString("latin1").matchAll(COMMAND)].map(([, verb]) => verb.toUpperCase());
  if (commands[0] === "QUIT") session.over = true;
  if (session.over) return;
  // Something between replies that is no command is the message, or a part of it.
  session.sent.push({ at: performance.now() - session.began, commands: commands.length ? commands : ["message"] });
}

/**
 * @param {number} target port on 127.0.0.1
 * @returns {Promise<{port: number, sessions: {sent: {at: number, commands: string[]}[], deliveredAt: number}[],
 *   stop: () => Promise<void>}>} `at` in milliseconds since the client connected; deliveredAt is when the last
 *   octets came in before the client left or sent QUIT
 */
export async function startRecorder(target) {
  const sessions = [];
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const session = { began: performance.now(), sent: [], deliveredAt: 0, over: false };
    sessions.push(session);
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
    client.on("data", (chunk) => {
      noteSent(session, chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!session.over) session.deliveredAt = performance.now() - session.began;
      client.write(chunk);
    });
    for (const [from, to] of [[client, upstream], [upstream, client]]) {
      from.on("end", () => {
        session.over = true;
        to.end();
      });
      from.on("error", () => to.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: server.address().port, sessions, stop: () => new Promise((resolve) => server.close(resolve)) };
}
