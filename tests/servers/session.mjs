// What the tests of the servers have in common: a session begun by hand, and a message that is easily spoilt.

import assert from "node:assert/strict";
import { RawClient } from "./raw-client.mjs";

// Dots at line starts, 8-bit octets, a header-like body, trailing blanks and an empty line at the end.
export const MESSAGE = Buffer.from("Subject: caf\u00e9\r\nReceived: from elsewhere\r\n\r\n.\r\n..two\r\n.x\r\nReturn-Path: <no@header>\r\nblank \r\n\xff\xfe\r\n\r\n", "latin1");
export const stuffed = (octets) => Buffer.from(octets.toString("latin1").replace(/^\./gm, ".."), "latin1");

/**
 * Connects to a listener of a run, in the way the listener wants it, and says EHLO (or LHLO).
 * `tls: false` leaves STARTTLS out; other options go to node:tls.
 * @returns {Promise<{client: RawClient, keywords: Map<string, string[]>}>}
 */
export async function openSession(run, server, name, { tls = true, ...options } = {}) {
  const listener = run[server].listeners[name];
  const trust = { ca: run.ca.file, ...options };
  const client = await RawClient.open({ host: listener.host, port: listener.port, tls: listener.tls === "implicit" ? trust : undefined });
  assert.match(await client.reply(), /^220[ -]/);
  const verb = listener.protocol === "lmtp" ? "LHLO" : "EHLO";
  let reply = await client.command(`${verb} client.test`);
  if (tls && (listener.tls === "starttls" || listener.tls === "required")) {
    assert.match(reply, /^250[ -]STARTTLS$/m);
    assert.match(await client.command("STARTTLS"), /^220 /);
    await client.startTls(trust);
    reply = await client.command(`${verb} client.test`);
  }
  const keywords = new Map(reply.split("\n").slice(1).map((line) => [line.slice(4).split(" ")[0], line.slice(4).split(" ").slice(1)]));
  return { client, keywords };
}

/** Sends a message; returns the replies to its end (LMTP has one for each recipient). */
export async function deliver(client, { from = "sender@lab.test", to = ["ok@lab.test"], message = MESSAGE, replies = 1 }) {
  assert.match(await client.command(`MAIL FROM:<${from}>`), /^250/);
  for (const address of to) assert.match(await client.command(`RCPT TO:<${address}>`), /^250/);
  assert.match(await client.command("DATA"), /^354/);
  client.write(Buffer.concat([stuffed(message), Buffer.from(".\r\n")]));
  const result = [];
  for (let count = 0; count < replies; count += 1) result.push(await client.reply());
  return result;
}
