// The child process in which the npm package smtp-server runs: node smtp-server-process.mjs SETTINGS.json
// Each message goes to MAILBOX/NNNNNN.eml, octets as received after dot-unstuffing, its envelope to NNNNNN.json.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createWriteStream, readFileSync, renameSync, unlink, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pipeline } from "node:stream";

// Found by the tests' own package.json, one folder up.
const { SMTPServer } = createRequire(new URL("../package.json", import.meta.url))("smtp-server");

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
let count = 0;

function refusal(code, message) {
  return Object.assign(new Error(message), { responseCode: code });
}

const RECIPIENT_REFUSALS = {
  bad: [550, "no such user"],
  nosuch: [550, "no such user"],
  full: [552, "mailbox full"],
  grey: [450, "greylisted, try again in 1 second"],
  multi: [550, ["line one", "line two", "line three"]],
};
const SENDER_REFUSALS = { badsender: [553, "bad sender"], greysender: [451, "try later"] };
const END_OF_DATA_REFUSALS = { eod5xx: [554, "content refused after data"], eod4xx: [451, "refused after data"] };

const localPart = (address) => address.slice(0, address.lastIndexOf("@"));

function makeRefusal([code, text]) {
  const error = refusal(code, String(text));
  // smtp-server writes an array as a multi-line reply.
  if (Array.isArray(text)) error.message = text;
  return error;
}

function isGoodToken(user, token) {
  const [header, payload, signature] = String(token).split(".");
  if (signature === undefined) return false;
  const expected = createHmac("sha256", settings.tokenKey).update(`${header}.${payload}`).digest();
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  return claims.sub === user && claims.exp > Date.now() / 1000;
}

function authenticate(auth, session, done) {
  const user = settings.users.find((candidate) => candidate.user === auth.username);
  let good = false;
  if (auth.method === "XOAUTH2") good = Boolean(user) && isGoodToken(auth.username, auth.accessToken);
  else if (auth.method === "CRAM-MD5") good = Boolean(user) && auth.validatePassword(user.pass);
  else good = Boolean(user) && auth.password === user.pass;
  if (good) return done(null, { user: auth.username });
  if (auth.method === "XOAUTH2") return done(null, { data: { status: "401", schemes: "bearer mac", scope: "smtp" } });
  return done(refusal(535, "authentication credentials invalid"));
}

function makeServer(listener) {
  const server = new SMTPServer({
    secure: listener.tls === "implicit",
    lmtp: listener.protocol === "lmtp",
    name: "smtp-server.lab.test",
    banner: "smtp-server",
    cert: readFileSync(settings.cert),
    key: readFileSync(settings.key),
    minVersion: "TLSv1.2",
    authMethods: settings.mechanisms,
    authOptional: listener.auth !== "required",
    allowInsecureAuth: listener.tls !== "required",
    disabledCommands: [...(listener.auth === "none" ? ["AUTH"] : []), ...(listener.tls === "none" ? ["STARTTLS"] : [])],
    size: listener.sizeLimit || undefined,
    rejectOversized: Boolean(listener.sizeLimit),
    hideENHANCEDSTATUSCODES: false,
    hideDSN: false,
    hideREQUIRETLS: false,
    maxAllowedUnauthenticatedCommands: Number.MAX_SAFE_INTEGER,
    disableReverseLookup: true,
    socketTimeout: 30000,
    closeTimeout: 1000,
    onAuth: authenticate,
    onMailFrom({ address }, session, done) {
      const refused = SENDER_REFUSALS[localPart(address)];
      done(refused && makeRefusal(refused));
    },
    onRcptTo({ address }, session, done) {
      const name = localPart(address);
      if (name === "slow") return setTimeout(done, 3000);
      if (name === "gone421") {
        for (const connection of server.connections) {
          if (connection.session === session) setImmediate(() => connection.close());
        }
        return done(refusal(421, "shutting down now"));
      }
      const refused = RECIPIENT_REFUSALS[name];
      return done(refused && makeRefusal(refused));
    },
    onData(stream, session, done) {
      count += 1;
      const base = join(settings.mailbox, String(count).padStart(6, "0"));
      const id = String(count).padStart(6, "0");
      const { mailFrom, rcptTo } = session.envelope;
      pipeline(stream, createWriteStream(`${base}.tmp`), (error) => {
        if (error) return done(error);
        const refusals = rcptTo.map(({ address }) => END_OF_DATA_REFUSALS[localPart(address)]);
        const refused = refusals.find(Boolean);
        // LMTP answers for each recipient; SMTP refuses the message if one of them does.
        const inLmtp = listener.protocol === "lmtp";
        if ((inLmtp ? refusals.every(Boolean) : refused) || stream.sizeExceeded) {
          return unlink(`${base}.tmp`, () => (inLmtp ? done(null, refusals.map((one) => (one ? makeRefusal(one) : id))) : done(refused && makeRefusal(refused))));
        }
        writeFileSync(`${base}.json`, JSON.stringify({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.filter((_, index) => !inLmtp || !refusals[index]).map(({ address }) => address),
          mailArgs: mailFrom?.args || {},
          rcptArgs: rcptTo.map(({ args }) => args || {}),
          bodyType: session.envelope.bodyType,
          smtpUtf8: session.envelope.smtpUtf8,
          helo: session.hostNameAppearsAs,
          user: session.user ?? "",
          secure: session.secure,
        }));
        renameSync(`${base}.tmp`, `${base}.eml`);
        return done(null, inLmtp ? refusals.map((one) => (one ? makeRefusal(one) : `queued as ${id}`)) : `queued as ${id}`);
      });
    },
  });
  // A client that breaks off, or fails the handshake as a test wants it to, is no failure of the server.
  server.on("error", (error) => console.error(`${listener.port}: ${error.message}`));
  server.listen(listener.port, listener.host);
  return server;
}

const servers = Object.values(settings.listeners).map(makeServer);
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    for (const server of servers) server.close(() => {});
    setTimeout(() => process.exit(0), 50);
  });
}
