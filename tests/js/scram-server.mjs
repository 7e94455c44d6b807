// The server's side of SCRAM (RFC 5802), as a step of a scripted server.

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

const base64 = (text) => Buffer.from(text).toString("base64");
const unbase64 = (text) => Buffer.from(text, "base64").toString();

/** Accepts only a client that knows `pass`; refuses others with the line `refuse`, if there is one. */
export function scramServer({ hash, pass, iterations, tamper = (text) => text, salt = randomBytes(16), refuse = "535 5.7.8 wrong proof" }) {
  const hmac = (key, text) => createHmac(hash, key).update(text).digest();
  return {
    do: "call",
    async run(connection) {
      const first = unbase64((await connection.readLine()).split(" ")[2]);
      const bare = first.slice(first.indexOf("n=", 3));
      const nonce = bare.split("r=")[1] + randomBytes(9).toString("base64");
      const serverFirst = `r=${nonce},s=${salt.toString("base64")},i=${iterations}`;
      await connection.write(Buffer.from(`334 ${base64(serverFirst)}\r\n`));
      const final = unbase64(await connection.readLine());
      if (!final.startsWith("c=")) return;
      const [withoutProof, proof] = final.split(",p=");
      const key = pbkdf2Sync(pass, salt, iterations, createHash(hash).digest().length, hash);
      const text = `${bare},${serverFirst},${withoutProof}`;
      const clientKey = hmac(key, "Client Key");
      const signature = hmac(createHash(hash).update(clientKey).digest(), text);
      const expected = Buffer.from(clientKey.map((octet, index) => octet ^ signature[index])).toString("base64");
      if (proof !== expected) {
        if (refuse) await connection.write(Buffer.from(`${refuse}\r\n`));
        if (refuse.startsWith("334") && (await connection.readLine()) === "*") await connection.write(Buffer.from("501 5.7.0 cancelled\r\n"));
        return;
      }
      const serverSignature = hmac(hmac(key, "Server Key"), text).toString("base64");
      await connection.write(Buffer.from(`334 ${base64(tamper(`v=${serverSignature}`))}\r\n`));
      const cancelled = (await connection.readLine()) === "*";
      await connection.write(Buffer.from(cancelled ? "501 5.7.0 cancelled\r\n" : "235 2.7.0 welcome\r\n"));
    },
  };
}
