// What is asked of servers beside the message: each option on the wire, not offered, dropped, refused; then
// real servers, and messages that go in parts.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startServers } from "../servers/servers.mjs";
import { startSmallServer } from "../servers/small-server.mjs";
import { expectCode, LOGIN, programFile, temporaryFolder } from "./program.mjs";

const ALL = ["PIPELINING", "ENHANCEDSTATUSCODES", "DSN", "DELIVERBY 60", "FUTURERELEASE 86400 2027-01-01T00:00:00Z", "MT-PRIORITY", "REQUIRETLS", "AUTH PLAIN", "PRDR"];
const MESSAGE = "Subject: hi\n\nhello\n";
const folder = temporaryFolder();

/** Sends to a small server with these extensions; its commands come with the result. */
async function toSmall(context, options, code, args, { to = ["one@lab.test"], input = MESSAGE, ...more } = {}) {
  const server = await startSmallServer(options);
  context.after(() => server.stop());
  const result = await expectCode(code, ["send", "--server", `smtp+plain://127.0.0.1:${server.port}`, "--from", "a@lab.test", ...to.flatMap((one) => ["--to", one]), ...args, "--json"], { input, ...more });
  const lines = server.sessions[0]?.lines ?? [];
  const starting = (verb) => lines.filter((line) => line.startsWith(verb)).map((line) => line.replace(/^[^>]*>/, "").replace(/ SIZE=\d+/, ""));
  return { ...result, error: result.json.error, lines, messages: server.messages, mail: starting("MAIL"), rcpt: starting("RCPT") };
}

/** arguments → what MAIL and RCPT have; the keyword and the option's name. */
const PARAMETERS = [
  [["--dsn-return", "full"], " RET=FULL", "", "RET", "dsn-return"],
  [["--dsn-return", "headers"], " RET=HDRS", "", "RET", "dsn-return"],
  [["--envelope-id", "a b+c=d"], " ENVID=a+20b+2Bc+3Dd", "", "ENVID", "envelope-id"],
  [["--notify", "never"], "", " NOTIFY=NEVER", "NOTIFY", "notify"],
  [["--notify", "success,Delay,failure"], "", " NOTIFY=SUCCESS,DELAY,FAILURE", "NOTIFY", "notify"],
  [["--original-recipient", "old+x@lab.test"], "", " ORCPT=rfc822;old+2Bx@lab.test", "ORCPT", "original-recipient"],
  [["--original-recipient", "x400;c=nl"], "", " ORCPT=x400;c+3Dnl", "ORCPT", "original-recipient"],
  [["--original-recipient", "j\u00fcrgen@lab.test"], "", " ORCPT=utf-8;j\\x{FC}rgen@lab.test", "ORCPT", "original-recipient"],
  [["--deliver-by", "3600"], " BY=3600;N", "", "BY", "deliver-by"],
  [["--deliver-by", "-60;NT"], " BY=-60;NT", "", "BY", "deliver-by"],
  [["--deliver-by", "60;R"], " BY=60;R", "", "BY", "deliver-by"],
  [["--hold-for", "86400"], " HOLDFOR=86400", "", "HOLDFOR", "hold-for"],
  [["--hold-until", "2026-12-31T08:00:00Z"], " HOLDUNTIL=2026-12-31T08:00:00Z", "", "HOLDUNTIL", "hold-until"],
  [["--priority", "-9"], " MT-PRIORITY=-9", "", "MT-PRIORITY", "priority"],
  [["--submitter", "me+you@lab.test"], " AUTH=me+2Byou@lab.test", "", "AUTH", "submitter"],
  [["--submitter", "<>"], " AUTH=<>", "", "AUTH", "submitter"],
  [["--per-recipient-replies"], " PRDR", "", "PRDR", "per-recipient-replies"],
];

