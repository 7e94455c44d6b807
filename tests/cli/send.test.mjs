// send and probe against real servers: every way to connect and to log in, and octets as delivered.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startServers } from "../servers/servers.mjs";
import { expectCode, LOGIN, temporaryFolder } from "./program.mjs";

let run;
const folder = temporaryFolder();
before(async () => {
  run = await startServers({ names: ["postfix", "aiosmtpd", "smtp-server", "smtp-sink"] });
});
after(() => run?.stop());

const SCHEMES = { none: "smtp+plain", starttls: "smtp", required: "smtp", implicit: "smtps" };
const url = (server, name, { scheme, host = "127.0.0.1" } = {}) => {
  const listener = run[server].listeners[name];
  return `${scheme ?? SCHEMES[listener.tls]}://${host}:${listener.port}`;
};
const to = (server, name, options) => ["--server", url(server, name, options), ...(SCHEMES[run[server].listeners[name].tls] === "smtp+plain" || options?.scheme === "smtp+plain" ? [] : ["--ca", run.ca.file])];

let number = 0;
/** Sends and returns what was delivered, found by a sender of its own. */
async function deliver(server, listener, { args = [], input, options, copies = 1, url: where } = {}) {
  number += 1;
  const from = `cli${process.pid}x${number}@lab.test`;
  const result = await expectCode(0, ["send", ...to(server, listener, where), "--from", from, ...(args.includes("--to") ? [] : ["--to", "ok@lab.test"]), "--json", ...args], { input, ...options });
  const messages = await run[server].delivered({ count: copies, where: ({ envelope }) => envelope.from === from });
  return { ...result, from, messages, message: messages[0] };
}

describe("ways to connect", () => {
  for (const [server, listener, mode] of [["postfix", "relaxed", "starttls"], ["postfix", "implicit", "implicit"], ["aiosmtpd", "relaxed", "starttls"],
    ["aiosmtpd", "implicit", "implicit"], ["smtp-server", "relaxed", "starttls"], ["smtp-server", "implicit", "implicit"]]) {
    test(`${server} ${mode}`, async () => {
      const { json, message } = await deliver(server, listener, { input: "Subject: hi\n\nhello\n" });
      assert.equal(json.tls.mode, mode);
      assert.match(json.tls.version, /^TLSv1\.[23]$/);
      assert.equal(json.capabilitiesBeforeTls !== null, mode === "starttls");
      assert.equal(message.content.toString(), "Subject: hi\r\n\r\nhello\r\n");
      assert.equal(json.recipients[0].status, "accepted");
      assert.equal(json.octets, 22);
      assert.ok(json.roundTrips >= 3);
      assert.ok(json.timings.connected <= json.timings.greeting && json.timings.sendEnd <= json.timings.closed);
    });
  }
  test("without TLS", async () => {
    const { json } = await deliver("postfix", "relaxed", { input: "Subject: hi\n\nhello\n", url: { scheme: "smtp+plain" } });
    assert.equal(json.tls, null);
    assert.match(json.queueId, /^[0-9A-F]{6,}$/);
  });
  test("by name, by IPv6 literal, with a name for TLS, with a pin", async () => {
    await deliver("postfix", "implicit", { url: { host: "localhost" }, input: "a: b\n\n" });
    if (run["smtp-server"].listeners.ipv6) await deliver("smtp-server", "ipv6", { url: { host: "[::1]" }, input: "a: b\n\n" });
    const key = new X509Certificate(readFileSync(run.ca.good.cert)).publicKey.export({ type: "spki", format: "der" });
    const pin = createHash("sha256").update(key).digest();
    for (const text of [pin.toString("hex"), pin.toString("base64"), `sha256//${pin.toString("base64")}`, pin.toString("hex").toUpperCase().replace(/..(?=.)/g, "$&:")]) {
      const { json } = await deliver("postfix", "implicit", { args: ["--tls-name", "mx.lab.test", "--pin", text], input: "a: b\n\n" });
      assert.equal(json.tls.certificate.pinSha256, pin.toString("hex"));
    }
    const { json } = await expectCode(69, ["send", ...to("postfix", "implicit"), "--from", "a@lab.test", "--to", "ok@lab.test", "--pin", "00".repeat(32), "--json"]);
    assert.equal(json.error.cause, "pin-mismatch");
  });
  test("with a client certificate", async () => {
    const args = ["--cert", run.ca.client.cert, "--key", run.ca.client.key];
    await deliver("postfix", "clientCertificate", { args, input: "a: b\n\n" });
    // Postfix lets the handshake pass and says so behind it.
    assert.match((await expectCode(75, ["probe", url("postfix", "clientCertificate"), "--ca", run.ca.file])).stderr, /421 4\.7\.1 .*No client certificate/);
  });
  for (const [listener, cause] of [["untrusted", "certificate-untrusted"], ["wrongName", "certificate-name"], ["expired", "certificate-expired"], ["untrustedStarttls", "certificate-untrusted"], ["tls11", "tls-version"]]) {
    test(`${listener} is not accepted`, async () => {
      const { json, stderr } = await expectCode(69, ["send", ...to("postfix", listener), "--from", "a@lab.test", "--to", "ok@lab.test", "--json"]);
      assert.equal(json.error.cause, cause);
      assert.equal(json.recipients[0].status, "not-sent");
      assert.match(stderr, /during TLS/);
    });
  }
  test("the system's authorities do not know the test's", async () => {
    const { json } = await expectCode(69, ["probe", url("postfix", "implicit"), "--json"]);
    assert.equal(json.error.cause, "certificate-untrusted");
    assert.match(json.error.advice, /--ca/);
  });
});

