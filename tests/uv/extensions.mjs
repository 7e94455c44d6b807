// Dovecot's LMTP, and Postfix for messages that overlap.
import assert from "node:assert/strict";
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix", "dovecot"] });
  const { lmtp, lmtps } = run.dovecot.listeners;
  return {
    env: {
      CA: run.ca.file,
      RELAXED: run.postfix.listeners.relaxed.port,
      LMTP: lmtp.port,
      LMTPS: lmtps.port,
      LMTP_SOCKET: run.dovecot.lmtpSocket,
    },
    async verify(output) {
      const subjects = (list) => list.map(({ content }) => /^Subject: (\S+)/.exec(content.toString("latin1"))[1]).sort();
      const sent = (server) => [...output.matchAll(new RegExp(`^sent ${server} (\\S+)$`, "gm"))].map((match) => match[1]).sort();
      for (const server of ["postfix", "dovecot"]) {
        const wanted = sent(server);
        assert.ok(wanted.length >= 4);
        assert.deepEqual(subjects(await run[server].delivered({ count: wanted.length })), wanted);
      }
    },
    stop: () => run.stop(),
  };
}