describe("parameters", { concurrency: 2 }, () => {
  for (const [args, mail, rcpt, keyword, option] of PARAMETERS) {
    test(args.join(" "), async (context) => {
      const offered = await toSmall(context, { extensions: ALL }, 0, args);
      assert.deepEqual([offered.mail, offered.rcpt], [[mail], [rcpt]]);
      const absent = await toSmall(context, { extensions: ["PIPELINING"] }, 69, args);
      assert.ok(!absent.lines.some((line) => /^(MAIL|RCPT|DATA)/.test(line)));
      assert.deepEqual([absent.error.kind, absent.error.reason, absent.error.retryable], ["unsupported", "parameter-not-offered", false]);
      assert.match(absent.error.message, new RegExp(`^the parameter ${keyword} .*needs an extension that the server does not offer$`));
      assert.match(absent.error.advice, new RegExp(`leave out --${option}, or .*: --optional ${option}$`));
      assert.deepEqual(absent.json.recipients.map(({ status }) => status), ["not-sent"]);
      const dropped = await toSmall(context, { extensions: ["PIPELINING"] }, 0, [...args, "--optional", `priority,${option}`]);
      assert.deepEqual([dropped.mail, dropped.rcpt], [[""], [""]]);
    });
  }

  test("all together; what is optional is sent if it is offered", async (context) => {
    const args = ["--notify", "never", "--dsn-return", "full", "--priority", "3", "--hold-for", "60", "--optional", "notify,dsn-return", "--optional", "priority,hold-for"];
    const { mail, rcpt } = await toSmall(context, { extensions: ALL }, 0, args);
    assert.deepEqual([mail, rcpt], [[" RET=FULL HOLDFOR=60 MT-PRIORITY=3"], [" NOTIFY=NEVER"]]);
    const some = await toSmall(context, { extensions: ["MT-PRIORITY"] }, 0, args);
    assert.deepEqual([some.mail, some.rcpt], [[" MT-PRIORITY=3"], [""]]);
    assert.equal((await toSmall(context, { extensions: ["MT-PRIORITY"] }, 69, args.slice(0, -2))).error.message.match(/HOLDFOR/)?.[0], "HOLDFOR");
  });
  test("limits that the server states", async (context) => {
    for (const args of [["--deliver-by", "59;R"], ["--hold-for", "86401"], ["--deliver-by", "59;R", "--optional", "deliver-by"]]) {
      const { error, lines } = await toSmall(context, { extensions: ALL }, 69, args);
      assert.equal(error.reason, "parameter-limit");
      assert.match(error.advice, /probe/);
      assert.ok(!lines.some((line) => line.startsWith("MAIL")));
    }
  });
  test("refused by the server", async (context) => {
    const mail = await toSmall(context, { extensions: ALL, replies: { MAIL: () => "555 5.5.4 not that priority" } }, 69, ["--priority", "9"]);
    assert.deepEqual([mail.error.kind, mail.error.code, mail.error.step], ["refused", 555, "MAIL FROM"]);
    const rcpt = await toSmall(context, { extensions: ALL, replies: { RCPT: (line) => (/NOTIFY/.test(line) ? "501 5.5.4 no reports" : undefined) } }, 67, ["--notify", "never"]);
    assert.deepEqual(rcpt.json.recipients.map(({ code, text }) => [code, text]), [[501, "no reports"]]);
  });
  test("--notify is for every recipient, --original-recipient for the one before it", async (context) => {
    const { rcpt } = await toSmall(context, { extensions: ALL }, 0, ["--original-recipient", "old@lab.test", "--to", "three@lab.test", "--notify", "delay", "--to", "two@lab.test", "--original-recipient", "other@lab.test", "--recipients-from-headers"],
      { to: ["one@lab.test", "two@lab.test"], input: `To: four@lab.test\n${MESSAGE}` });
    assert.deepEqual(rcpt, [" NOTIFY=DELAY", " NOTIFY=DELAY ORCPT=rfc822;old@lab.test", " NOTIFY=DELAY", " NOTIFY=DELAY"]);
  });
  test("REQUIRETLS counts as not offered without TLS", async (context) => {
    const { error } = await toSmall(context, { extensions: ALL }, 69, ["--require-tls"]);
    assert.match(error.message, /REQUIRETLS/);
    assert.match(error.advice, /--require-tls/);
    assert.deepEqual((await toSmall(context, { extensions: ALL }, 0, ["--require-tls", "--optional", "require-tls"])).mail, [""]);
  });
  test("from an account: arguments win, and what is about one message is no key", async (context) => {
    const server = await startSmallServer({ extensions: ALL });
    context.after(() => server.stop());
    const config = join(folder, "config");
    const keys = "dsn-return = headers\nnotify = failure\npriority = 2\ndeliver-by = 600;R\nper-recipient-replies = yes\nrequire-tls = yes\nsubmitter = <>\noptional = require-tls\n";
    const account = (more = "") => writeFileSync(config, `[a]\nserver = smtp+plain://127.0.0.1:${server.port}\nfrom = me@lab.test\n${keys}${more}`);
    account();
    await expectCode(0, ["send", "--config", config, "--to", "x@lab.test", "--priority", "-1"], { input: MESSAGE });
    await expectCode(0, ["sendmail", "-C", config, "-N", "success,delay", "-R", "full", "-V", "id 1", "x@lab.test"], { input: MESSAGE });
    const [first, second] = server.messages;
    assert.match(first.mail, / RET=HDRS BY=600;R MT-PRIORITY=-1 AUTH=<> PRDR$/);
    assert.match(first.rcpt[0], / NOTIFY=FAILURE$/);
    assert.match(second.mail, / RET=FULL ENVID=id\+201 BY=600;R MT-PRIORITY=2 AUTH=<> PRDR$/);
    assert.match(second.rcpt[0], / NOTIFY=SUCCESS,DELAY$/);
    for (const key of ["envelope-id = x", "hold-for = 60", "binary = yes", "xclient = ADDR=192.0.2.1"]) {
      account(`${key}\n`);
      assert.match((await expectCode(78, ["send", "--config", config, "--to", "x@lab.test"], { input: MESSAGE })).stderr, /there is no such key/);
    }
    account("priority = high\n");
    assert.match((await expectCode(78, ["send", "--config", config, "--to", "x@lab.test"], { input: MESSAGE })).stderr, /line 12: priority: must be a whole number from -9 to 9/);
  });
});

