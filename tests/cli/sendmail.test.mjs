// sendmail's arguments, recipients from the header, and the file of accounts.

import assert from "node:assert/strict";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServers } from "../servers/servers.mjs";
import { cli, expectCode, temporaryFolder } from "./program.mjs";

let run;
const folder = temporaryFolder();
const configFile = join(folder, ".config/wasm-smtp/config");
const env = { HOME: folder };
mkdirSync(join(folder, ".config/wasm-smtp"), { recursive: true });

function config(text, mode = 0o600) {
  writeFileSync(configFile, text);
  chmodSync(configFile, mode);
}

/** The account that most tests use; more lines may follow. */
const account = (more = "") => `# accounts\n\n[ work ]\nserver = smtps://127.0.0.1:${run.aiosmtpd.listeners.implicit.port}\nca = ${run.ca.file}\n`
  + `user = alice\npassword = secret\nfrom = me@lab.test\ndomain = lab.test\n${more}`;

before(async () => {
  run = await startServers({ names: ["aiosmtpd"] });
});
after(() => run?.stop());

let number = 0;
/** Runs sendmail with a subject of its own, and returns the message that arrived. */
async function sendmail(args, { message = "", headers = "", code = 0, options = {} } = {}) {
  number += 1;
  const subject = `sendmail ${process.pid} ${number}`;
  const result = await expectCode(code, ["sendmail", ...args], { input: `Subject: ${subject}\n${headers}\n${message}`, env, ...options });
  if (code !== 0) return result;
  const [arrived] = await run.aiosmtpd.delivered({ where: ({ content }) => content.includes(`Subject: ${subject}\r\n`) });
  return { ...result, envelope: arrived.envelope, content: arrived.content.toString().replace(`Subject: ${subject}\r\n`, "") };
}