describe("ways to log in", () => {
  const password = join(folder, "password");
  writeFileSync(password, "secret\r\n");
  test("each place for a password", async () => {
    for (const [args, options] of [[["--password-file", password]], [["--password-env", "PW"], { env: { PW: "secret" } }], [["--password-fd", "3"], { fds: ["secret\n"] }]]) {
      const { json, message } = await deliver("smtp-server", "strict", { args: ["--user", "alice", ...args], options, input: "a: b\n\n" });
      assert.equal(json.mechanism, "PLAIN");
      assert.equal(message.envelope.user ?? "alice", "alice");
    }
  });
  test("each mechanism", async () => {
    for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "scram-sha-256"]) {
      const { json } = await deliver("postfix", "strict", { args: [...LOGIN, "--auth", mechanism], input: "a: b\n\n" });
      assert.equal(json.mechanism, mechanism.toUpperCase());
    }
    const token = join(folder, "token");
    writeFileSync(token, `${run.tokens.valid}\n`);
    for (const args of [["--token-file", token], ["--token-file", token, "--auth", "XOAUTH2"], ["--token-env", "TOKEN"]]) {
      const { json } = await deliver("postfix", "strict", { args: ["--user", "alice", ...args], options: { env: { TOKEN: run.tokens.valid } }, input: "a: b\n\n" });
      assert.equal(json.mechanism, args.includes("XOAUTH2") ? "XOAUTH2" : "OAUTHBEARER");
      assert.ok(!JSON.stringify(json).includes(run.tokens.valid));
    }
  });
  test("a token from a command: without a shell, and once more if it is refused", async () => {
    const log = join(folder, "token-log");
    const script = join(folder, "token command.mjs"); // a space, for the quotes
    // Gives an expired token the first time, then a good one, and more lines, which do not count.
    writeFileSync(script, `import { appendFileSync, readFileSync } from "node:fs";
      appendFileSync(process.env.LOG, JSON.stringify(process.argv.slice(2)) + "\\n");
      const calls = readFileSync(process.env.LOG, "utf8").trim().split("\\n").length;
      console.log(calls === 1 && process.env.FIRST ? process.env.FIRST : process.env.GOOD);
      console.log("wrong-pass-7319");`);
    const command = `${process.execPath} '${script}' "two words" $HOME \\* 'it''s' ""`;
    const words = ["two words", "$HOME", "*", "its", ""];
    const calls = () => readFileSync(log, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const login = (...more) => ["--user", "alice", "--token-command", command, ...more];
    const env = { LOG: log, GOOD: run.tokens.valid };
    for (const first of [undefined, run.tokens.expired]) {
      writeFileSync(log, "");
      const { json, stderr } = await deliver("postfix", "strict", { args: login("--transcript"), options: { env: first ? { ...env, FIRST: first } : env }, input: "a: b\n\n" });
      assert.equal(json.mechanism, "OAUTHBEARER");
      assert.deepEqual(calls(), first ? [words, words] : [words]);
      assert.equal(stderr.match(/^C: AUTH OAUTHBEARER \[hidden\]$|^C: AUTH OAUTHBEARER$/gm).length, first ? 2 : 1);
      for (const token of [run.tokens.valid, run.tokens.expired]) assert.ok(!stderr.includes(token) && !JSON.stringify(json).includes(token));
    }
    writeFileSync(log, "");
    const bad = await expectCode(77, ["send", ...to("postfix", "strict"), ...login(), "--from", "a@lab.test", "--to", "ok@lab.test", "--json"], { env: { ...env, GOOD: run.tokens.expired } });
    assert.equal(bad.json.error.reason, "auth-refused");
    assert.equal(calls().length, 2);
  });
  test("a token command that gives none", async () => {
    const failing = async (code, command, pattern, more = []) => {
      const { stderr, json } = await expectCode(code, ["send", ...to("postfix", "strict"), "--user", "alice", "--token-command", command, ...more, "--from", "a@lab.test", "--to", "ok@lab.test", "--json"]);
      assert.match(stderr, pattern);
      assert.equal(json.error.message, /wasm-smtp: (.*)\n$/.exec(stderr)[1]);
      assert.equal(json.recipients[0].status, "not-sent");
    };
    await failing(78, "/nonexistent/program", /the token command cannot be run: No such file or directory/);
    await failing(77, "sh -c 'echo wrong-pass-7319; exit 3'", /the token command ended with status 3/);
    await failing(77, "sh -c 'kill -9 $$'", /the token command was ended by signal 9/);
    await failing(77, "true", /the token command wrote no line/);
    await failing(77, "sh -c 'echo; echo wrong-pass-7319'", /the token command wrote no line/);
    await failing(78, "sh -c 'yes | tr -d \"\\n\" | head -c 70000'", /the token command wrote a line of more than 65536 octets/);
    await failing(75, "sleep 30", /the token command did not end in time/, ["--timeout", "1"]);
    await failing(75, "sh -c 'exec >&-; exec sleep 30'", /the token command did not end in time/, ["--timeout", "1"]);
    const interrupted = await expectCode(75, ["send", ...to("postfix", "strict"), "--user", "alice", "--token-command", "sleep 30", "--from", "a@lab.test", "--to", "ok@lab.test"],
      { input: (child) => child.stdin.end("a: b\n\n", () => setTimeout(() => child.kill("SIGINT"), 1500)) });
    assert.match(interrupted.stderr, /interrupted|cancelled/);
    const usage = ["send", ...to("postfix", "strict"), "--user", "alice", "--from", "a@lab.test", "--to", "ok@lab.test"];
    assert.match((await expectCode(64, [...usage, "--token-command", "a 'b"])).stderr, /--token-command: a quote is not closed/);
    assert.match((await expectCode(64, [...usage, "--token-command", "  "])).stderr, /--token-command: names no program/);
    assert.match((await expectCode(64, [...usage, "--token-command", "true", "--token-env", "X"])).stderr, /exactly one/);
  });
  test("a wrong password, a mechanism that is not offered, no TLS", async () => {
    const envelope = ["--from", "a@lab.test", "--to", "ok@lab.test", "--user", "alice"];
    const env = { PW: "wrong-pass-7319", TOKEN: run.tokens.expired };
    const wrong = await expectCode(77, ["send", ...to("postfix", "strict"), ...envelope, "--password-env", "PW", "--json", "--transcript"], { env });
    assert.equal(wrong.json.error.kind, "auth");
    assert.equal(wrong.json.error.code, 535);
    assert.match(wrong.stderr, /wasm-smtp: during AUTH, .*535.*; check user and password\n$/);
    await expectCode(77, ["send", ...to("postfix", "strict"), ...envelope, "--token-env", "TOKEN"], { env });
    await expectCode(77, ["send", ...to("smtp-server", "strict"), ...envelope, "--password-env", "PW", "--auth", "SCRAM-SHA-256"], { env });
    const clear = ["send", ...to("postfix", "relaxed", { scheme: "smtp+plain" }), ...envelope, "--password-env", "PW"];
    const refused = await expectCode(77, [...clear, "--json"], { env });
    assert.equal(refused.json.error.reason, "auth-not-secure");
    await deliver("postfix", "relaxed", { url: { scheme: "smtp+plain" }, args: [...LOGIN, "--allow-plaintext-auth", "--auth", "PLAIN"], input: "a: b\n\n" });
  });
  test("no mechanism shows a secret in transcript, picture or report", async () => {
    for (const mechanism of ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"]) {
      const transcript = join(folder, "transcript");
      const picture = join(folder, "w.svg");
      // expectCode looks through stdout and stderr.
      await expectCode(0, ["send", ...to("postfix", "strict"), ...LOGIN, "--auth", mechanism, "--from", "a@lab.test", "--to", "ok@lab.test", "--json", "--transcript", "--waterfall", picture],
        { input: "Subject: t\n\nthe body is private\n" });
      const again = await expectCode(0, ["send", ...to("postfix", "strict"), ...LOGIN, "--auth", mechanism, "--from", "a@lab.test", "--to", "ok@lab.test", `--transcript=${transcript}`],
        { input: "Subject: t\n\nthe body is private\n" });
      assert.equal(again.stderr, "");
      const text = readFileSync(transcript, "utf8");
      assert.match(text, new RegExp(`^C: AUTH ${mechanism}`, "m"));
      assert.match(text, /^C: .*\[hidden\]$/m);
      assert.match(text, /^C: \[message: \d+ octets\]$/m);
      for (const file of [transcript, picture]) {
        const content = readFileSync(file, "utf8");
        for (const hidden of ["secret", "c2VjcmV0", "AGFsaWNlAHNlY3JldA", "private"]) assert.ok(!content.includes(hidden), `${mechanism}: ${file} holds ${hidden}`);
      }
    }
  });
});