describe("a binary message", () => {
  const BINARY = ["CHUNKING", "BINARYMIME", "8BITMIME"];
  const octets = Buffer.concat([Buffer.from("Content-Transfer-Encoding: binary\r\n\r\n"), Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)), Buffer.from(`\n.\r.\n${"x".repeat(5000)}`)]);
  const large = Buffer.concat(Array.from({ length: 40 }, () => octets));
  test("arrives as it is, from a file and from a stream, small and large", async (context) => {
    const file = join(folder, "binary");
    for (const content of [octets, large]) {
      writeFileSync(file, content);
      for (const [args, input] of [[[file], ""], [[], content]]) {
        const { messages, json } = await toSmall(context, { extensions: BINARY }, 0, ["--binary", ...args], { input });
        assert.ok(messages[0].content.equals(content));
        assert.equal(json.octets, content.length);
        assert.match(messages[0].mail, / BODY=BINARYMIME/);
      }
    }
  });
  test("needs a server that takes it", async (context) => {
    for (const extensions of [["8BITMIME"], ["CHUNKING"], ["BINARYMIME"]]) {
      const { error, lines } = await toSmall(context, { extensions }, 69, ["--binary"], { input: octets });
      assert.equal(error.reason, "binarymime-missing");
      assert.match(error.advice, /base64/);
      assert.ok(!lines.some((line) => line.startsWith("MAIL")));
    }
  });
});

