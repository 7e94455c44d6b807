// vrfy, expn and help, what probe shows of limits, and a login by SCRAM-SHA-512, which no real server here has.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { scramServer } from "../js/scram-server.mjs";
import { startScripted } from "../servers/scripted.mjs";
import { expect, hello, readData, send } from "../servers/scripted-steps.mjs";
import { startServers } from "../servers/servers.mjs";
import { startSmallServer } from "../servers/small-server.mjs";
import { expectCode, LOGIN } from "./program.mjs";

const EXTENSIONS = ["ENHANCEDSTATUSCODES", "VRFY", "EXPN", "HELP", "SMTPUTF8", "AUTH PLAIN"];
const REPLIES = {
  VRFY: (line) => ({ a: "250 2.1.5 <a@lab.test>", perhaps: "252 2.1.5 cannot say", moved: "251 2.1.5 <b@lab.test>", none: "550 5.1.1 no such user", two: "553 5.1.4 ambiguous", later: "450 4.2.1 busy", no: "502 5.5.1 not implemented" })[line.split(" ")[1]],
  EXPN: (line) => (line.includes("friends") ? "250-2.1.5 <a@lab.test>\r\n250 2.1.5 <b@lab.test>" : "550 5.1.1 no such list"),
  HELP: (line) => (line === "HELP" ? "214-2.0.0 commands:\r\n214 2.0.0 all" : `214 2.0.0 about ${line.slice(5)}`),
};

let server, options;
before(async () => {
  server = await startSmallServer(() => options);
});
after(() => server?.stop());

async function ask(code, command, argument, { args = [], extensions = EXTENSIONS } = {}) {
  options = { extensions, replies: REPLIES };
  const result = await expectCode(code, [command, "--server", `smtp+plain://127.0.0.1:${server.port}`, ...args, ...argument]);
  return { ...result, lines: server.sessions.at(-1).lines };
}

describe("questions", () => {
  test("vrfy: yes, elsewhere, perhaps", async () => {
    for (const [argument, stdout] of [["a", "<a@lab.test>\n"], ["moved", "251 <b@lab.test>\n"], ["perhaps", "252 cannot say\n"]]) {
      const plain = await ask(0, "vrfy", [argument]);
      assert.equal(plain.stdout, stdout);
      assert.deepEqual(plain.lines.slice(1), [`VRFY ${argument}`, "QUIT"]);
    }
    const { json } = await ask(0, "vrfy", ["perhaps"], { args: ["--json"] });
    assert.deepEqual([json.command, json.reply], ["vrfy", { code: 252, enhanced: "2.1.5", lines: ["cannot say"] }]);
    assert.deepEqual([json.recipients, json.transactions, json.from], [[], 0, null]);
  });
  test("vrfy: no, ambiguous, later, not implemented", async () => {
    for (const [argument, code, text] of [["none", 67, "550 5.1.1 no such user"], ["two", 67, "553 5.1.4 ambiguous"], ["later", 75, "450 4.2.1 busy; try again later"], ["no", 69, "502 5.5.1 not implemented"]]) {
      const { stderr, stdout } = await ask(code, "vrfy", [argument]);
      assert.equal(stdout, "");
      assert.equal(stderr, `wasm-smtp: during VRFY, the server refused the command: ${text}\n`);
      const { json } = await ask(code, "vrfy", [argument], { args: ["--json"] });
      assert.equal(json.reply.code, Number(text.slice(0, 3)));
      assert.equal(json.error.step, "VRFY");
    }
  });
  test("expn shows one on each line", async () => {
    assert.equal((await ask(0, "expn", ["friends"])).stdout, "<a@lab.test>\n<b@lab.test>\n");
    assert.deepEqual((await ask(0, "expn", ["friends"], { args: ["--json"] })).json.reply.lines, ["<a@lab.test>", "<b@lab.test>"]);
    await ask(67, "expn", ["enemies"]);
  });
  test("help, with a topic and without", async () => {
    assert.equal((await ask(0, "help", [])).stdout, "commands:\nall\n");
    assert.equal((await ask(0, "help", ["MAIL"])).stdout, "about MAIL\n");
    assert.equal((await ask(0, "help", ["MAIL"], { args: ["--json"] })).json.reply.code, 214);
  });
  test("need not be offered; beyond ASCII SMTPUTF8 must be", async () => {
    await ask(0, "vrfy", ["a"], { extensions: [] });
    assert.deepEqual((await ask(69, "vrfy", ["j\u00fcrgen"])).lines[1], "VRFY j\u00fcrgen SMTPUTF8");
    const { json, lines } = await ask(65, "vrfy", ["j\u00fcrgen"], { args: ["--json"], extensions: [] });
    assert.equal(json.error.kind, "input");
    assert.equal(json.reply, null);
    assert.ok(!lines.some((line) => line.startsWith("VRFY")));
  });
  test("behind a login", async () => {
    const { lines, json } = await ask(0, "vrfy", ["a"], { args: [...LOGIN, "--auth", "PLAIN", "--allow-plaintext-auth", "--json"] });
    assert.match(lines[1], /^AUTH PLAIN/);
    assert.equal(json.mechanism, "PLAIN");
    assert.equal((await ask(77, "vrfy", ["a"], { args: [...LOGIN, "--json"] })).json.error.reason, "auth-not-secure");
  });
  test("a command that gives no token says why; a picture that cannot be written is told, too", async () => {
    const token = ["--user", "alice", "--token-command", "false", "--allow-plaintext-auth"];
    assert.match((await ask(77, "vrfy", ["a"], { args: token })).stderr, /the token command/);
    assert.match((await ask(73, "vrfy", ["a"], { args: ["--waterfall", "/nonexistent/w.svg"] })).stderr, /cannot be written/);
  });
  test("what a server says stays printable", async () => {
    options = { extensions: EXTENSIONS, replies: { VRFY: () => "250 \x1b[31mred" } };
    assert.equal((await expectCode(0, ["vrfy", "--server", `smtp+plain://127.0.0.1:${server.port}`, "a"])).stdout, "\\x1B[31mred\n");
  });
});

