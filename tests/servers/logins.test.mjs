// Every mechanism of every server logs in, and certificates are what their names say.

import assert from "node:assert/strict";
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { RawClient } from "./raw-client.mjs";
import { startServers } from "./servers.mjs";
import { openSession } from "./session.mjs";
import { makeToken } from "./tokens.mjs";

const b64 = (text) => Buffer.from(text).toString("base64");

let run;
before(async () => {
  run = await startServers({ names: ["postfix", "exim", "aiosmtpd", "smtp-server"] });
});
after(() => run?.stop());

/** The client's side of SCRAM, as short as it can be written. */
async function scram(client, algorithm, { user, pass }) {
  const name = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
  const bare = `n=${name},r=clientnonce`;
  const first = await client.command(`AUTH ${algorithm === "sha1" ? "SCRAM-SHA-1" : "SCRAM-SHA-256"} ${b64(`n,,${bare}`)}`);
  assert.match(first, /^334 /);
  const challenge = Buffer.from(first.slice(4), "base64").toString();
  const { r, s, i } = Object.fromEntries(challenge.split(",").map((part) => [part[0], part.slice(2)]));
  const hash = (octets) => createHash(algorithm).update(octets).digest();
  const mac = (key, text) => createHmac(algorithm, key).update(text).digest();
  const salted = pbkdf2Sync(pass, Buffer.from(s, "base64"), Number(i), hash("").length, algorithm);
  const clientKey = mac(salted, "Client Key");
  const signed = `${bare},${challenge},c=biws,r=${r}`;
  const proof = Buffer.from(mac(hash(clientKey), signed).map((octet, at) => octet ^ clientKey[at]));
  const final = await client.command(b64(`c=biws,r=${r},p=${proof.toString("base64")}`));
  if (!final.startsWith("334")) return final;
  assert.equal(Buffer.from(final.slice(4), "base64").toString(), `v=${mac(mac(salted, "Server Key"), signed).toString("base64")}`);
  return client.command("");
}

const LOGINS = {
  PLAIN: (client, { user, pass }) => client.command(`AUTH PLAIN ${b64(`\0${user}\0${pass}`)}`),
  async LOGIN(client, { user, pass }) {
    assert.match(await client.command("AUTH LOGIN"), /^334 /);
    assert.match(await client.command(b64(user)), /^334 /);
    return client.command(b64(pass));
  },
  async "CRAM-MD5"(client, { user, pass }) {
    const challenge = Buffer.from((await client.command("AUTH CRAM-MD5")).slice(4), "base64");
    return client.command(b64(`${user} ${createHmac("md5", pass).update(challenge).digest("hex")}`));
  },
  "SCRAM-SHA-1": (client, account) => scram(client, "sha1", account),
  "SCRAM-SHA-256": (client, account) => scram(client, "sha256", account),
  XOAUTH2: (client, { user, token = makeToken(user) }) => client.command(`AUTH XOAUTH2 ${b64(`user=${user}\x01auth=Bearer ${token}\x01\x01`)}`),
  OAUTHBEARER: (client, { user, token = makeToken(user) }) =>
    client.command(`AUTH OAUTHBEARER ${b64(`n,a=${user.replaceAll("=", "=3D").replaceAll(",", "=2C")},\x01auth=Bearer ${token}\x01\x01`)}`),
  ANONYMOUS: (client) => client.command(`AUTH ANONYMOUS ${b64("trace@lab.test")}`),
};

describe("every mechanism lets every user in, and a wrong password out", { concurrency: true }, () => {
  for (const server of ["postfix", "exim", "smtp-server", "aiosmtpd"]) {
    test(server, async () => {
      const mechanisms = run[server].mechanisms.filter((mechanism) => mechanism in LOGINS);
      assert.ok(mechanisms.length >= 2);
      for (const mechanism of mechanisms) {
        for (const account of run[server].users) {
          const { client } = await openSession(run, server, "relaxed");
          assert.match(await LOGINS[mechanism](client, account), /^235/, `${mechanism} ${account.user}`);
          client.close();
        }
        if (mechanism === "ANONYMOUS") continue;
        const { client } = await openSession(run, server, "relaxed");
        const refused = await LOGINS[mechanism](client, { user: "alice", pass: "wrong", token: run.tokens.expired });
        // OAuth mechanisms explain themselves first and wait for a line.
        const last = refused.startsWith("334") ? await client.command(mechanism === "OAUTHBEARER" ? "AQ==" : "") : refused;
        assert.match(last, /^535/, `${mechanism}: ${refused}`);
        if (refused.startsWith("334")) assert.ok(JSON.parse(Buffer.from(refused.slice(4), "base64").toString()).status);
        client.close();
      }
    });
  }
});

test("a forged token is refused", async () => {
  const { client } = await openSession(run, "postfix", "relaxed");
  const refused = await LOGINS.XOAUTH2(client, { user: "alice", token: run.tokens.forged });
  assert.match(refused, /^334 /);
  assert.match(await client.command(""), /^535/);
  client.close();
});

describe("certificates", () => {
  const bad = { wrongName: "ERR_TLS_CERT_ALTNAME_INVALID", expired: "CERT_HAS_EXPIRED", untrusted: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" };
  for (const [name, code] of Object.entries(bad)) {
    test(`${name} is not accepted`, async () => {
      await assert.rejects(openSession(run, "postfix", name), { code });
      await assert.rejects(openSession(run, "postfix", `${name}Starttls`), { code });
    });
  }
  test("TLS 1.1 alone is not accepted", async () => {
    await assert.rejects(openSession(run, "postfix", "tls11"), /protocol|version|closed/i);
    const old = await openSession(run, "postfix", "tls11", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL:@SECLEVEL=0" });
    old.client.close();
  });
  for (const [name, type, version] of [["rsaTls12", "rsa", "TLSv1.2"], ["rsaTls13", "rsa", "TLSv1.3"], ["ecdsaTls12", "ec", "TLSv1.2"], ["ecdsaTls13", "ec", "TLSv1.3"]]) {
    test(`${name} speaks ${version} with an ${type} key`, async () => {
      const client = await RawClient.open({ port: run.postfix.listeners[name].port });
      const socket = await client.startTls({ ca: run.ca.file });
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.getPeerX509Certificate().publicKey.asymmetricKeyType, type);
      client.close();
    });
  }
  test("a listener wants the client's certificate", async () => {
    await assert.rejects(openSession(run, "postfix", "clientCertificate"));
    const identity = { cert: readFileSync(run.ca.client.cert), key: readFileSync(run.ca.client.key) };
    const { client } = await openSession(run, "postfix", "clientCertificate", identity);
    client.close();
    const exim = await openSession(run, "exim", "relaxed", identity);
    assert.ok(exim.keywords.get("AUTH").includes("EXTERNAL"));
    assert.match(await exim.client.command("AUTH EXTERNAL ="), /^235/);
    exim.client.close();
  });
});