describe("more recipients than fit", () => {
  const to = Array.from({ length: 5 }, (_, index) => `r${index}@lab.test`);
  const text = `Subject: parts\r\nBcc: hidden@lab.test\r\n\r\n${"a line of the message\r\n.\r\n".repeat(6000)}`;
  const file = join(folder, "parts.eml");
  writeFileSync(file, text);
  for (const [name, options] of [["LIMITS", { extensions: ["LIMITS RCPTMAX=2"] }], ["452", { extensions: ["ENHANCEDSTATUSCODES"], rcptMax: 2 }]]) {
    test(`${name}: a file, and a small stream, go in parts`, async (context) => {
      for (const [args, input, expected] of [[[file], "", text], [[], MESSAGE, MESSAGE.replaceAll("\n", "\r\n")]]) {
        const { json, messages } = await toSmall(context, options, 0, args, { to, input });
        assert.equal(json.transactions, 3);
        assert.deepEqual(messages.map((message) => message.to), [to.slice(0, 2), to.slice(2, 4), to.slice(4)]);
        for (const { content } of messages) assert.equal(content.toString(), expected);
        assert.deepEqual(json.recipients.map(({ queueId }) => queueId), [0, 0, 1, 1, 2].map((part) => `4SMALL000${part}`));
        assert.equal(json.octets, expected.length);
      }
    });
  }
  test("each part is without Bcc, and ends at sendmail's dot", async (context) => {
    const { messages } = await toSmall(context, { extensions: ["LIMITS RCPTMAX=4"] }, 0, ["--recipients-from-headers", file], { to });
    assert.deepEqual(messages.map((message) => message.to), [to.slice(0, 4), [to[4], "hidden@lab.test"]]);
    for (const { content } of messages) assert.equal(content.toString(), text.replace("Bcc: hidden@lab.test\r\n", ""));
    // Behind the first octets of the file a dot is held over the end of each piece that is read.
    const server = await startSmallServer({ extensions: ["LIMITS RCPTMAX=1"] });
    context.after(() => server.stop());
    const config = join(folder, "dots");
    writeFileSync(config, `[a]\nserver = smtp+plain://127.0.0.1:${server.port}\nfrom = me@lab.test\n`);
    const dotted = join(folder, "dotted");
    const body = `Subject: dots\r\n\r\n${"..\r\n".repeat(50000)}`;
    writeFileSync(dotted, `${body}.\r\nnever\r\n`);
    await promisify(execFile)("sh", ["-c", `exec "$0" sendmail -C "$1" x@lab.test y@lab.test <"$2"`, programFile(), config, dotted]);
    assert.deepEqual(server.messages.map((message) => message.content.equals(Buffer.from(body))), [true, true]);
  });
  test("a large stream can be given only once", async (context) => {
    const limited = await toSmall(context, { extensions: ["LIMITS RCPTMAX=2"] }, 69, [], { to, input: text });
    assert.equal(limited.error.reason, "too-many-recipients");
    assert.match(limited.error.advice, /in a file/);
    assert.equal(limited.json.transactions, 0);
    const deferred = await toSmall(context, { extensions: [], rcptMax: 2 }, 75, [], { to, input: text });
    assert.deepEqual(deferred.json.recipients.map(({ status }) => status), ["accepted", "accepted", "deferred", "deferred", "deferred"]);
    assert.equal(deferred.json.transactions, 1);
  });
});

