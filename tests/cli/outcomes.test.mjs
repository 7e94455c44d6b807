// What can go wrong, and the exit status and report of each: scripted faults, and real refusals.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeCertificates } from "../servers/ca.mjs";
import { DEFAULT_PARENT } from "../servers/folders.mjs";
import { startScripted } from "../servers/scripted.mjs";
import { call, close, closeAbruptly, expect, expectEnd, hello, readData, reset, send, sendGarbage, sendRaw, stall, startTls, wait } from "../servers/scripted-steps.mjs";
import { startServers } from "../servers/servers.mjs";
import { expectCode, LOGIN, temporaryFolder } from "./program.mjs";

const MESSAGE = "Subject: hi\n\nhello\n";
const folder = temporaryFolder();
let ca;
before(() => {
  ca = makeCertificates(join(DEFAULT_PARENT, "ca"));
});

/** Runs send against a script and returns its result; the script must have been followed. */
async function scripted(context, steps, code, { args = [], to = ["ok@lab.test"], input = MESSAGE, scheme = "smtp+plain", server: options, unfinished = false } = {}) {
  const server = await startScripted({ steps, ...options });
  context.after(() => server.stop());
  const result = await expectCode(code, ["send", "--server", `${scheme}://127.0.0.1:${server.port}`, "--from", "a@lab.test", ...to.flatMap((one) => ["--to", one]), "--json", ...(args.includes("--timeout") ? [] : ["--timeout", "6"]), ...args], { input });
  if (!unfinished) await server.finished();
  return { ...result, error: result.json.error, statuses: result.json.recipients.map(({ status }) => status) };
}

const MAIL = expect("MAIL FROM:");
const RCPT = expect("RCPT TO:");
const ENVELOPE = [...hello(["ENHANCEDSTATUSCODES"]), MAIL, send("250 2.1.0 ok"), RCPT, send("250 2.1.5 ok"), expect("DATA"), send("354 go")];
const QUIT = [expect("QUIT"), send("221 bye"), close()];

