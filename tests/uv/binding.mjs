// A server of our own that knows SCRAM with channel binding: no mail server that Debian ships does.
// Its TLS and its hashes are those of Node.js, so that it can agree with the client only on what the
// RFCs say (RFC 5802, RFC 5929, RFC 9266).
import assert from "node:assert/strict";
import { X509Certificate, createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createServer } from "node:tls";
import { makeCertificates } from "../servers/ca.mjs";
import { DEFAULT_PARENT } from "../servers/folders.mjs";

const PASSWORD = "secret";
export const MECHANISMS = { "SCRAM-SHA-256-PLUS": "sha256", "SCRAM-SHA-1-PLUS": "sha1", "SCRAM-SHA-512-PLUS": "sha512" };

function bindingOf(socket, certificate) {
  if (socket.getProtocol() === "TLSv1.3") return ["tls-exporter", socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0))];
  return ["tls-server-end-point", createHash("sha256").update(certificate.raw).digest()];
}

/** The server's side of one exchange; whether the client has proven itself and seen the same channel. */
async function authenticate(hash, initial, [type, data], ask) {
  const hmac = (key, text) => createHmac(hash, key).update(text).digest();
  const digest = (key) => createHash(hash).update(key).digest();
  const [, header, first] = /^(p=[^,]*,,)(.*)$/s.exec(Buffer.from(initial, "base64"));
  const [, user, nonce] = /^n=([^,]*),r=(.*)$/.exec(first);
  assert.equal(user, "alice");
  const salt = randomBytes(16);
  const serverFirst = `r=${nonce}${randomBytes(12).toString("hex")},s=${salt.toString("base64")},i=4096`;
  const final = Buffer.from(await ask(serverFirst), "base64").toString();
  const [, withoutProof, channel, proof] = /^(c=([^,]*),r=[^,]*),p=(.*)$/.exec(final);
  const salted = pbkdf2Sync(PASSWORD, salt, 4096, createHash(hash).digest().length, hash);
  const clientKey = hmac(salted, "Client Key");
  const message = `${first},${serverFirst},${withoutProof}`;
  const signature = hmac(digest(clientKey), message);
  const proven = Buffer.from(proof, "base64").every((octet, at) => octet === (clientKey[at] ^ signature[at]));
  const bound = header === `p=${type},,` && Buffer.concat([Buffer.from(header), data]).equals(Buffer.from(channel, "base64"));
  if (proven && bound) await ask(`v=${hmac(hmac(salted, "Server Key"), message).toString("base64")}`);
  return { proven, bound };
}

/** One that sees another channel than the client does, if `other`: an attacker in the middle would. */
export function startServer({ certificate, version, other, log }) {
  const cert = readFileSync(certificate.chain);
  const server = createServer({ cert, key: readFileSync(certificate.key), minVersion: version, maxVersion: version }, async (socket) => {
    socket.on("error", () => {});
    const lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]();
    const next = async () => (await lines.next()).value ?? "";
    const say = (text) => socket.write(`${text}\r\n`);
    say("220 binding.test");
    for (let line = await next(); line; line = await next()) {
      const [verb, mechanism, initial] = line.split(" ");
      if (verb === "EHLO") say(`250-binding.test\r\n250 AUTH PLAIN SCRAM-SHA-256 ${Object.keys(MECHANISMS).join(" ")}`);
      else if (verb === "AUTH") {
        const binding = bindingOf(socket, new X509Certificate(cert));
        if (other) binding[1] = randomBytes(binding[1].length);
        const ask = (text) => (say(`334 ${Buffer.from(text).toString("base64")}`), next());
        const result = await authenticate(MECHANISMS[mechanism], initial, binding, ask);
        log.push({ mechanism, type: binding[0], ...result });
        say(result.proven && result.bound ? "235 ok" : "535 no");
      } else say(verb === "QUIT" ? "221 bye" : "502 no");
      if (verb === "QUIT") break;
    }
    socket.end();
  });
  server.listen(0, "127.0.0.1");
  return once(server, "listening").then(() => server);
}

export async function prepare() {
  const ca = makeCertificates(join(DEFAULT_PARENT, "ca"));
  const log = [];
  const start = (version, other) => startServer({ certificate: ca.good, version, other, log });
  const servers = { TLS13: await start("TLSv1.3"), TLS12: await start("TLSv1.2"), OTHER13: await start("TLSv1.3", true), OTHER12: await start("TLSv1.2", true) };
  return {
    env: { CA: ca.file, ...Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, server.address().port])) },
    verify() {
      const seen = log.map(({ mechanism, type, proven, bound }) => `${mechanism} ${type} ${proven} ${bound}`);
      const each = (type, bound) => Object.keys(MECHANISMS).map((name) => `${name} ${type} true ${bound}`);
      assert.deepEqual(seen, [...each("tls-exporter", true), ...each("tls-server-end-point", true), ...each("tls-exporter", false), ...each("tls-server-end-point", false)]);
    },
    async stop() {
      for (const server of Object.values(servers)) server.close();
    },
  };
}