describe("octets", () => {
  const octets = Buffer.from("Subject: caf\u00e9\r\n\r\n.\r\n..two\r\n.x\r\nFrom here\r\nblank \r\n\xff\xfe\r\n\r\nnul:\0:\r\nno end", "latin1");
  const expected = Buffer.concat([octets, Buffer.from("\r\n")]);
  const file = join(folder, "message.eml");
  for (const server of ["aiosmtpd", "smtp-server"]) {
    test(`${server}: from a file and from stdin, in every style of line ends`, async () => {
      for (const ending of ["\r\n", "\n", "\r"]) {
        const message = Buffer.from(octets.toString("latin1").replaceAll("\r\n", ending), "latin1");
        writeFileSync(file, message);
        const fromFile = await deliver(server, "implicit", { args: [file] });
        assert.deepEqual(fromFile.message.content, expected);
        assert.equal(fromFile.json.octets, expected.length);
        const fromStdin = await deliver(server, "implicit", { args: ["-"], input: message });
        assert.deepEqual(fromStdin.message.content, expected);
      }
    });
  }
  test("an empty message, and one without a body", async () => {
    for (const input of ["", "\n", "Subject: x"]) {
      const { message } = await deliver("aiosmtpd", "relaxed", { input });
      assert.equal(message.content.toString(), input === "" ? "" : `${input.trimEnd()}\r\n`);
    }
  });
  test("a stream that comes in pieces, cut anywhere", async () => {
    const input = (child) => {
      const text = `Subject: slow\r\n\r\n${"line of text\r\n.\r\n".repeat(9000)}`;
      let at = 0;
      const next = () => {
        if (at >= text.length) return child.stdin.end();
        const size = 1 + ((at * 7919) % 20011);
        child.stdin.write(text.slice(at, at + size), () => setImmediate(next));
        at += size;
        return undefined;
      };
      next();
    };
    const { message, json } = await deliver("aiosmtpd", "relaxed", { input });
    assert.equal(message.content.toString(), `Subject: slow\r\n\r\n${"line of text\r\n.\r\n".repeat(9000)}`);
    assert.equal(json.octets, message.content.length);
  });
  test("size and 8BITMIME are declared for a file, and for a small stream", async () => {
    writeFileSync(file, octets);
    for (const args of [[file], []]) {
      const { message } = await deliver("aiosmtpd", "relaxed", { args, input: octets });
      assert.deepEqual(message.envelope.mailOptions, [`SIZE=${expected.length}`, "BODY=8BITMIME"]);
    }
    const seven = await deliver("aiosmtpd", "relaxed", { input: "a: b\n\nx\n" });
    assert.deepEqual(seven.message.envelope.mailOptions, ["SIZE=11"]);
  });
  test("a line that is too long is found before a connection, or ends the session", async () => {
    writeFileSync(file, `Subject: long\n\n${"x".repeat(100000)}\n${"y".repeat(999)}\n`);
    const before_ = await expectCode(65, ["send", "--server", "smtp+plain://127.0.0.1:1", "--from", "a@lab.test", "--to", "ok@lab.test", "--json", file]);
    assert.match(before_.json.error.message, /line longer than 998 octets/);
    const streamed = await expectCode(65, ["send", ...to("aiosmtpd", "relaxed"), "--from", "a@lab.test", "--to", "ok@lab.test", "--json"],
      { input: `Subject: long\n\n${"short\n".repeat(20000)}${"y".repeat(999)}\n` });
    assert.equal(streamed.json.recipients[0].status, "not-sent");
  });
  test("more than the server's SIZE is not sent", async () => {
    writeFileSync(file, `Subject: large\n\n${"line\n".repeat(300000)}`);
    const { json } = await expectCode(65, ["send", ...to("postfix", "relaxed"), "--from", "a@lab.test", "--to", "ok@lab.test", "--json", file]);
    assert.equal(json.error.reason, "message-too-large");
    assert.equal(json.capabilities.size, run.sizeLimit);
  });
});