describe("refusals", () => {
  const cases = {
    "greeting 554": [[send("554 no mail here"), ...QUIT], 69, /greeting/i],
    "greeting 421": [[send("421 try later"), close()], 75, /421 try later/],
    "EHLO and HELO 550": [[send("220 x"), expect("EHLO"), send("502 what"), expect("HELO"), send("550 no"), expect("QUIT")], 69, /550 no/],
    "MAIL 553": [[...hello(), MAIL, send("553 5.1.8 bad sender"), ...QUIT], 69, /MAIL FROM.*553.*bad sender/],
    "MAIL 451": [[...hello(), MAIL, send("451 later"), ...QUIT], 75, /MAIL FROM.*451 later; try again later/],
    "DATA 554": [[...hello(), MAIL, send("250 ok"), RCPT, send("250 ok"), expect("DATA"), send("554 no"), expect("RSET"), send("250 ok"), ...QUIT], 69, /DATA.*554 no/],
    "end of data 552": [[...ENVELOPE, readData(), send("552 5.3.4 too big"), expect("RSET"), send("250 ok"), ...QUIT], 69, /552 5\.3\.4 too big/],
    "end of data 452": [[...ENVELOPE, readData(), send("452 4.3.1 disk full"), expect("RSET"), send("250 ok"), ...QUIT], 75, /452 4\.3\.1 disk full/],
    "end of data 421": [[...ENVELOPE, readData(), send("421 4.3.2 going down"), close()], 75, /421/],
  };
  for (const [name, [steps, code, message]] of Object.entries(cases)) {
    test(name, async (context) => {
      const { error, stderr, statuses } = await scripted(context, steps, code, { unfinished: true });
      assert.match(stderr, message);
      assert.equal(error.kind, "refused");
      assert.equal(error.retryable, code === 75);
      assert.equal(error.inDoubt, false);
      assert.notEqual(statuses[0], "accepted");
    });
  }

  const RCPTS = (replies) => replies.flatMap((text) => [RCPT, send(text)]);
  const recipients = {
    "all refused": [["550 5.1.1 no", "551 5.7.1 no"], 67, ["refused", "refused"]],
    "all deferred": [["450 4.2.0 later", "451 4.2.0 later"], 75, ["deferred", "deferred"]],
    "refused and deferred": [["450 4.2.0 later", "550 5.1.1 no"], 69, ["deferred", "refused"]],
    "one refused": [["250 ok", "550 5.1.1 no"], 69, ["accepted", "refused"]],
    "one deferred": [["250 ok", "450 4.2.0 later"], 75, ["accepted", "deferred"]],
    "all three": [["250 ok", "450 4.2.0 later", "550 5.1.1 no"], 69, ["accepted", "deferred", "refused"]],
    "all accepted": [["250 ok", "251 forwarded"], 0, ["accepted", "accepted"]],
  };
  for (const [name, [replies, code, expected]] of Object.entries(recipients)) {
    test(`recipients: ${name}`, async (context) => {
      const accepted = expected.includes("accepted");
      const steps = [...hello(["ENHANCEDSTATUSCODES"]), MAIL, send("250 ok"), ...RCPTS(replies),
        ...(accepted ? [expect("DATA"), send("354 go"), readData(), send("250 2.0.0 ok: queued as 4C2F17A9B"), ...QUIT] : [expect("RSET"), send("250 ok"), ...QUIT])];
      const to = replies.map((_, index) => `r${index}@lab.test`);
      const { json, error, statuses, stderr } = await scripted(context, steps, code, { to, unfinished: !accepted });
      assert.deepEqual(statuses, expected);
      assert.equal(json.queueId, accepted ? "4C2F17A9B" : null);
      if (code === 0) return;
      assert.match(stderr, /RCPT TO/);
      assert.equal(error.kind, "refused");
      if (expected.includes("refused") && accepted) assert.equal(error.code, 550);
      const no = json.recipients[expected.findIndex((status) => status !== "accepted")];
      assert.match(no.enhanced, /^[45]\.\d\.\d$/);
      assert.match(no.text, /^(no|later)$/);
    });
  }

  test("a reply of several lines, with control characters, stays one clean line", async (context) => {
    const steps = [...hello(), MAIL, sendRaw("550-first \x1b[31mred\r\n550-second\r\n550 third \u0085\r\n"), ...QUIT];
    const { stderr, error } = await scripted(context, steps, 69, { unfinished: true, args: ["--transcript"] });
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f]/.test(stderr), JSON.stringify(stderr));
    assert.match(stderr.trimEnd().split("\n").at(-1), /first \\x1B\[31mred .*second .*third/);
    assert.equal(error.code, 550);
  });
});