describe("arguments", () => {
  before(() => config(account()));

  test("recipients as arguments, in many forms", async () => {
    const { envelope, content } = await sendmail(["-i", "a@lab.test", "Some One <b@lab.test>, c@lab.test", "root"], { message: "hello\n" });
    assert.deepEqual(envelope.to, ["a@lab.test", "b@lab.test", "c@lab.test", "root@lab.test"]);
    assert.equal(envelope.from, "me@lab.test");
    assert.equal(content, "\r\nhello\r\n");
  });
  test("the sender: -f, -r, with brackets, without a domain, empty", async () => {
    for (const [args, from] of [[["-f", "x@lab.test"], "x@lab.test"], [["-fx@lab.test"], "x@lab.test"], [["-r", "<y@lab.test>"], "y@lab.test"], [["-f", "cron"], "cron@lab.test"], [["-f", "<>"], ""], [["-f", ""], ""]]) {
      // aiosmtpd writes the null path with its brackets.
      assert.equal((await sendmail([...args, "a@lab.test"])).envelope.from.replace("<>", ""), from, args.join(" "));
    }
  });
  test("a dot alone ends the message, unless -i or -oi says no", async () => {
    const message = "one\n..\n.x\n.\ntwo\n";
    assert.equal((await sendmail(["a@lab.test"], { message })).content, "\r\none\r\n..\r\n.x\r\n");
    assert.equal((await sendmail(["a@lab.test"], { message: "one\n." })).content, "\r\none\r\n");
    assert.equal((await sendmail(["a@lab.test"], { message: "one\r\n.\r\ntwo\r\n" })).content, "\r\none\r\n");
    for (const flag of ["-i", "-oi", "-OIgnoreDots=True"]) assert.equal((await sendmail([flag, "a@lab.test"], { message })).content, "\r\none\r\n..\r\n.x\r\n.\r\ntwo\r\n");
    const long = `${"x".repeat(70)}\n..\n`.repeat(3000);
    assert.equal((await sendmail(["a@lab.test"], { message: `${long}.\nnever\n` })).content, `\r\n${long.replaceAll("\n", "\r\n")}`);
  });
  test("-t, with recipients beside it", async () => {
    const { envelope, content } = await sendmail(["-t", "-i", "extra@lab.test"], { headers: "To: to@lab.test\nBcc: hidden@lab.test\n", message: "x\n" });
    assert.deepEqual(envelope.to, ["extra@lab.test", "to@lab.test", "hidden@lab.test"]);
    assert.equal(content, "To: to@lab.test\r\n\r\nx\r\n");
  });
  test("what sendmail's callers add is accepted", async () => {
    const { envelope } = await sendmail(["-bm", "-F", "Full Name", "-B8BITMIME", "-em", "-G", "-h", "3", "-L", "tag", "-m", "-n", "-odi", "-oem", "-U", "-v", "--", "a@lab.test"]);
    assert.deepEqual(envelope.to, ["a@lab.test"]);
  });
  test("-- ends the options: an address cannot be one", async () => {
    const { stderr } = await sendmail(["--", "-t@lab.test", "-oi"], { code: 0 }).catch((error) => ({ stderr: error.message }));
    assert.ok(!/no option/.test(stderr));
  });
  test("called by the name sendmail", async () => {
    const link = join(folder, "sendmail");
    symlinkSync((await import("./program.mjs")).programFile(), link);
    const { json } = await expectCode(0, ["--json", "-oi", "named@lab.test"], { input: "a: b\n\n", env, as: link });
    assert.equal(json.command, "sendmail");
    assert.deepEqual(json.recipients.map(({ address }) => address), ["named@lab.test"]);
  });
  test("without a recipient", async () => {
    assert.match((await sendmail([], { code: 64 })).stderr, /no recipient: name one, or give -t/);
    assert.match((await sendmail(["-t"], { code: 65 })).stderr, /there is no recipient: the message's To, Cc and Bcc name none/);
    assert.match((await sendmail([""], { code: 65 })).stderr, /no recipient/);
  });
});

describe("recipients from the header", () => {
  const send = async (message, { args = [], code = 0 } = {}) => {
    const { json } = await expectCode(code, ["send", "--recipients-from-headers", "--json", ...args], { input: message, env });
    return { json, to: json.recipients.map(({ address }) => address) };
  };
  before(() => config(account()));
  const cases = {
    "plain": ["To: a@x.test, b@x.test", ["a@x.test", "b@x.test"]],
    "display names": ["To: A B <a@x.test>, \"C, D\" <c@x.test>, =?utf-8?q?e?= <e@x.test>", ["a@x.test", "c@x.test", "e@x.test"]],
    "comments": ["To: (one (two) \\) <no@x.test>) a@x.test (end), b (x) @ (y) x.test", ["a@x.test", "b@x.test"]],
    "groups": ["To: friends: a@x.test, B <b@x.test>;, nobody:;, c@x.test", ["a@x.test", "b@x.test", "c@x.test"]],
    "quoted local parts": ["To: \"a,b <c>\"@x.test, \"q\\\"uote\"@x.test", ["\"a,b <c>\"@x.test", "\"q\\\"uote\"@x.test"]],
    "literals": ["To: a@[192.0.2.1], <b@[IPv6:2001:db8::1]>", ["a@[192.0.2.1]", "b@[IPv6:2001:db8::1]"]],
    "a route": ["To: <@relay.test,@other.test:a@x.test>", ["a@x.test"]],
    "empty members": ["To: ,, a@x.test ,,", ["a@x.test"]],
    "folding": ["To: A\n <a@x.test>\n\t,b@x.test", ["a@x.test", "b@x.test"]],
    "every field": ["cc: c@x.test\nTO : a@x.test\nBcc: b@x.test\nReply-To: no@x.test", ["c@x.test", "a@x.test", "b@x.test"]],
    "Resent fields": ["To: no@x.test\nBcc: no@x.test\nResent-To: a@x.test\nResent-Bcc: b@x.test", ["a@x.test", "b@x.test"]],
    "the account's domain": ["To: root, a@x.test, Name <admin>", ["root@lab.test", "a@x.test", "admin@lab.test"]],
    "duplicates": ["To: a@x.test\nCc: a@x.test", ["a@x.test"]],
    "a mailbox line": ["From someone Mon Jan  1 00:00:00 2026\nTo: a@x.test", ["a@x.test"]],
  };
  for (const [name, [headers, expected]] of Object.entries(cases)) {
    test(name, async () => {
      for (const ending of ["\n", "\r\n", "\r"]) assert.deepEqual((await send(`${headers}\nSubject: x\n\nTo: body@x.test\n`.replaceAll("\n", ending))).to, expected);
    });
  }
  const bad = {
    "an unclosed quote": ["To: \"a <a@x.test>", /closing quote/],
    "an unclosed comment": ["To: a@x.test (oops", /closing parenthesis/],
    "an unclosed bracket": ["To: <a@x.test", /closing angle bracket/],
    "two words": ["To: a b@x.test", /name stands without an address/],
    "an unclosed group": ["To: friends: a@x.test", /closing semicolon/],
    "a group in a group": ["To: a: b: c@x.test;;", /group stands within another/],
    "nothing in brackets": ["To: A <>", /no address between/],
    "something behind": ["To: <a@x.test> b", /other than a comma follows/],
    "nested comments": [`To: ${"(".repeat(40)}`, /more than 32 deep/],
    "not a field": ["To: a@x.test\nthis is no field\nBcc: b@x.test", /line 2 of the header section is no field/],
    "a bad address": ["To: a@-x.test", /hyphen/],
  };
  for (const [name, [headers, rule]] of Object.entries(bad)) {
    test(`refused: ${name}`, async () => {
      const { json } = await send(`${headers}\n\nbody\n`, { code: 65 });
      assert.match(json.error.message, rule);
      assert.ok(json.recipients.every(({ status }) => status === "not-sent"));
    });
  }
  test("Bcc is never sent, however it is written", async () => {
    for (const ending of ["\n", "\r\n"]) {
      const headers = ["Bcc: first@x.test,", " folded@x.test,", "\tagain@x.test", "To: to@x.test", "BCC : second@x.test", "Subject: bcc here", "bcc:", " third@x.test", "X-Last: y"];
      const { envelope, content } = await sendmail(["-t", "-i"], { headers: `${headers.join(ending)}${ending}`, message: "Bcc: in the body\n" });
      assert.deepEqual(envelope.to, ["first@x.test", "folded@x.test", "again@x.test", "to@x.test", "second@x.test", "third@x.test"]);
      assert.equal(content, "To: to@x.test\r\nSubject: bcc here\r\nX-Last: y\r\n\r\nBcc: in the body\r\n");
    }
    const { json } = await send("To: a@x.test\rBcc: hidden@x.test\rSubject: old\r\rbody\r");
    assert.equal(json.octets, "To: a@x.test\r\nSubject: old\r\n\r\nbody\r\n".length);
  });
  test("from a stream and from a file, with a large body", async () => {
    const file = join(folder, "large.eml");
    const body = "line\n".repeat(100000);
    writeFileSync(file, `To: a@x.test\nBcc: b@x.test\n\n${body}`);
    const fromFile = await send("", { args: [file] });
    const fromStream = await send(`To: a@x.test\nBcc: b@x.test\n\n${body}`);
    for (const { json, to } of [fromFile, fromStream]) {
      assert.deepEqual(to, ["a@x.test", "b@x.test"]);
      assert.equal(json.octets, "To: a@x.test\r\n\r\n".length + 6 * 100000);
    }
  });
  test("a header section has its limit", async () => {
    const { json } = await send(`X: y\n${"X-Long: line\n".repeat(90000)}`, { code: 65 });
    assert.match(json.error.message, /longer than 1048576 octets/);
  });
});

describe("the file of accounts", () => {
  const attempt = (text, code, { args = ["a@lab.test"], mode } = {}) => {
    config(text, mode);
    return expectCode(code, ["sendmail", ...args, "--json"], { input: "a: b\n\n", env });
  };
  test("who may read and write it", async () => {
    assert.match((await attempt(account(), 78, { mode: 0o644 })).stderr, /holds a password and can be read by every user: chmod 600/);
    assert.match((await attempt(account(), 78, { mode: 0o602 })).stderr, /can be changed by every user/);
    await attempt(account(), 0, { mode: 0o640 });
    const password = join(folder, "pw");
    writeFileSync(password, "secret\n");
    await attempt(account().replace("password = secret", `password-file = ${password}`), 0, { mode: 0o644 });
  });
  test("a token from a command", async () => {
    const withCommand = (command) => account().replace("password = secret", `token-command = ${command}`);
    assert.match((await attempt(withCommand("sh -c 'exit 4'"), 77, { mode: 0o644 })).stderr, /the token command ended with status 4/);
    assert.match((await attempt(withCommand("sh -c 'exit 4"), 78)).stderr, /line 7: token-command: a quote is not closed/);
    // An argument replaces it, as it replaces any other.
    config(withCommand("false"));
    await expectCode(0, ["send", "--to", "a@lab.test", "--password-env", "PW"], { input: "a: b\n\n", env: { ...env, PW: "secret" } });
  });
  test("which account", async () => {
    const two = `default = second\n${account()}\n[second]\n${account("from = second@lab.test").split("\n").slice(3).filter((line) => !line.startsWith("from = me")).join("\n")}`;
    const from = async (args, text = two) => (await attempt(text, 0, { args: [...args, "a@lab.test"] })).json.from;
    assert.equal(await from([]), "second@lab.test");
    assert.equal(await from(["-a", "work"]), "me@lab.test");
    assert.equal(await from(["--account", "work"]), "me@lab.test");
    assert.equal(await from([], two.replace("default = second\n", "")), "me@lab.test");
    const elsewhere = join(folder, "other");
    writeFileSync(elsewhere, two, { mode: 0o600 });
    config("");
    assert.equal((await expectCode(0, ["sendmail", "-C", elsewhere, "--json", "a@lab.test"], { input: "a: b\n\n", env })).json.from, "second@lab.test");
    assert.match((await attempt(two, 78, { args: ["-a", "third", "a@lab.test"] })).stderr, /has no account \[third\]/);
  });
  test("send uses it too, and its arguments win", async () => {
    config(account("timeout = 20\nehlo = file.lab.test\nsmtputf8 = no\nno-pipelining = yes\nall-or-nothing = no"));
    const { json } = await expectCode(0, ["send", "--account", "work", "--from", "arg@lab.test", "--ehlo", "arg.lab.test", "--to", "a@lab.test", "--json"], { input: "a: b\n\n", env });
    assert.equal(json.from, "arg@lab.test");
    assert.equal(json.server.localName, "arg.lab.test");
    assert.equal(json.mechanism, "PLAIN");
    await expectCode(77, ["send", "--to", "a@lab.test", "--password-env", "PW"], { input: "a: b\n\n", env: { ...env, PW: "wrong-pass-7319" } });
  });
  const wrong = {
    "no such key": [(text) => `${text}colour = red\n`, /line 10: colour: there is no such key/],
    "a key of the command line only": [(text) => `${text}to = x@lab.test\n`, /line 10: to: there is no such key/],
    "no equals sign": [(text) => `${text}nonsense\n`, /line 10: is neither "\[account\]" nor "key = value"/],
    "no bracket": [(text) => `${text}[open\n`, /line 10: an account's name has no closing bracket/],
    "an account without a name": [(text) => `${text}[]\n`, /has no name/],
    "a key before the accounts": [(text) => `from = x@lab.test\n${text}`, /line 1: from stands before the first/],
    "an account given twice": [(text) => `${text}[work]\n`, /there is a second account \[work\]/],
    "no account": [() => "# nothing\n", /has no \[account\]/],
    "no server": [() => "[work]\nfrom = a@lab.test\n", /account \[work\] has no server/],
    "a bad URL": [(text) => text.replace("smtps://", "http://"), /server: must begin with smtps/],
    "a bad switch": [(text) => `${text}smtputf8 = maybe\n`, /smtputf8: must be yes or no/],
    "two passwords": [(text) => `${text}password-file = x\n`, /exactly one/],
    "a bad domain": [(text) => text.replace("domain = lab.test", "domain = -x"), /domain: .*hyphen/],
    "no sender": [(text) => text.replace("from = me@lab.test\n", ""), /there is no sender/],
    "a user without a password": [(text) => text.replace("password = secret\n", ""), /--user needs one of/],
    "a NUL": [(text) => `${text}\0`, /holds a NUL/],
    "too much": [(text) => text + "# filler\n".repeat(40000), /longer than 262144 octets/],
  };
  for (const [name, [change, message]] of Object.entries(wrong)) {
    test(`refused: ${name}`, async () => {
      const { json } = await attempt(change(account()), 78);
      assert.match(json.error.message, message);
      assert.equal(json.error.kind, "config");
    });
  }
  test("none at all", async () => {
    const { stderr } = await expectCode(78, ["sendmail", "a@lab.test"], { env: { HOME: "/nonexistent" } });
    assert.match(stderr, /there is neither ~\/\.config\/wasm-smtp\/config nor \/etc\/wasm-smtp\.conf/);
    assert.equal((await cli(["sendmail", "-C", "/", "a@lab.test"], { env })).code, 78);
  });
});
