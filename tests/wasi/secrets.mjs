// What a secret may look like in a memory: itself, and what SASL makes of it.
import { createHmac, pbkdf2Sync } from 'node:crypto';

const BLOCK = 64; // octets of a block of SHA-256, SHA-1 and MD5

/** Where in a text of base64 `octets` begin is not known: their three forms, without the ends that depend on others. */
function base64Forms(octets) {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), octets]).toString('base64').replace(/=+$/, '');
    const whole = Math.floor(((before + octets.length) * 8) / 6);
    return Buffer.from(text.slice(Math.ceil((before * 8) / 6), whole));
  });
}

/** Needles for a password or a token, by name. */
export function formsOf(secret) {
  const octets = Buffer.from(secret);
  const forms = { 'as it is': octets };
  base64Forms(octets).forEach((form, at) => (forms[`as base64, form ${at}`] = form));
  if (octets.length <= BLOCK)
    for (const [name, pad] of [['inner', 0x36], ['outer', 0x5c]])
      forms[`as the ${name} key of an HMAC`] = Buffer.from(octets.map((octet) => octet ^ pad));
  return forms;
}

/** Needles for the keys that SCRAM derives, from a dialogue that was not encrypted. */
export function keysOf(password, dialogue, hash) {
  const lines = dialogue.split('\r\n').map((line) => Buffer.from(line.replace(/^(334|AUTH \S+) /, ''), 'base64').toString());
  const [, salt, iterations] = /,s=([^,]+),i=(\d+)/.exec(lines.find((line) => /^r=.*,s=.*,i=\d+/.test(line)));
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), hash === 'sha1' ? 20 : 32, hash);
  const client = createHmac(hash, salted).update('Client Key').digest();
  return { 'as salted password': salted, "as SCRAM's client key": client };
}