// Recipients that the server never answered for, beside one that was accepted: they were not refused.
describe("accepted, then broken", () => {
  const LMTP = [send("220 x"), expect("LHLO"), send("250-x", "250 PIPELINING"), MAIL, RCPT, RCPT, expect("DATA"), send("250 ok", "250 ok", "250 ok", "354 go"), readData(), send("250 ok")];
  const part = (final) => [MAIL, RCPT, expect("DATA"), send("250 ok", "250 ok", "354 go"), readData(), send(final)];
  const parts = (limits) => hello(["PIPELINING", `LIMITS RCPTMAX=1${limits ?? ""}`]);
  const to = ["b@lab.test", "c@lab.test"];
  const cases = {
    "LMTP, lost": [[...LMTP, close()], "lmtp", ["accepted", "in-doubt"], /^wasm-smtp: 1 of 2 recipients is in doubt: <c@lab\.test>; .*end of data.*find out before sending it again$/, "closed-by-peer"],
    "LMTP, no answer": [[...LMTP, wait(3000)], "lmtp", ["accepted", "in-doubt"], /^wasm-smtp: 1 of 2 recipients is in doubt: <c@lab\.test>; .*in time.*find out/, "timeout", ["--timeout", "1"]],
    "parts, second in doubt": [[...parts(), ...part("250 ok"), ...part("250 ok").slice(0, -1), close()], undefined, ["accepted", "in-doubt"], /1 of 2 recipients is in doubt/, "closed-by-peer"],
    "parts, second not begun": [[...parts(), ...part("250 ok"), close()], undefined, ["accepted", "not-sent"], /^wasm-smtp: 1 of 2 recipients got no message: <c@lab\.test>; .*closed the connection; try again later for those/, "closed-by-peer"],
    "parts, too many": [[...parts(" MAILMAX=1"), ...part("250 ok"), ...QUIT], undefined, ["accepted", "not-sent"], /1 of 2 recipients got no message: <c@lab\.test>; the server takes no more messages/, "transaction-limit"],
  };
  for (const [name, [steps, scheme, expected, message, reason, args]] of Object.entries(cases)) {
    test(name, async (context) => {
      const { error, statuses, stderr } = await scripted(context, steps, 75, { to, scheme, args, unfinished: true });
      assert.deepEqual(statuses, expected);
      assert.match(stderr.trimEnd(), message);
      assert.equal(error.reason, reason);
      assert.equal(error.inDoubt, expected[1] === "in-doubt");
      assert.equal(error.retryable, false);
    });
  }

  test("the transcript has the commands of every part, and the text of none", async (context) => {
    const steps = [...parts(), ...part("250 ok"), ...part("250 ok"), ...QUIT];
    const input = "Subject: hi\n\n.\n..\nX-hidden: text\n.";
    const { stderr } = await scripted(context, steps, 0, { to, input, args: ["--transcript"] });
    const sent = stderr.split("\n").filter((line) => line.startsWith("C: ")).map((line) => line.slice(3));
    const one = (address) => ["MAIL FROM:<a@lab.test>", `RCPT TO:<${address}>`, "DATA", "[message: 47 octets]"];
    assert.deepEqual(sent.slice(1), [...one(to[0]), ...one(to[1]), "QUIT"]);
  });

  test("a part that was refused does not get the text of another", async (context) => {
    const steps = [...parts(), ...part("250 first"), ...part("550 second"), ...QUIT];
    const { error, statuses, stderr, json } = await scripted(context, steps, 69, { to });
    assert.deepEqual(statuses, ["accepted", "refused"]);
    assert.equal(error.code, 550);
    assert.equal(error.step, null);
    assert.equal(json.recipients[0].text, "first");
    assert.notEqual(json.recipients[1].text, "first");
    assert.doesNotMatch(stderr, /first/);
  });
});

describe("a source that stalls", () => {
  /** Writes so many lines, and nothing more for longer than anybody waits. */
  const stalling = (lines) => (child) => {
    child.stdin.write("Subject: x\r\n\r\n" + "line\r\n".repeat(lines));
    setTimeout(() => child.stdin.end(), 6000).unref();
    child.on("exit", () => child.stdin.destroy());
  };
  test("before a connection is opened", async (context) => {
    const { error, stderr } = await scripted(context, [], 74, { input: stalling(1), args: ["--timeout", "1"], unfinished: true });
    assert.match(stderr, /standard input cannot be read: nothing came in time/);
    assert.equal(error.kind, "file");
  });
  test("within the message", async (context) => {
    const steps = [...hello(), MAIL, send("250 ok"), RCPT, send("250 ok"), expect("DATA"), send("354 go"), readData()];
    const { error, statuses, json } = await scripted(context, steps, 74, { input: stalling(20000), args: ["--timeout", "1"], unfinished: true });
    assert.equal(error.cause, "body-source");
    assert.deepEqual(statuses, ["not-sent"]);
    assert.ok(json.timings.closed < 5000);
  });
});