describe("flags of the session", () => {
  const transcript = async (args, options) => (await expectCode(0, ["send", ...to("postfix", "relaxed"), "--from", "", "--to", "ok@lab.test", "--to", "second@lab.test", "--transcript", ...args], { input: "a: b\n\n", ...options })).stderr;
  test("pipelining, and not; an empty sender; the EHLO name; --no-chunking", async () => {
    const fast = await transcript(["--ehlo", "client.lab.test", "--no-chunking"]);
    assert.match(await transcript([]), /^C: BDAT 8 LAST\nC: \[message: 8 octets\]$/m);
    assert.match(fast, /^C: MAIL FROM:<> .*\nC: RCPT TO:<ok@lab.test>\nC: RCPT TO:<second@lab.test>\nC: DATA\nS: 250/m);
    assert.match(fast, /^C: EHLO client\.lab\.test$/m);
    assert.match(fast, /^-- TLS established/m);
    const slow = await transcript(["--no-pipelining", "--no-chunking"]);
    assert.match(slow, /^C: MAIL FROM:<> .*\nS: 250 .*\nC: RCPT TO:<ok@lab.test>\nS: 250 .*\nC: RCPT TO:<second@lab.test>\nS: 250 .*\nC: DATA\nS: 354/m);
    assert.match(slow, /^C: EHLO \[127\.0\.0\.1\]$/m);
  });
  test("UTF-8 addresses need a server that takes them, and nothing else", async () => {
    const args = ["--from", "j\u00fcrgen@lab.test", "--to", "\u03b4\u03bf\u03ba@lab.test", "--json"];
    const { json } = await expectCode(0, ["send", ...to("aiosmtpd", "relaxed"), ...args], { input: "a: b\n\n" });
    assert.equal(json.recipients[0].address, "\u03b4\u03bf\u03ba@lab.test");
    const [message] = await run.aiosmtpd.delivered({ where: ({ envelope }) => envelope.from === "j\u00fcrgen@lab.test" });
    assert.ok(message.envelope.mailOptions.includes("SMTPUTF8"));
    const refused = await expectCode(69, ["send", ...to("postfix", "legacy"), ...args], { input: "a: b\n\n" });
    assert.equal(refused.json.error.reason, "smtputf8-missing");
    assert.match(refused.stderr, /the reverse-path needs SMTPUTF8.*before the @/);
    // A message that needs it is not sent without it, whatever its addresses.
    const asked = await expectCode(69, ["send", ...to("postfix", "legacy"), "--from", "a@lab.test", "--to", "ok@lab.test", "--smtputf8", "--json"], { input: "a: b\n\n" });
    assert.equal(asked.json.error.reason, "smtputf8-missing");
  });
  test("UTF-8 domains become A-labels, for every server", async () => {
    for (const [server, listener] of [["postfix", "legacy"], ["postfix", "relaxed"]]) {
      const { json, stderr } = await expectCode(0, ["send", ...to(server, listener), "--from", `idna@b\u00fccher.test`, "--to", "ok@b\u00fccher.test", "--json", "--transcript"], { input: "a: b\n\n" });
      assert.equal(json.recipients[0].address, "ok@b\u00fccher.test");
      assert.match(stderr, /^C: MAIL FROM:<idna@xn--bcher-kva\.test>[^\n]*\n(?:S: .*\n)?C: RCPT TO:<ok@xn--bcher-kva\.test>$/m);
      assert.doesNotMatch(stderr, /^C: .*SMTPUTF8/m);
    }
    const bad = await expectCode(65, ["send", ...to("postfix", "relaxed"), "--from", "a@lab.test", "--to", "ok@lab.test", "--to", "a@xn--b\u00fccher.test", "--json"], { input: "a: b\n\n" });
    assert.equal(bad.json.error.reason, "domain-character");
    assert.match(bad.stderr, /recipient 2 /);
  });
  test("a host with a name beyond ASCII, shown both ways", async () => {
    // Fullwidth letters, which stand for the usual ones: looked up and verified as localhost.
    const { json } = await expectCode(0, ["probe", url("postfix", "implicit", { host: "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54" }), "--ca", run.ca.file, "--json"]);
    assert.match(json.server.url, /^smtps:\/\/localhost:/);
    assert.equal(json.server.hostUnicode, null);
    const named = await expectCode(68, ["probe", "smtp://xn--bcher-kva.invalid", "--json"]);
    assert.equal(named.json.server.hostUnicode, "b\u00fccher.invalid");
    const wrong = await expectCode(69, ["probe", url("postfix", "implicit"), "--ca", run.ca.file, "--tls-name", "b\u00fccher.test", "--json"]);
    assert.equal(wrong.json.error.cause, "certificate-name");
  });
  test("all or nothing", async () => {
    const args = ["send", ...to("postfix", "relaxed"), "--from", "all@lab.test", "--to", "ok@lab.test", "--json"];
    const bad = await expectCode(69, [...args, "--to", "bad@lab.test", "--all-or-nothing"], { input: "a: b\n\n" });
    assert.deepEqual(bad.json.recipients.map(({ status }) => status), ["not-sent", "refused"]);
    const grey = await expectCode(75, [...args, "--to", "grey@lab.test", "--all-or-nothing"], { input: "a: b\n\n" });
    assert.deepEqual(grey.json.recipients.map(({ status }) => status), ["not-sent", "deferred"]);
  });
  test("a recipient named twice is one", async () => {
    const { json } = await deliver("aiosmtpd", "relaxed", { args: ["--to", "ok@lab.test", "--to", "ok@lab.test"], input: "a: b\n\n" });
    assert.equal(json.recipients.length, 1);
  });
  test("a thousand recipients", async () => {
    const args = Array.from({ length: 1000 }, (_, index) => ["--to", `r${index}@lab.test`]).flat();
    const { json } = await expectCode(0, ["send", "--server", url("smtp-sink", "keep"), "--from", "many@lab.test", "--json", ...args], { input: "a: b\n\n" });
    assert.equal(json.recipients.length, 1000);
    assert.ok(json.recipients.every(({ status, code }) => status === "accepted" && code === 250));
  });
});

