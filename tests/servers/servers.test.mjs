// Each server comes up, offers what it should, keeps a message octet for octet, refuses what it should.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RawClient } from "./raw-client.mjs";
import { startServers } from "./servers.mjs";
import { deliver, MESSAGE, openSession, stuffed } from "./session.mjs";

const b64 = (text) => Buffer.from(text).toString("base64");
let run;
before(async () => {
  run = await startServers({ names: ["dovecot", "postfix", "exim", "aiosmtpd", "smtp-server", "smtp-sink"] });
});
after(() => run?.stop());

const EXPECTED_KEYWORDS = {
  postfix: ["PIPELINING", "SIZE", "STARTTLS", "AUTH", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"],
  exim: ["PIPELINING", "SIZE", "STARTTLS", "AUTH", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING", "PRDR", "PIPECONNECT"],
  aiosmtpd: ["SIZE", "STARTTLS", "AUTH", "8BITMIME", "SMTPUTF8"],
  "smtp-server": ["PIPELINING", "SIZE", "STARTTLS", "AUTH", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8"],
};

for (const [server, expected] of Object.entries(EXPECTED_KEYWORDS)) {
  describe(server, () => {
    test("offers what it should", async () => {
      const { client, keywords } = await openSession(run, server, "relaxed", { tls: false });
      for (const keyword of expected) assert.ok(keywords.has(keyword), `${keyword} is not among ${[...keywords.keys()].join(" ")}`);
      assert.deepEqual(keywords.get("SIZE"), [String(run.sizeLimit)]);
      const mechanisms = keywords.get("AUTH").sort();
      assert.deepEqual(mechanisms, run[server].mechanisms.filter((mechanism) => mechanism !== "EXTERNAL").sort());
      client.close();
    });

    test("keeps a message octet for octet, with its envelope", async () => {
      for (const listener of ["relaxed", "implicit"]) {
        const { client } = await openSession(run, server, listener);
        const from = `${listener}-sender@lab.test`;
        const to = ["first@lab.test", "second@lab.test"];
        const [reply] = await deliver(client, { from, to });
        assert.match(reply, /^250/);
        assert.match(await client.command("QUIT"), /^221/);
        const copies = run[server].copies === "each" ? to.length : 1;
        const messages = await run[server].delivered({ count: copies, where: ({ envelope }) => envelope.from === from });
        assert.equal(messages.length, copies);
        assert.deepEqual(messages.flatMap(({ envelope }) => envelope.to).sort(), to);
        for (const { content } of messages) assert.deepEqual(content.toString("latin1"), MESSAGE.toString("latin1"));
      }
    });

    test("refuses by recipient, sender and content", async () => {
      const { client } = await openSession(run, server, "relaxed", { tls: false });
      assert.match(await client.command("MAIL FROM:<badsender@lab.test>"), server === "postfix" ? /^250/ : /^553/);
      await client.command("RSET");
      await client.command("MAIL FROM:<sender@lab.test>");
      assert.match(await client.command("RCPT TO:<bad@lab.test>"), /^550 /);
      assert.match(await client.command("RCPT TO:<full@lab.test>"), /^552 /);
      assert.match(await client.command("RCPT TO:<grey@lab.test>"), /^450 /);
      assert.match(await client.command("RCPT TO:<multi@lab.test>"), /^550-.*line one\n550-.*line two\n550 .*line three$/);
      await client.command("RSET");
      assert.match((await deliver(client, { to: ["eod4xx@lab.test"] }))[0], /^451 /);
      // Postfix keeps the transaction open after such a refusal.
      await client.command("RSET");
      assert.match((await deliver(client, { to: ["eod5xx@lab.test"] }))[0], /^554 /);
      await client.command("RSET");
      await client.command("MAIL FROM:<sender@lab.test>");
      assert.match(await client.command("RCPT TO:<gone421@lab.test>"), /^421 /);
      // Exim cannot close after a 4xx.
      if (server === "exim") client.close();
      else assert.equal(await client.rest(), "");
    });

    test("limits the size on the standard listener only", async () => {
      const large = Buffer.concat([Buffer.from("Subject: large\r\n\r\n"), Buffer.alloc(3 * 1024 * 1024, `${"x".repeat(76)}\r\n`), Buffer.from("\r\n")]);
      const limited = await openSession(run, server, "relaxed", { tls: false });
      assert.match((await deliver(limited.client, { from: "limited@lab.test", message: large }))[0], /^552/);
      limited.client.close();
      const unlimited = await openSession(run, server, "unlimited", { tls: false });
      assert.match((await deliver(unlimited.client, { from: "unlimited@lab.test", message: large }))[0], /^250/);
      unlimited.client.close();
      const [message] = await run[server].delivered({ where: ({ envelope }) => envelope.from === "unlimited@lab.test" });
      assert.ok(message.content.equals(large));
    });

    test("wants TLS and a login on the strict listener", async () => {
      const plain = await openSession(run, server, "strict", { tls: false });
      // smtp-server offers AUTH before TLS all the same, and then refuses it.
      if (server === "smtp-server") assert.match(await plain.client.command(`AUTH PLAIN ${b64("\0alice\0secret")}`), /^538/);
      else assert.ok(!plain.keywords.has("AUTH"));
      assert.match(await plain.client.command("MAIL FROM:<a@lab.test>"), /^5[35]\d/);
      plain.client.close();
      const { client, keywords } = await openSession(run, server, "strict");
      assert.ok(keywords.has("AUTH"));
      const early = await client.command("MAIL FROM:<a@lab.test>");
      const refused = early.startsWith("250") ? await client.command("RCPT TO:<ok@lab.test>") : early;
      assert.match(refused, /^5\d\d/);
      await client.command("RSET");
      assert.match(await client.command(`AUTH PLAIN ${b64("\0alice\0secret")}`), /^235/);
      assert.match((await deliver(client, { from: "strict@lab.test" }))[0], /^250/);
      await run[server].delivered({ where: ({ envelope }) => envelope.from === "strict@lab.test" });
      client.close();
    });
  });
}

describe("postfix's other listeners", { concurrency: true }, () => {
  test("legacy offers nothing", async () => {
    const { client, keywords } = await openSession(run, "postfix", "legacy");
    assert.deepEqual([...keywords.keys()], []);
    assert.match((await deliver(client, { from: "legacy@lab.test" }))[0], /^250/);
    client.close();
    await run.postfix.delivered({ where: ({ envelope }) => envelope.from === "legacy@lab.test" });
  });
  test("tarpit delays each error and ends the session", async () => {
    const { client } = await openSession(run, "postfix", "tarpit", { tls: false });
    const began = Date.now();
    await client.command("NONSENSE");
    await client.command("NONSENSE");
    await client.command("NONSENSE");
    assert.ok(Date.now() - began >= 1900);
    client.write("NONSENSE\r\n");
    assert.match(await client.rest(), /^421 /m);
  });
  test("postscreen greets in two lines, the second 2 s later, and refuses who talks early", async () => {
    const { port } = run.postfix.listeners.postscreen;
    const early = await RawClient.open({ port });
    early.write("EHLO early.test\r\n");
    const began = Date.now();
    const patient = await RawClient.open({ port });
    assert.match(await patient.reply(), /^220-mx.lab.test please wait\n220 /);
    assert.ok(Date.now() - began >= 1900);
    patient.close();
    assert.match(await early.command("MAIL FROM:<a@lab.test>", "RCPT TO:<b@lab.test>"), /^[25]/);
    early.write("QUIT\r\n");
    assert.match(await early.rest(), /^5\d\d .*/m);
  });
  test("xclient is offered where it is allowed", async () => {
    const { client, keywords } = await openSession(run, "postfix", "xclient", { tls: false });
    assert.ok(keywords.has("XCLIENT"));
    client.close();
  });
  test("a sender is refused with the first recipient", async () => {
    const { client } = await openSession(run, "postfix", "relaxed", { tls: false });
    await client.command("MAIL FROM:<badsender@lab.test>");
    assert.match(await client.command("RCPT TO:<ok@lab.test>"), /^553/);
    client.close();
  });
  test("BDAT and a UTF-8 address arrive", async () => {
    const { client } = await openSession(run, "postfix", "relaxed", { tls: false });
    await client.command("MAIL FROM:<sender@lab.test> SMTPUTF8 BODY=8BITMIME");
    assert.match(await client.command("RCPT TO:<j\u00fcrgen@b\u00fccher.test>"), /^250/);
    client.write(Buffer.concat([Buffer.from(`BDAT ${MESSAGE.length} LAST\r\n`), MESSAGE]));
    assert.match(await client.reply(), /^250/);
    client.close();
    const [message] = await run.postfix.delivered({ where: ({ envelope }) => envelope.to.includes("j\u00fcrgen@b\u00fccher.test") });
    assert.ok(message.content.equals(MESSAGE));
  });
});

test("exim refuses one recipient after the data (PRDR)", async () => {
  const { client } = await openSession(run, "exim", "relaxed", { tls: false });
  await client.command("MAIL FROM:<prdr@lab.test> PRDR");
  for (const name of ["ok", "prdrno"]) assert.match(await client.command(`RCPT TO:<${name}@lab.test>`), /^250/);
  assert.match(await client.command("DATA"), /^354/);
  client.write("Subject: x\r\n\r\nbody\r\n.\r\n");
  assert.match(await client.reply(), /^353/);
  assert.match(await client.reply(), /^250/);
  assert.match(await client.reply(), /^550/);
  assert.match(await client.reply(), /^250/);
  client.close();
  const [message] = await run.exim.delivered({ where: ({ envelope }) => envelope.from === "prdr@lab.test" });
  assert.deepEqual(message.envelope.to, ["ok@lab.test"]);
});

describe("dovecot", () => {
  for (const how of ["lmtp", "lmtps", "socket"]) {
    test(`${how}: a reply for each recipient after the data`, async () => {
      let client;
      if (how === "socket") {
        client = await RawClient.open({ path: run.dovecot.lmtpSocket });
        assert.match(await client.reply(), /^220 /);
        assert.match(await client.command("LHLO client.test"), /^250-[^]*CHUNKING/);
      } else {
        ({ client } = await openSession(run, "dovecot", how));
      }
      const from = `${how}@lab.test`;
      assert.match(await client.command(`MAIL FROM:<${from}>`), /^250/);
      assert.match(await client.command("RCPT TO:<nosuch@lab.test>"), /^550/);
      for (const name of ["ok", "full"]) assert.match(await client.command(`RCPT TO:<${name}@lab.test>`), /^250/);
      assert.match(await client.command("DATA"), /^354/);
      client.write(Buffer.concat([stuffed(MESSAGE), Buffer.from(".\r\n")]));
      assert.match(await client.reply(), /^250/);
      assert.match(await client.reply(), /^552/);
      client.close();
      const [message, ...others] = await run.dovecot.delivered({ where: ({ envelope }) => envelope.from === from });
      assert.deepEqual(others, []);
      assert.equal(message.envelope.to[0].replace(/@.*/, ""), "ok");
      assert.equal(message.content.toString("latin1"), MESSAGE.toString("latin1"));
    });
  }
  test("submission relays what it takes after a login", async () => {
    const { client } = await openSession(run, "dovecot", "submission");
    assert.match(await client.command("MAIL FROM:<a@lab.test>"), /^530/);
    assert.match(await client.command(`AUTH PLAIN ${b64("\0alice\0secret")}`), /^235/);
    assert.match((await deliver(client, { from: "submission@lab.test" }))[0], /^250/);
    client.close();
    const [message] = await run.dovecot.submitted();
    assert.equal(message.envelope.from, "submission@lab.test");
    assert.ok(message.content.toString("latin1").endsWith(MESSAGE.toString("latin1")));
  });
});

describe("aiosmtpd and smtp-server", () => {
  for (const server of ["aiosmtpd", "smtp-server"]) {
    test(`${server}: LMTP answers for each recipient`, async () => {
      const { client } = await openSession(run, server, "lmtp");
      const replies = await deliver(client, { from: "lmtp@lab.test", to: ["one@lab.test", "two@lab.test"], replies: 2 });
      for (const reply of replies) assert.match(reply, /^250/);
      client.close();
      const [message] = await run[server].delivered({ where: ({ envelope }) => envelope.from === "lmtp@lab.test" });
      assert.deepEqual(message.envelope.to, ["one@lab.test", "two@lab.test"]);
    });
  }
  test("aiosmtpd's replies can be scripted", async () => {
    const { client } = await openSession(run, "aiosmtpd", "relaxed", { tls: false });
    run.aiosmtpd.script({ rcpt: { "*": "452-4.5.3 too\r\n452 4.5.3 many" }, mail: { closed: "421 4.3.2 later" } });
    assert.match(await client.command("MAIL FROM:<closed@lab.test>"), /^421/);
    await client.command("MAIL FROM:<sender@lab.test>");
    assert.equal(await client.command("RCPT TO:<ok@lab.test>"), "452-4.5.3 too\n452 4.5.3 many");
    run.aiosmtpd.script({ data: { ok: "451 4.3.0 not now" } });
    assert.match(await client.command("RCPT TO:<ok@lab.test>"), /^250/);
    assert.match(await client.command("DATA"), /^451/);
    run.aiosmtpd.script(null);
    assert.match(await client.command("DATA"), /^354/);
    client.close();
  });
  test("smtp-server listens on ::1 where there is one", async (context) => {
    if (!run["smtp-server"].listeners.ipv6) {
      context.diagnostic("this machine has no ::1; the listener is null, as it should be");
      return;
    }
    const { client } = await openSession(run, "smtp-server", "ipv6");
    assert.match(await client.command("NOOP"), /^250/);
    client.close();
  });
});

describe("smtp-sink", () => {
  test("keeps a message octet for octet", async () => {
    const { client } = await openSession(run, "smtp-sink", "keep");
    assert.match((await deliver(client, {}))[0], /^250/);
    client.close();
    const [message] = await run["smtp-sink"].delivered();
    assert.equal(message.content.toString("latin1"), MESSAGE.toString("latin1"));
    assert.deepEqual([message.envelope.from, ...message.envelope.to], ["sender@lab.test", "ok@lab.test"]);
  });
  test("its faults are those that their names say", async () => {
    const open = async (name) => {
      const client = await RawClient.open({ port: run["smtp-sink"].listeners[name].port });
      await client.reply();
      return client;
    };
    const begin = async (name) => {
      const client = await open(name);
      await client.command("EHLO client.test");
      await client.command("MAIL FROM:<a@lab.test>");
      return client;
    };
    const noEsmtp = await open("noEsmtp");
    assert.match(await noEsmtp.command("EHLO client.test"), /^5\d\d|^250 [^\n]*$/);
    const noPipelining = await open("noPipelining");
    assert.doesNotMatch(await noPipelining.command("EHLO client.test"), /PIPELINING/);
    const hardRejectMail = await open("hardRejectMail");
    await hardRejectMail.command("EHLO client.test");
    assert.match(await hardRejectMail.command("MAIL FROM:<a@lab.test>"), /^500/);
    const softRejectData = await begin("softRejectData");
    await softRejectData.command("RCPT TO:<b@lab.test>");
    assert.match(await softRejectData.command("DATA"), /^450/);
    const hardRejectEndOfData = await begin("hardRejectEndOfData");
    await hardRejectEndOfData.command("RCPT TO:<b@lab.test>");
    await hardRejectEndOfData.command("DATA");
    assert.match(await hardRejectEndOfData.command("x", "."), /^500/);
    const dropAtRcpt = await begin("dropAtRcpt");
    dropAtRcpt.write("RCPT TO:<b@lab.test>\r\n");
    assert.equal(await dropAtRcpt.rest(), "");
    const shutdownAtRcpt = await begin("shutdownAtRcpt");
    shutdownAtRcpt.write("RCPT TO:<b@lab.test>\r\n");
    assert.match(await shutdownAtRcpt.rest(), /^421/);
    const abortInData = await begin("abortInData");
    await abortInData.command("RCPT TO:<b@lab.test>");
    abortInData.write("DATA\r\n");
    assert.match(await abortInData.rest(), /^354 [^]*550/);
    for (const client of [noEsmtp, noPipelining, hardRejectMail, softRejectData, hardRejectEndOfData]) client.close();
  });
});
