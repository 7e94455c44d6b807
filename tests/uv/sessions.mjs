// Postfix with Dovecot's SASL: what the program sent must have arrived as it was.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix"] });
  const { listeners } = run.postfix;
  return {
    env: {
      CA: run.ca.file,
      TOKEN: run.tokens.valid,
      EXPIRED_TOKEN: run.tokens.expired,
      RELAXED: listeners.relaxed.port,
      IMPLICIT: listeners.implicit.port,
      RSA12: listeners.rsaTls12.port,
      RSA13: listeners.rsaTls13.port,
      ECDSA12: listeners.ecdsaTls12.port,
      ECDSA13: listeners.ecdsaTls13.port,
      CLIENT_CERTIFICATE: listeners.clientCertificate.port,
      CLIENT_CERT_FILE: run.ca.client.chain,
      CLIENT_KEY_FILE: run.ca.client.key,
      UNLIMITED: listeners.unlimitedImplicit.port,
    },
    async verify(output) {
      // The program prints a line "sent QUEUE-ID OCTETS SHA-256" for each message.
      const sent = [...output.matchAll(/^sent \S+ \d+ (\S+)$/gm)].map((match) => match[1]);
      assert.ok(sent.length > 20, `only ${sent.length} messages were sent`);
      const delivered = await run.postfix.delivered({ count: sent.length });
      const digests = delivered.map(({ content }) => createHash("sha256").update(content).digest("hex"));
      assert.deepEqual(digests.sort(), sent.sort());
    },
    stop: () => run.stop(),
  };
}
