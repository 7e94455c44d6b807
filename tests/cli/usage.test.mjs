// Command lines: what is refused, how, and before anything is connected.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { check } from "./schema.mjs";
import { cli, expectCode, LOGIN } from "./program.mjs";

const CLI = fileURLToPath(new URL("../../cli/", import.meta.url));
const ENVELOPE = ["--from", "a@lab.test", "--to", "b@lab.test"];
const NOWHERE = ["--server", "smtp+plain://127.0.0.1:1"];
const SEND = ["send", ...NOWHERE, ...ENVELOPE];
const send = (...more) => [...SEND, ...more];

const WRONG = [
  [[], /a command is needed/],
  [["frobnicate"], /no command frobnicate/],
  [["--frobnicate"], /a command is needed/],
  [["send", ...ENVELOPE], /--server is needed/],
  [["send", ...NOWHERE, "--to", "b@lab.test"], /--from is needed/],
  [["send", ...NOWHERE, "--from", "a@lab.test"], /--to or --recipients-from-headers/],
  [send("one", "two"), /only one FILE/],
  [send("--frobnicate"), /no option --frobnicate/],
  [send("--frobnicate=wrong-pass-7319"), /no option --frobnicate,/],
  [send("-x"), /no option -x/],
  [send("--smtputf8=yes"), /--smtputf8 takes no value/],
  [[...SEND, "--to"], /--to needs a value/],
  [send("--password", "wrong-pass-7319"), /never taken from the command line/],
  [send("--password=wrong-pass-7319"), /never taken from the command line/],
  [send("--pass=wrong-pass-7319"), /never taken from the command line/],
  [send("--token=wrong-pass-7319"), /never taken from the command line/],
  [send("--user", "alice"), /--user needs one of/],
  [send("--password-env", "P"), /needs --user/],
  [send("--user", "alice", "--password-env", "P", "--token-env", "T"), /--token-env: .*exactly one/],
  [send("--user", "alice", "--password-env", "P", "--password-env", "Q"), /exactly one/],
  [send("--user", "", "--password-env", "P"), /--user: is empty/],
  [send("--user", "alice", "--password-fd", "three"), /--password-fd: must be the number/],
  [send("--auth", "PLAIN"), /--auth needs --user/],
  [send(...LOGIN, "--auth", "EXTERNAL"), /--auth EXTERNAL takes no password and no token/],
  [send("--token-env", "T", "--auth", "ANONYMOUS"), /--auth ANONYMOUS takes no password and no token/],
  [send(...LOGIN, "--auth", "KERBEROS"), /no such mechanism; known are .*SCRAM-SHA-256/],
  [send("--timeout", "0"), /--timeout: must be a whole number/],
  [send("--timeout", "5s"), /--timeout: must be a whole number/],
  [send("--timeout", "99999999999"), /--timeout: must be a whole number/],
  [send("--ehlo", "not_a_name!"), /--ehlo: the name has/],
  [send("--pin", "abc"), /--pin: must be a SHA-256/],
  [send("--waterfall", "picture.png"), /must end in .svg or .html/],
  [send("--ca", "ca.pem"), /are about TLS, which smtp\+plain:\/\/ is without/],
  [["send", "--server", "smtps://h", ...ENVELOPE, "--cert", "c.pem"], /--cert needs --key/],
  [["send", "--server", "smtps://h", ...ENVELOPE, "--key", "k.pem"], /--key needs --cert/],
  [send("--notify", ""), /--notify: must be never, or one or more of success,failure,delay/],
  [send("--notify", "success,never"), /--notify: must be never, or/],
  [send("--notify", "never,delay"), /--notify: must be never, or/],
  [send("--notify", "delay,delay"), /--notify: must be never, or/],
  [send("--notify", "delay,"), /--notify: must be never, or/],
  [send("--notify", "successful"), /--notify: must be never, or/],
  [send("--notify", "succes"), /--notify: must be never, or/],
  [send("--dsn-return", "hdrs"), /--dsn-return: must be full or headers/],
  [send("--envelope-id", ""), /--envelope-id: must be printable ASCII of at most 100/],
  [send("--envelope-id", "caf\u00e9"), /--envelope-id: must be printable ASCII/],
  [send("--envelope-id", "a\nb"), /--envelope-id: must be printable ASCII/],
  [send("--envelope-id", "x".repeat(101)), /--envelope-id: must be printable ASCII/],
  [send("--envelope-id", `${"x".repeat(98)}+`), /--envelope-id: must be printable ASCII/],
  [["send", ...NOWHERE, "--original-recipient", "a@lab.test", ...ENVELOPE], /--original-recipient: must stand behind the --to/],
  [send("--original-recipient", "a@lab.test", "--original-recipient", "b@lab.test"), /behind the --to that it is about, once/],
  [send("--original-recipient", "nobody"), /--original-recipient: the address has no @/],
  [send("--original-recipient", "rfc822;"), /behind the type there must be an address/],
  [send("--original-recipient", "rfc822;j\u00fcrgen@lab.test"), /in ASCII unless the type is utf-8/],
  [send("--original-recipient", "rfc822;a\nb"), /--original-recipient: has a control character/],
  [send("--original-recipient", `x400;${"x".repeat(500)}`), /--original-recipient: is longer than 500/],
  [send("--deliver-by", ""), /--deliver-by: must be a whole number of seconds/],
  [send("--deliver-by", "60;X"), /--deliver-by: must be a whole number/],
  [send("--deliver-by", "60;r"), /--deliver-by: must be a whole number/],
  [send("--deliver-by", "60;NTT"), /--deliver-by: must be a whole number/],
  [send("--deliver-by", "1234567890"), /--deliver-by: must be a whole number/],
  [send("--deliver-by", "-1;R"), /--deliver-by: with R the seconds must be more than 0/],
  [send("--deliver-by", "0;RT"), /--deliver-by: with R the seconds/],
  [send("--hold-for", "0"), /--hold-for: must be a whole number of seconds from 1/],
  [send("--hold-for", "1h"), /--hold-for: must be a whole number/],
  [send("--hold-until", "tomorrow"), /--hold-until: must be a time in UTC such as/],
  [send("--hold-until", "2026-13-01T00:00:00Z"), /--hold-until: must be a time/],
  [send("--hold-until", "2026-12-01T24:00:00Z"), /--hold-until: must be a time/],
  [send("--hold-until", "2026-12-01T00:00:00+01:00"), /--hold-until: must be a time/],
  [send("--hold-until", "2026-12-01T00:00:00Z", "--hold-for", "60"), /--hold-for and --hold-until exclude/],
  [send("--priority", "10"), /--priority: must be a whole number from -9 to 9/],
  [send("--priority", "-0"), /--priority: must be a whole number/],
  [send("--submitter", ""), /--submitter: must be the ASCII address of a mailbox, or <>/],
  [send("--submitter", "<a@lab.test>"), /--submitter: must be the ASCII address/],
  [send("--submitter", "j\u00fcrgen@lab.test"), /--submitter: must be the ASCII address/],
  [send("--optional", "everything"), /--optional: must name options such as/],
  [send("--optional", "notify,"), /--optional: must name options/],
  [send("--optional", "binary"), /--optional: must name options/],
  [send("--require-tls=yes"), /--require-tls takes no value/],
  [send("--user", "alice", "--password-fd", "0"), /--password-fd 0 is standard input, from which the message comes/],
  [send("--user", "alice", "--password-fd", "0", "-"), /--password-fd 0 is standard input/],
  [send("--binary", "--no-chunking"), /--binary needs BDAT/],
  [send("--xclient", "ADDR"), /--xclient: must be NAME=/],
  [send("--xclient", "SHOE=44"), /--xclient: must be NAME=/],
  [send("--xclient", "RET=full"), /--xclient: must be NAME=/],
  [send("--xclient", "ADDR="), /--xclient: the value must be printable ASCII/],
  [send("--xclient", "ADDR=192.0.2.1", "--xclient", "addr=192.0.2.2"), /--xclient: ADDR is given twice/],
  [send("--xclient", `NAME=${"n".repeat(200)}`, "--xclient", `HELO=${"n".repeat(200)}`), /all values together/],
  [send("--account", "work"), /--server and --account exclude/],
  [send("--config", "file"), /--server and --config exclude/],
  [send("--domain", "lab.test"), /no option --domain/],
  [["probe"], /the URL of a server is needed/],
  [["probe", "smtp://a", "smtp://b"], /only one URL/],
  [["probe", "smtp://a", "--from", "x@y"], /no option --from/],
  [["sendmail", "-bs"], /-bs .* is not offered/],
  [["sendmail", "-bp"], /-bp is not offered: there is no queue/],
  [["sendmail", "-bd"], /-bd is not offered/],
  [["sendmail", "-bv", "x@lab.test"], /-bv is not offered/],
  [["sendmail", "-q"], /-q is not offered/],
  [["sendmail", "-q15m"], /-q is not offered/],
  [["sendmail", "-N", "sometimes", "x@lab.test"], /-N: must be never, or/],
  [["sendmail", "-R", "headers", "x@lab.test"], /-R: must be full or hdrs/],
  [["sendmail", "-V", "", "x@lab.test"], /-V: must be printable ASCII/],
  [["vrfy"], /ADDRESS is needed/],
  [["vrfy", ...NOWHERE, "a@lab.test", "b@lab.test"], /only one ADDRESS/],
  [["vrfy", "a@lab.test"], /--server is needed/],
  [["expn"], /LIST is needed/],
  [["expn", ...NOWHERE, "--from", "x@y", "list"], /no option --from/],
  [["expn", ...NOWHERE, "--user", "alice", "list"], /--user needs one of/],
  [["help", "send"], /help asks a server: name it with --server or --account/],
  [["help", ...NOWHERE, "one", "two"], /only one TOPIC/],
  [["sendmail", "-X", "log", "x@lab.test"], /--transcript=FILE/],
  [["sendmail", "-Z", "x@lab.test"], /no option -Z/],
  [["sendmail", "-f"], /-f needs a value/],
];