describe("probe", () => {
  test("shows what is offered, before and after TLS", async () => {
    const { stdout } = await expectCode(0, ["probe", url("postfix", "strict"), "--ca", run.ca.file]);
    assert.match(stdout, /^greeting +mx\.lab\.test ESMTP Postfix$/m);
    assert.match(stdout, /^TLS +TLSv1\.3, /m);
    assert.match(stdout, /^certificate +CN=localhost$/m);
    assert.match(stdout, /^ {2}names +localhost, mx\.lab\.test, 127\.0\.0\.1/m);
    const [, beforeTls, withTls] = /before TLS([^]*)with TLS([^]*)limits/.exec(stdout);
    assert.ok(beforeTls.includes("STARTTLS") && !beforeTls.includes("AUTH"));
    assert.ok(!withTls.includes("STARTTLS") && withTls.includes("AUTH PLAIN"));
    assert.match(stdout, /^limits +1048576 octets a message$/m);
    assert.match(stdout, /^round trips +\d$/m);
  });
  test("as JSON", async () => {
    const { json } = await expectCode(0, ["probe", url("postfix", "strict"), "--ca", run.ca.file, "--json"]);
    assert.deepEqual(json.capabilitiesBeforeTls.mechanisms, []);
    assert.deepEqual(json.capabilities.mechanisms.sort(), [...run.postfix.mechanisms].filter((name) => name !== "ANONYMOUS").sort());
    assert.equal(json.capabilities.name, "mx.lab.test");
    assert.equal(json.tls.certificate.issuer, "CN=wasm-smtp test CA");
    const certificate = new X509Certificate(readFileSync(run.ca.good.cert));
    assert.equal(new Date(json.tls.certificate.notAfter).getTime(), new Date(certificate.validTo).getTime());
    assert.equal(new Date(json.tls.certificate.notBefore).getTime(), new Date(certificate.validFrom).getTime());
  });
  test("a server without extensions, and one without ESMTP", async () => {
    assert.match((await expectCode(0, ["probe", url("postfix", "legacy")])).stdout, /^extensions +\(no extensions\)$/m);
    const { json } = await expectCode(0, ["probe", url("smtp-sink", "noEsmtp"), "--json"]);
    assert.equal(json.capabilities.esmtp, false);
    assert.deepEqual(json.capabilities.extensions, []);
  });
  test("shows a certificate that it does not trust", async () => {
    const { stdout, json } = await expectCode(69, ["probe", url("postfix", "expired"), "--ca", run.ca.file, "--json"]);
    assert.equal(json.tls.version, null);
    assert.equal(json.tls.certificate.subject, "CN=localhost");
    assert.ok(new Date(json.tls.certificate.notAfter) < new Date());
    assert.ok(stdout.length > 0);
  });
});