describe("broken sessions", () => {
  test("connection refused", async () => {
    const server = await startScripted({ steps: [] });
    await server.stop();
    const { json } = await expectCode(75, ["send", "--server", `smtps://127.0.0.1:${server.port}`, "--from", "", "--to", "ok@lab.test", "--json"]);
    assert.equal(json.error.cause, "connection-refused");
    assert.equal(json.error.retryable, true);
    assert.deepEqual(json.timings.connected, undefined);
  });
  test("host not found", async () => {
    const { json } = await expectCode(68, ["probe", "smtp://no-such-host.invalid", "--json"]);
    assert.equal(json.error.cause, "host-not-found");
    assert.match(json.error.message, /no-such-host\.invalid/);
  });
  test("lost before the message", async (context) => {
    const { error, statuses } = await scripted(context, [...hello(), MAIL, reset()], 75);
    assert.equal(error.kind, "transport");
    assert.deepEqual(statuses, ["not-sent"]);
    assert.equal(error.retryable, true);
  });
  test("lost before the message has ended", async (context) => {
    const { error, statuses } = await scripted(context, [...ENVELOPE.slice(0, -1), send("354 go"), reset()], 75, { input: MESSAGE + "line\n".repeat(400000) });
    assert.equal(error.kind, "transport");
    assert.equal(error.inDoubt, false);
    assert.deepEqual(statuses, ["not-sent"]);
  });
  test("lost behind the message: in doubt", async (context) => {
    const { error, statuses, stderr } = await scripted(context, [...ENVELOPE, readData(), reset()], 75);
    assert.equal(error.inDoubt, true);
    assert.equal(error.retryable, false);
    assert.deepEqual(statuses, ["in-doubt"]);
    assert.match(stderr, /it may have been delivered: find out before sending it again\n$/);
  });
  test("no answer in time", async (context) => {
    const began = Date.now();
    const { error, stderr } = await scripted(context, [send("220 x"), expect("EHLO"), stall()], 75, { args: ["--timeout", "1"], unfinished: true });
    assert.equal(error.reason, "timeout");
    assert.ok(Date.now() - began < 10000);
    assert.match(stderr, /--timeout/);
  });
  test("a session that is lost behind an accepted message is a success", async (context) => {
    const { statuses } = await scripted(context, [...ENVELOPE, readData(), send("250 ok"), reset()], 0);
    assert.deepEqual(statuses, ["accepted"]);
  });
  for (const [name, signal] of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGTERM"]]) {
    test(`${name} cancels`, async (context) => {
      const server = await startScripted({ steps: [...hello(), MAIL, stall()] });
      context.after(() => server.stop());
      const result = await expectCode(75, ["send", "--server", `smtp+plain://127.0.0.1:${server.port}`, "--from", "", "--to", "ok@lab.test", "--json"], {
        input(child) {
          child.stdin.end(MESSAGE);
          const wait = setInterval(() => {
            if (!server.connections[0]?.lines.some((line) => line.startsWith("MAIL"))) return;
            clearInterval(wait);
            child.kill(signal);
          }, 20);
        },
      });
      assert.equal(result.json.error.reason, "cancelled");
      assert.deepEqual(result.json.recipients.map(({ status }) => status), ["not-sent"]);
    });
  }
});