test("Postfix and Exim are asked", async (context) => {
  const run = await startServers({ names: ["postfix", "exim"] });
  context.after(() => run.stop());
  const at = (name) => ["--server", `smtps://127.0.0.1:${run[name].listeners.implicit.port}`, "--ca", run.ca.file];
  assert.match((await expectCode(0, ["vrfy", ...at("postfix"), "ok@lab.test"])).stdout, /^252 /);
  await expectCode(67, ["vrfy", ...at("postfix"), "bad@lab.test"]);
  await expectCode(69, ["expn", ...at("postfix"), "list"]);
  assert.match((await expectCode(0, ["help", ...at("exim")])).stdout, /Commands supported/);
  assert.match((await expectCode(0, ["vrfy", ...at("exim"), "ok@lab.test", ...LOGIN])).stdout, /deliverable/);
});

test("probe shows what the server states in numbers", async () => {
  options = { extensions: ["DELIVERBY 240", "FUTURERELEASE 3600 2027-01-01T00:00:00Z", "LIMITS MAILMAX=7 RCPTMAX=9", "XCLIENT NAME ADDR SHOE", "SIZE 1000"] };
  const url = `smtp+plain://127.0.0.1:${server.port}`;
  const { stdout } = await expectCode(0, ["probe", url]);
  assert.match(stdout, /^limits +1000 octets a message\n {15}messages 7, recipients 9, domains 0 \(0: not stated\)\n {15}delivery by a time: in 240 seconds or more\n {15}a message is held for 3600 seconds at most\n {15}XCLIENT takes NAME ADDR$/m);
  const { json } = await expectCode(0, ["probe", url, "--json"]);
  assert.deepEqual(json.capabilities.limits, { mailMax: 7, rcptMax: 9, rcptDomainMax: null, deliverByMin: 240, holdMax: 3600 });
  assert.deepEqual(json.capabilities.xclient, ["NAME", "ADDR"]);
  options = { extensions: ["DELIVERBY", "XCLIENT"] };
  assert.doesNotMatch((await expectCode(0, ["probe", url])).stdout, /^limits/m);
});

test("SCRAM-SHA-512 logs in, and only with the right password", async (context) => {
  for (const [pass, code] of [["secret", 0], ["another", 77]]) {
    const steps = [...hello(["AUTH SCRAM-SHA-512"]), scramServer({ hash: "sha512", pass, iterations: 4096 }),
      ...(code === 0 ? [expect("MAIL"), send("250 ok"), expect("RCPT"), send("250 ok"), expect("DATA"), send("354 go"), readData(), send("250 ok")] : []), expect("QUIT"), send("221 bye")];
    const scripted = await startScripted({ steps });
    context.after(() => scripted.stop());
    const { json } = await expectCode(code, ["send", "--server", `smtp+plain://127.0.0.1:${scripted.port}`, "--from", "", "--to", "ok@lab.test", ...LOGIN, "--auth", "SCRAM-SHA-512", "--allow-plaintext-auth", "--json"], { input: "a: b\n\n" });
    await scripted.finished();
    assert.equal(json.mechanism, code === 0 ? "SCRAM-SHA-512" : null);
  }
});