describe("waterfall", () => {
  const parse = (file) => execFileSync("python3", ["-c", `
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
print(root.tag)
for text in root.iter("{http://www.w3.org/2000/svg}text"): print(text.text)`, file], { encoding: "utf8" });
  test("an SVG that parses, with phases and round trips", async () => {
    const file = join(folder, "picture.svg");
    const { json } = await expectCode(0, ["send", ...to("postfix", "strict"), ...LOGIN, "--from", "a@lab.test", "--to", "ok@lab.test", "--json", "--no-chunking", "--waterfall", file], { input: "a: b\n\n" });
    const text = parse(file);
    assert.match(text, /^\{http:\/\/www\.w3\.org\/2000\/svg\}svg$/m);
    for (const phase of ["name lookup", "connection", "TLS", "greeting", "EHLO", "authentication", "envelope", "message", "outcome", "quit"]) assert.match(text, new RegExp(`^${phase}$`, "m"));
    assert.match(text, new RegExp(`^round trips: ${json.roundTrips}$`, "m"));
    assert.match(text, /^MAIL, RCPT, DATA \u2192 250 \u00d72, 354$/m);
    assert.match(text, /^message, \d+ octets \u2192 250$/m);
    assert.ok(!/href|<script|url\(/.test(readFileSync(file, "utf8")), "complete in itself");
  });
  test("HTML, and of a session that failed", async () => {
    const file = join(folder, "picture.html");
    await expectCode(69, ["probe", url("postfix", "untrusted"), "--ca", run.ca.file, "--waterfall", file]);
    const html = readFileSync(file, "utf8");
    assert.match(html, /^<!DOCTYPE html>\n<html lang="en">[^]*<svg [^]*<\/svg>\n<\/body>\n<\/html>\n$/);
    assert.match(html, />TLS<\/text>[^\n]*not finished/);
    writeFileSync(join(folder, "inner.svg"), /<svg [^]*<\/svg>/.exec(html)[0]);
    parse(join(folder, "inner.svg"));
  });
});
