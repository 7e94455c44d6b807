// Servers that take only so many recipients at a time: by LIMITS, or by 452.
import assert from "node:assert/strict";
import { startSmallServer } from "../servers/small-server.mjs";

const SERVERS = {
  LIMITS: { extensions: ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES", "LIMITS RCPTMAX=2"], rcptMax: 2 },
  LIMITS_DATA: { extensions: ["LIMITS RCPTMAX=2"], rcptMax: 2 },
  DOMAINS: { extensions: ["PIPELINING", "LIMITS RCPTDOMAINMAX=1"] },
  PUT_OFF: { extensions: ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"], rcptMax: 2 },
};

export async function prepare() {
  const servers = {};
  for (const [name, options] of Object.entries(SERVERS)) servers[name] = await startSmallServer(options);
  return {
    env: Object.fromEntries(Object.entries(servers).map(([name, { port }]) => [name, port])),
    verify(output) {
      // The program prints "sent SERVER SUBJECT: a b | c" for each message: its transactions and recipients.
      const wanted = [...output.matchAll(/^sent (\S+) (\S+): (.*)$/gm)];
      assert.ok(wanted.length >= 8);
      for (const [, server, subject, parts] of wanted) {
        const got = servers[server].messages.filter(({ content }) => content.includes(`Subject: ${subject}\r\n`));
        assert.equal(got.map(({ to }) => to.map((one) => one.replace(/@.*/, "")).join(" ")).join(" | "), parts, `${server} ${subject}`);
        for (const { content } of got) assert.deepEqual(content, got[0].content);
      }
    },
    stop: () => Promise.all(Object.values(servers).map((server) => server.stop())),
  };
}
