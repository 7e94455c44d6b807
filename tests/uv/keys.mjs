// A server that knows SCRAM-SHA-256 and -512 and, unlike those of Debian in the tests, keeps the salt of a user:
// only so can a salted key serve a second time. Its hashes are those of Node.js.
import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const PASSWORD = "secret";
const SALT = Buffer.from("a salt of sixteen octets");
const ITERATIONS = 100000;

const salted = { sha256: pbkdf2Sync(PASSWORD, SALT, ITERATIONS, 32, "sha256"), sha512: pbkdf2Sync(PASSWORD, SALT, ITERATIONS, 64, "sha512") };

/** One exchange; whether the client has proven that it knows the key. */
async function authenticate(hash, initial, ask) {
  const hmac = (key, text) => createHmac(hash, key).update(text).digest();
  const [, user, nonce] = /^n,,n=([^,]*),r=(.*)$/.exec(Buffer.from(initial, "base64"));
  assert.equal(user, "alice");
  const first = `r=${nonce}${randomBytes(12).toString("hex")},s=${SALT.toString("base64")},i=${ITERATIONS}`;
  const final = Buffer.from(await ask(first), "base64").toString();
  const [, withoutProof, proof] = /^(c=[^,]*,r=[^,]*),p=(.*)$/.exec(final);
  const clientKey = hmac(salted[hash], "Client Key");
  const message = `n=${user},r=${nonce},${first},${withoutProof}`;
  const signature = hmac(createHash(hash).update(clientKey).digest(), message);
  const proven = Buffer.from(proof, "base64").every((octet, at) => octet === (clientKey[at] ^ signature[at]));
  if (proven) await ask(`v=${hmac(hmac(salted[hash], "Server Key"), message).toString("base64")}`);
  return proven;
}

async function serve(socket, log, closes) {
  socket.on("error", () => {});
  const lines = createInterface({ input: socket, crlfDelay: Infinity })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value ?? "";
  const say = (text) => socket.write(`${text}\r\n`);
  say("220 keys.test");
  for (let line = await next(); line; line = await next()) {
    const [verb, mechanism, initial] = line.split(" ");
    if (verb === "EHLO") say("250-keys.test\r\n250 AUTH SCRAM-SHA-256 SCRAM-SHA-512");
    else if (verb === "AUTH") {
      const proven = await authenticate(mechanism.endsWith("512") ? "sha512" : "sha256", initial, (text) => (say(`334 ${Buffer.from(text).toString("base64")}`), next()));
      log.push(proven);
      if (!proven && closes) break;
      say(proven ? "235 ok" : "535 5.7.8 no");
    } else say(verb === "QUIT" ? "221 bye" : "250 ok");
    if (verb === "QUIT") break;
  }
  socket.end();
}

export async function prepare() {
  const log = [];
  const start = (closes) => createServer((socket) => serve(socket, log, closes)).listen(0, "127.0.0.1");
  const server = start(false);
  const closing = start(true);
  await Promise.all([once(server, "listening"), once(closing, "listening")]);
  return {
    env: { PORT: server.address().port, CLOSES: closing.address().port, SALT: SALT.toString("latin1"), ITERATIONS, KEY: salted.sha256.toString("hex"), KEY_512: salted.sha512.toString("hex") },
    verify: () => assert.deepEqual(log.filter((proven) => !proven).length, 10),
    async stop() {
      server.close();
      closing.close();
    },
  };
}