for (const [args, message] of WRONG) {
  test(`usage: ${args.filter((arg) => !SEND.includes(arg) || arg === "send").join(" ") || "nothing"}`, async () => {
    const plain = await expectCode(64, args);
    assert.match(plain.stderr, message);
    assert.equal(plain.stderr.split("\n").length, 2, "one line");
    assert.equal(plain.stdout, "");
    if (args.at(-1) === "--to" || args.at(-1) === "-f") return;
    const { json } = await expectCode(64, [...args.slice(0, 1), "--json", ...args.slice(1)]);
    assert.equal(json.error.kind, "usage");
    assert.match(json.error.message, message);
    assert.deepEqual(json.recipients, []);
  });
}

const URLS = [
  ["imap://host", /must begin with smtps:\/\//],
  ["host:25", /must begin with/],
  ["smtp:/host", /must begin with/],
  ["smtp://", /there is no host/],
  ["smtp://:25", /there is no host/],
  ["smtp://host:0", /port must be a number from 1 to 65535/],
  ["smtp://host:65536", /port must be/],
  ["smtp://host:", /port must be/],
  ["smtp://host:2x", /port must be/],
  ["smtp://host:123456789", /only a port may follow/],
  ["smtp://host/path", /only a port may follow/],
  ["smtp://host?query", /only a port may follow/],
  ["smtp://::1", /stands in brackets/],
  ["smtp://[::1", /no closing bracket/],
  ["smtp://[::1]25", /only a port may follow/],
  ["smtp://h\u00f6_st", /no internationalized domain name: it has a character that is not allowed/],
  ["smtp://h\u00f6..st", /no internationalized domain name: it has a domain with a misplaced dot/],
  ["smtp://ho st", /character that no name/],
  [`smtp://${"h".repeat(256)}`, /longer than 255/],
  ["smtp://alice:wrong-pass-7319@host", /holds no user and no password/],
  ["lmtp://host", /LMTP has no usual port/],
  ["lmtp+unix:", /needs the path/],
];
for (const [url, message] of URLS) {
  test(`URL: ${url.slice(0, 40)}`, async () => {
    assert.match((await expectCode(64, ["probe", url, "--json"])).json.error.message, message);
    assert.match((await expectCode(64, ["send", "--server", url, ...ENVELOPE])).stderr, message);
  });
}

test("URLs that are right get the usual ports", async () => {
  // Something that answers nothing at all: what counts is the URL in the report.
  const seen = async (url) => (await cli(["probe", url, "--json", "--timeout", "1", "--ca", "/nonexistent"])).json.server.url;
  assert.equal(await seen("smtps://mail.example"), "smtps://mail.example:465");
  assert.equal(await seen("smtp://mail.example/"), "smtp://mail.example:587");
  assert.equal(await seen("SMTPS://mail.example:26"), "smtps://mail.example:26");
  assert.equal(await seen("smtps://[::1]"), "smtps://[::1]:465");
  assert.equal(await seen("smtps://[::1]:26/"), "smtps://[::1]:26");
  assert.equal(await seen("smtps://B\u00dcCHER.example"), "smtps://xn--bcher-kva.example:465");
});

test("addresses are checked before anything is connected", async () => {
  const bad = { "no-at": /has no @/, "a@@b": /domain/, "": /is empty/, "a@-x.test": /hyphen/, [`${"l".repeat(65)}@x.test`]: /longer than 64/, "a b@x.test": /must be quoted/,
    "a@x.test\r\nRCPT TO:<c@x.test>": /control character/ };
  for (const [address, rule] of Object.entries(bad)) {
    const { json } = await expectCode(65, ["send", ...NOWHERE, "--from", "a@lab.test", "--to", "b@lab.test", "--to", address, "--json"]);
    assert.equal(json.error.kind, "input");
    assert.match(json.error.message, rule);
    assert.match(json.error.message, /^the recipient </);
    assert.deepEqual(json.recipients.map(({ status }) => status), ["not-sent", "not-sent"]);
  }
  assert.match((await expectCode(65, ["send", ...NOWHERE, "--from", "x", "--to", "b@lab.test"])).stderr, /the sender <x> has no @/);
  assert.match((await expectCode(65, ["send", ...NOWHERE, "--from", "a@lab.test", "--to", "j\u00fcr gen@lab.test"])).stderr, /must be quoted/);
});

test("questions are checked before anything is connected", async () => {
  for (const [command, argument, rule] of [["vrfy", "", /ADDRESS: is empty/], ["expn", "x\r\nRSET", /LIST: has a control/], ["help", "x".repeat(255), /TOPIC: is longer than 254/]]) {
    const { json } = await expectCode(65, [command, ...NOWHERE, argument, "--json"]);
    assert.equal(json.error.kind, "input");
    assert.equal(json.command, command);
    assert.match(json.error.message, rule);
  }
});

test("files of ours that cannot be used", async () => {
  assert.match((await expectCode(66, send("/nonexistent/file"))).stderr, /\/nonexistent\/file cannot be opened: No such file/);
  assert.match((await expectCode(74, send("/"))).stderr, /cannot be read/);
  assert.match((await expectCode(73, send("--transcript=/nonexistent/t"))).stderr, /\/nonexistent\/t cannot be written/);
  assert.match((await expectCode(73, send("--waterfall", "/nonexistent/w.svg"))).stderr, /cannot be written/);
  assert.match((await expectCode(78, send("--user", "alice", "--password-file", "/nonexistent"))).stderr, /password file \/nonexistent cannot be opened/);
  assert.match((await expectCode(78, send("--user", "alice", "--password-file", "/dev/null"))).stderr, /the password is empty/);
  assert.match((await expectCode(78, send("--user", "alice", "--token-file", "/dev/zero"))).stderr, /more than 65536 octets/);
  assert.match((await expectCode(78, send("--user", "alice", "--password-env", "NO_SUCH"))).stderr, /no environment variable NO_SUCH/);
  assert.match((await expectCode(78, send("--user", "alice", "--password-fd", "77"))).stderr, /descriptor 77/);
  const { json } = await expectCode(78, ["send", "--server", "smtps://127.0.0.1:1", ...ENVELOPE, "--ca", "/nonexistent.pem", "--json"]);
  assert.equal(json.error.kind, "config");
  assert.equal(json.error.option, "ca");
  assert.match(json.error.message, /^--ca cannot be read: /);
});

test("a result that cannot be written is a failure", async () => {
  const full = execFileSync("sh", ["-c", `"$0" --version >/dev/full; echo $?`, (await import("./program.mjs")).programFile()], { encoding: "utf8" });
  assert.equal(full.trim(), "74");
});

test("help and version", async () => {
  assert.match((await expectCode(0, ["--version"])).stdout, /^wasm-smtp \d+\.\d+\.\d+\n$/);
  for (const word of ["--help", "help"]) assert.match((await expectCode(0, [word])).stdout, /^usage: wasm-smtp send/);
  for (const command of ["send", "probe", "vrfy", "expn", "help", "sendmail"]) {
    assert.match((await expectCode(0, [command, "--help"])).stdout, /^usage: /);
    assert.match((await expectCode(0, [command, "--version"])).stdout, /^wasm-smtp /);
  }
});

/** Names of long options by command, from the table that the program itself uses. */
function optionTable() {
  const source = readFileSync(`${CLI}settings.c`, "utf8");
  const rows = [...source.matchAll(/^ {4}\{"([a-z0-9-]+)", VALUE_[A-Z]+, ([A-Z_ |]+), SETTING/gm)];
  assert.ok(rows.length > 40);
  return rows.map(([, name, where]) => ({ name, where: where.replace("EVERYWHERE", "IN_SEND | IN_PROBE | IN_ASK | IN_SENDMAIL") }));
}

test("help, manual and completion know every option", async () => {
  const manual = readFileSync(`${CLI}man/wasm-smtp.1`, "utf8").replaceAll("\\-", "-");
  const keys = readFileSync(`${CLI}man/wasm-smtp.conf.5`, "utf8").replaceAll("\\-", "-");
  const completed = async (command) => execFileSync("bash", ["-c",
    `. "$0"; COMP_WORDS=(wasm-smtp ${command} --); COMP_CWORD=2; _wasm_smtp; printf '%s\\n' "\${COMPREPLY[@]}"`, `${CLI}completion/wasm-smtp.bash`], { encoding: "utf8" }).split("\n");
  for (const [where, command] of [["IN_SEND", "send"], ["IN_PROBE", "probe"], ["IN_ASK", "vrfy"], ["IN_ASK", "expn"], ["IN_ASK", "help"], ["IN_SENDMAIL", "sendmail"]]) {
    const { stdout } = await cli([command, "--help"]);
    const offered = await completed(command);
    for (const option of optionTable().filter((row) => row.where.split(" | ").includes(where))) {
      const name = `--${option.name}`;
      if (!["help", "version"].includes(option.name)) assert.match(stdout, new RegExp(`${name}\\b`), `${command} --help lacks ${name}`);
      assert.ok(offered.includes(name), `the completion of ${command} lacks ${name}`);
      assert.ok(manual.includes(name), `the manual lacks ${name}`);
    }
    for (const name of offered.filter((word) => word.startsWith("--"))) {
      assert.ok(optionTable().some((row) => `--${row.name}` === name && row.where.includes(where)), `the completion offers ${name}, which ${command} does not have`);
    }
  }
  for (const option of optionTable().filter((row) => row.where.includes("IN_FILE"))) assert.match(keys, new RegExp(`\\b${option.name}\\b`), `the manual of the file lacks ${option.name}`);
});

test("the manuals are right for groff", (context) => {
  const pages = readdirSync(`${CLI}man`);
  assert.equal(pages.length, 2);
  try {
    execFileSync("groff", ["--version"], { stdio: "ignore" });
  } catch {
    context.skip("there is no groff");
    return;
  }
  for (const page of pages) {
    const said = execFileSync("sh", ["-c", `groff -man -Tutf8 -ww -z "$0" 2>&1`, `${CLI}man/${page}`], { encoding: "utf8" });
    assert.equal(said, "", page);
  }
});

test("the schema refuses what it should", () => {
  const schema = JSON.parse(readFileSync(`${CLI}schema.json`, "utf8"));
  assert.throws(() => check(schema, {}), /\$ breaks required/);
  assert.throws(() => check(schema, { command: "fly" }), /breaks (enum|required)/);
});