describe("XCLIENT", () => {
  const extensions = ["XCLIENT NAME ADDR LOGIN", "AUTH PLAIN EXTERNAL ANONYMOUS"];
  test("comes before the login", async (context) => {
    const { lines, json } = await toSmall(context, { extensions }, 0, ["--xclient", "ADDR=192.0.2.7", "--xclient", "name=mail example", ...LOGIN, "--auth", "PLAIN", "--allow-plaintext-auth"]);
    assert.deepEqual(lines.slice(0, 3).map((line) => line.replace(/\[.*/, "").trim()), ["EHLO", "XCLIENT NAME=mail+20example ADDR=192.0.2.7", "EHLO"]);
    assert.match(lines[3], /^AUTH PLAIN /);
    assert.equal(json.mechanism, "PLAIN");
  });
  test("a token from a command comes behind it, too", async (context) => {
    const { lines } = await toSmall(context, { extensions: ["XCLIENT ADDR", "AUTH XOAUTH2"] }, 0, ["--xclient", "ADDR=192.0.2.7", "--user", "alice", "--token-command", "echo a-token", "--allow-plaintext-auth"]);
    assert.deepEqual(lines.map((line) => line.split(" ")[0]).slice(0, 4), ["EHLO", "XCLIENT", "EHLO", "AUTH"]);
  });
  test("only attributes that are offered; refused", async (context) => {
    const absent = await toSmall(context, { extensions }, 69, ["--xclient", "PORT=25"]);
    assert.match(absent.error.message, /PORT/);
    assert.match(absent.error.advice, /which attributes/);
    const refused = await toSmall(context, { extensions, replies: { XCLIENT: () => "550 5.7.0 we do not trust you" } }, 69, ["--xclient", "ADDR=192.0.2.7"]);
    assert.deepEqual([refused.error.kind, refused.error.step], ["refused", "XCLIENT"]);
    assert.ok(!refused.lines.some((line) => line.startsWith("MAIL")));
  });
});

describe("real servers", () => {
  let run;
  before(async () => {
    run = await startServers({ names: ["postfix", "exim", "smtp-server"] });
  });
  after(() => run?.stop());
  const to = (server, listener, scheme) => ["--server", `${scheme}://127.0.0.1:${run[server].listeners[listener].port}`, ...(scheme === "smtps" ? ["--ca", run.ca.file] : [])];

  test("Postfix sends the report that is asked for, and none that is not wanted", async () => {
    const send = (id, ...more) => expectCode(0, ["send", ...to("postfix", "implicit", "smtps"), "--from", "reports@lab.test", "--to", `${id}@lab.test`, "--original-recipient", `old-${id}@lab.test`,
      "--envelope-id", `id=${id}`, "--dsn-return", "headers", ...more], { input: "Subject: reported\n\nthe body\n" });
    await send("quiet", "--notify", "never");
    await send("loud", "--notify", "success");
    const [report] = await run.postfix.delivered({ where: ({ envelope }) => envelope.to.includes("reports@lab.test") });
    const text = report.content.toString();
    assert.match(text, /^Original-Envelope-Id: id=loud\r$/m);
    assert.match(text, /^Original-Recipient: rfc822;old-loud@lab\.test\r$/m);
    assert.match(text, /^Action: delivered\r$/m);
    assert.match(text, /^Subject: reported\r$/m);
    assert.doesNotMatch(text, /the body/);
    assert.equal((await run.postfix.delivered({ count: 0, where: ({ content }) => content.includes("old-quiet") })).length, 0);
  });
  test("Exim answers for each recipient", async () => {
    const args = ["send", ...to("exim", "implicit", "smtps"), "--from", "prdr@lab.test", "--to", "ok@lab.test", "--to", "prdrno@lab.test", "--to", "bad@lab.test", "--per-recipient-replies", "--json"];
    const { json, stderr } = await expectCode(69, args, { input: MESSAGE });
    assert.deepEqual(json.recipients.map(({ status, code, text }) => [status, code, text]), [
      ["accepted", 250, json.recipients[0].text], ["refused", 550, "5.7.1 this recipient refuses the content"], ["refused", 550, "5.1.1 no such user"]]);
    assert.ok(json.queueId && json.recipients[0].text.includes(`id=${json.queueId}`), json.recipients[0].text);
    assert.match(stderr, /2 of 3 recipients were refused/);
    assert.doesNotMatch(stderr, /RCPT TO/);
    const [message] = await run.exim.delivered({ where: ({ envelope }) => envelope.from === "prdr@lab.test" });
    assert.deepEqual(message.envelope.to, ["ok@lab.test"]);
  });
  test("smtp-server takes REQUIRETLS over TLS", async () => {
    await expectCode(0, ["send", ...to("smtp-server", "implicit", "smtps"), "--from", "safe@lab.test", "--to", "ok@lab.test", "--require-tls", "--notify", "delay"], { input: MESSAGE });
    const [{ envelope }] = await run["smtp-server"].delivered({ where: (message) => message.envelope.from === "safe@lab.test" });
    assert.ok("REQUIRETLS" in envelope.mailArgs);
    assert.equal(envelope.rcptArgs[0].NOTIFY, "DELAY");
  });
  test("Postfix believes whom we speak for", async () => {
    const args = ["send", ...to("postfix", "xclient", "smtp+plain"), "--from", "relay@lab.test", "--to", "ok@lab.test", "--xclient", "ADDR=192.0.2.7", "--xclient", "NAME=far.example", "--xclient", "HELO=hello.example"];
    await expectCode(0, args, { input: MESSAGE });
    const [message] = await run.postfix.delivered({ where: ({ envelope }) => envelope.from === "relay@lab.test" });
    assert.match(message.raw.toString(), /^Received: from [^\n]*\(far\.example \[192\.0\.2\.7\]\)/m);
    const login = await expectCode(0, [...args, ...LOGIN, "--auth", "PLAIN", "--allow-plaintext-auth", "--json"], { input: MESSAGE });
    assert.equal(login.json.mechanism, "PLAIN");
  });
  test("EXTERNAL and ANONYMOUS with a user", async () => {
    // EXTERNAL without one, and both on every kind of connection: tests/matrix.
    const certificate = ["--cert", run.ca.client.cert, "--key", run.ca.client.key];
    const args = (server) => ["send", ...to(server, "implicit", "smtps"), "--from", "", "--to", "ok@lab.test", "--json"];
    const external = await expectCode(0, [...args("exim"), ...certificate, "--auth", "external", "--user", "alice", "--transcript"], { input: MESSAGE });
    assert.equal(external.json.mechanism, "EXTERNAL");
    assert.match(external.stderr, /^C: AUTH EXTERNAL .*\[hidden\]$/m);
    const anonymous = await expectCode(0, [...args("postfix"), "--auth", "ANONYMOUS"], { input: MESSAGE });
    assert.equal(anonymous.json.mechanism, "ANONYMOUS");
    const without = await expectCode(77, [...args("exim"), "--auth", "EXTERNAL"], { input: MESSAGE });
    assert.equal(without.json.error.reason, "auth-not-offered");
  });
});