describe("broken protocol", () => {
  const cases = {
    "a greeting that is none": [[send("hello there"), close()], {}],
    "an unsolicited reply": [[...hello(), MAIL, send("250 ok", "250 again", "250 and again"), close()], {}],
    "codes that differ within a reply": [[send("220 x"), expect("EHLO"), send("250-a", "220 b"), close()], {}],
    "garbage for TLS": [[sendGarbage(64), close()], { scheme: "smtps" }],
    "garbage after STARTTLS": [[...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go"), wait(200), sendGarbage(64), close()], { scheme: "smtp" }],
    "plain text behind STARTTLS": [[...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go", "250 injected"), close()], { scheme: "smtp" }],
  };
  for (const [name, [steps, options]] of Object.entries(cases)) {
    test(name, async (context) => {
      const { error, statuses } = await scripted(context, steps, 76, { ...options, unfinished: true });
      assert.notEqual(error.kind, "usage");
      assert.deepEqual(statuses, ["not-sent"]);
    });
  }
  test("TLS on a port that speaks plain text says so", async (context) => {
    const { stderr } = await scripted(context, [send("220 plain ESMTP"), stall()], 76, { scheme: "smtps", unfinished: true });
    assert.match(stderr, /smtps:\/\/ is TLS from the start \(port 465\), smtp:\/\/ is STARTTLS/);
  });
});

describe("what the server lacks", () => {
  test("STARTTLS", async (context) => {
    const { error, stderr } = await scripted(context, [...hello(["SIZE 1000"])], 69, { scheme: "smtp", unfinished: true });
    assert.equal(error.reason, "starttls-missing");
    assert.match(stderr, /use smtps:\/\//);
  });
  test("8BITMIME", async (context) => {
    const { error } = await scripted(context, [...hello(), ...QUIT], 69, { input: Buffer.from("Subject: caf\u00e9\n\n"), unfinished: true });
    assert.equal(error.reason, "eightbitmime-missing");
  });
  test("AUTH", async (context) => {
    const { error } = await scripted(context, [...hello(), ...QUIT], 77, { args: [...LOGIN, "--allow-plaintext-auth"], unfinished: true });
    assert.equal(error.kind, "auth");
  });
  test("room for the login, for now", async (context) => {
    const steps = [...hello(["AUTH PLAIN"]), expect("AUTH PLAIN"), send("454 4.7.0 later"), ...QUIT];
    const { error, stderr } = await scripted(context, steps, 75, { args: [...LOGIN, "--allow-plaintext-auth"], unfinished: true });
    assert.equal(error.code, 454);
    assert.match(stderr, /try again later/);
  });
});

test("a transcript shows both sides, what was hidden, and notes", async (context) => {
  const steps = [...hello(["AUTH PLAIN"]), expect("AUTH PLAIN"), send("235 in"), MAIL, send("250 ok"), RCPT, send("250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok"), ...QUIT];
  const { stderr } = await scripted(context, steps, 0, { args: [...LOGIN, "--allow-plaintext-auth", "--transcript"] });
  const lines = stderr.replace(/ \([0-9.]+ ms\)/g, "").replace(/127\.0\.0\.1:\d+/g, "ADDRESS").split("\n");
  assert.deepEqual(lines, ["-- connecting to ADDRESS", "-- connected to ADDRESS", "S: 220 scripted.test ESMTP", "C: EHLO [127.0.0.1]", "S: 250-scripted.test", "S: 250 AUTH PLAIN",
    "C: AUTH PLAIN [hidden]", "S: 235 in", "C: MAIL FROM:<a@lab.test>", "S: 250 ok", "C: RCPT TO:<ok@lab.test>", "S: 250 ok", "C: DATA", "S: 354 go", "C: [message: 25 octets]", "S: 250 ok", "C: QUIT", "S: 221 bye", "-- closed", ""]);
});

test("a message in chunks: the transcript shows the commands, never the message", async (context) => {
  const message = `Subject: hi\r\n\r\n${"private QUIT\r\n".repeat(9000)}`;
  const chunks = [call(async (connection) => {
    for (;;) {
      const line = await connection.readLine();
      const [, size, last] = /^BDAT (\d+)( LAST)?$/.exec(line);
      connection.messages.push(await connection.readBytes(Number(size)));
      connection.write("250 2.0.0 ok\r\n");
      if (last) return;
    }
  })];
  const steps = [...hello(["CHUNKING", "PIPELINING"]), MAIL, RCPT, send("250 ok", "250 ok"), ...chunks, ...QUIT];
  const server = await startScripted({ steps });
  context.after(() => server.stop());
  const { stderr } = await expectCode(0, ["send", "--server", `smtp+plain://127.0.0.1:${server.port}`, "--from", "a@lab.test", "--to", "ok@lab.test", "--transcript", "--timeout", "6"], { input: message });
  const connection = await server.finished();
  assert.equal(Buffer.concat(connection.messages).toString(), message);
  assert.ok(!stderr.includes("private"));
  assert.equal(stderr.match(/^C: BDAT \d+( LAST)?$/gm).length, connection.messages.length);
  const told = [...stderr.matchAll(/^C: \[message: (\d+) octets\]$/gm)].reduce((sum, [, octets]) => sum + Number(octets), 0);
  assert.equal(told, message.length);
  assert.match(stderr, /^C: QUIT$/m);
});

describe("real refusals", () => {
  let run;
  before(async () => {
    run = await startServers({ names: ["dovecot", "postfix", "aiosmtpd", "smtp-server", "smtp-sink"] });
  });
  after(() => run?.stop());
  const expected = { bad: [67, 550], grey: [75, 450], multi: [67, 550], full: [67, 552], eod4xx: [75, 451], eod5xx: [69, 554], gone421: [75, 421] };
  for (const server of ["postfix", "aiosmtpd", "smtp-server"]) {
    test(server, async () => {
      for (const [name, [code, replyCode]] of Object.entries(expected)) {
        const { json } = await expectCode(code, ["send", "--server", `smtp+plain://127.0.0.1:${run[server].listeners.relaxed.port}`, "--from", "a@lab.test", "--to", `${name}@lab.test`, "--json"], { input: MESSAGE });
        assert.equal(json.recipients[0].code, replyCode, name);
        assert.equal(json.error.code, replyCode, name);
      }
    });
  }
  test("LMTP answers for each recipient behind the message", async () => {
    for (const [server, where] of [["smtp-server", `lmtp://127.0.0.1:${run["smtp-server"].listeners.lmtp.port}`], ["dovecot", `lmtp://127.0.0.1:${run.dovecot.listeners.lmtp.port}`], ["dovecot", `lmtp+unix:${run.dovecot.lmtpSocket}`]]) {
      const ok = await expectCode(0, ["send", "--server", where, "--from", "lmtp@lab.test", "--to", "alice@lab.test", "--json"], { input: MESSAGE });
      assert.equal(ok.json.recipients[0].status, "accepted", server);
      assert.equal(ok.json.server.url, where);
    }
    const mixed = await expectCode(69, ["send", "--server", `lmtp://127.0.0.1:${run["smtp-server"].listeners.lmtp.port}`, "--from", "lmtp@lab.test", "--to", "ok@lab.test", "--to", "eod5xx@lab.test", "--json"], { input: MESSAGE });
    assert.deepEqual(mixed.json.recipients.map(({ status }) => status), ["accepted", "refused"]);
    assert.equal(mixed.json.error.code, 554);
    const { stdout } = await expectCode(0, ["probe", `lmtp+unix:${run.dovecot.lmtpSocket}`]);
    assert.match(stdout, /^extensions +\S/m);
  });
  test("smtp-sink's faults", async () => {
    const faults = { softRejectData: 75, hardRejectMail: 69, hardRejectEndOfData: 69, dropAtRcpt: 75, shutdownAtRcpt: 75 };
    for (const [name, code] of Object.entries(faults)) {
      await expectCode(code, ["send", "--server", `smtp+plain://127.0.0.1:${run["smtp-sink"].listeners[name].port}`, "--from", "a@lab.test", "--to", "ok@lab.test", "--json"], { input: MESSAGE });
    }
  });
  test("a wrong message on the way is not a delivered one", async () => {
    const file = join(folder, "eight");
    writeFileSync(file, "a: b\n\ncaf\u00e9\n");
    await expectCode(69, ["send", "--server", `smtp+plain://127.0.0.1:${run.postfix.listeners.legacy.port}`, "--from", "eight@lab.test", "--to", "ok@lab.test", file]);
  });
});

test("TLS that is cut without a close_notify", async (context) => {
  const options = { tls: "implicit", certificate: ca.good };
  const { error } = await scripted(context, [...hello(), MAIL, closeAbruptly()], 75, { scheme: "smtps", args: ["--ca", ca.file], server: options, unfinished: true });
  assert.equal(error.kind, "transport");
  assert.equal(error.cause, "tls-truncated");
});

test("STARTTLS with a certificate of nobody's", async (context) => {
  const steps = [...hello(["STARTTLS"]), expect("STARTTLS"), send("220 go"), startTls({ certificate: ca.untrusted, mayFail: true }), expectEnd()];
  const { error } = await scripted(context, steps, 69, { scheme: "smtp", args: ["--ca", ca.file], unfinished: true });
  assert.equal(error.cause, "certificate-untrusted");
});
