// What JavaScript assumes about the engine: names in the order of its headers, and the module's shape.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { generate, target } from "../../tools/gen-reasons.mjs";
import { REASONS, sentence } from "../../adapters/js/reasons.mjs";
import * as tokens from "../../adapters/js/tokens.mjs";
import { module } from "./engine.mjs";

const header = (name) => readFileSync(new URL(`../../include/wsmtp/${name}`, import.meta.url), "utf8");
const kebab = (name) => name.toLowerCase().replaceAll("_", "-");

/** Members of an enum, in order, without their common prefix and the count at the end. */
function members(file, type, prefix) {
  const [, body] = new RegExp(`typedef enum ${type} \\{([^}]*)\\}`).exec(header(file));
  const names = body.replace(/\/\*[\s\S]*?\*\//g, "").match(new RegExp(`\\b${prefix}\\w+`, "g"));
  return names.map((name) => name.slice(prefix.length)).filter((name) => name !== "COUNT");
}

test("reasons and their order", () => {
  const [, table] = /#define WSMTP_REASONS\(X\)([\s\S]*?)\n\n/.exec(header("reason.h"));
  assert.deepEqual(REASONS, [...table.matchAll(/\bX\((\w+),/g)].map(([, name]) => kebab(name)));
  assert.equal(sentence("domain-empty"), "has an empty domain");
  assert.equal(readFileSync(target, "utf8"), generate(), "run: node tools/gen-reasons.mjs");
});

/** The words of a list in a C file: literals that end in \0. */
function words(file, name) {
  const source = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const [, text] = new RegExp(`\\b${name}\\[\\] =\\s*([^;]*);`).exec(source);
  return [...text.matchAll(/"(.*?)\\0"/g)].map(([, word]) => word);
}

test("names of steps and mechanisms", () => {
  assert.deepEqual(tokens.STEPS, words("engine/step.c", "names"));
  assert.deepEqual(tokens.MECHANISMS, words("sasl/mechanism.c", "wsmtp_mechanism_names"));
});

test("kinds, outcomes, phases and TLS modes", () => {
  assert.deepEqual(tokens.KINDS, members("reason.h", "wsmtp_kind", "WSMTP_KIND_").map(kebab));
  assert.deepEqual(tokens.STATUSES, members("engine.h", "wsmtp_status", "WSMTP_STATUS_").map(kebab));
  assert.deepEqual(tokens.TLS_MODES, members("engine.h", "wsmtp_tls", "WSMTP_TLS_").map(kebab));
  assert.deepEqual(tokens.PHASES.map((name) => name.toLowerCase()), members("engine.h", "wsmtp_phase", "WSMTP_PHASE_").map((name) => name.replaceAll("_", "").toLowerCase()));
});

test("fields of errors stand for the options that fill them", () => {
  const options = {
    NONE: "-", REVERSE_PATH: "from", RECIPIENT: "to", EHLO_NAME: "ehloName", MESSAGE: "message", USER: "auth.user", PASSWORD: "auth.pass",
    TOKEN: "auth.accessToken", AUTHZID: "auth.authzid", HOST: "hostname", NONCE: "nonce", MECHANISM: "auth.mechanism", ITERATIONS: "auth.iterations", CONFIG: "options", BINDING: "auth.binding", PARAMETER: "", RECIPIENT_PARAMETER: "", RECIPIENTS: "to", ARGUMENT: "argument",
  };
  assert.deepEqual(tokens.FIELDS, members("sasl.h", "wsmtp_field", "WSMTP_FIELD_").map((name) => options[name]));
});

test("keywords of parameters, and attributes of XCLIENT", () => {
  const keywords = members("engine.h", "wsmtp_keyword", "WSMTP_KEYWORD_");
  assert.deepEqual(keywords.map((name) => name.replaceAll("_", "-")), words("engine/parameter.c", "\\w*names"));
  const options = tokens.KEYWORDS;
  assert.equal(options.length, keywords.length);
  const source = readFileSync(new URL("../../adapters/js/options.mjs", import.meta.url), "utf8");
  for (const [constant, first] of [["OF_RCPT", "NOTIFY"], ["OF_XCLIENT", "NAME"]]) assert.match(source, new RegExp(`const ${constant} = ${keywords.indexOf(first)};`));
  const ofXclient = keywords.indexOf("NAME");
  assert.deepEqual(options.slice(ofXclient), keywords.slice(ofXclient).map((name) => name.toLowerCase()));
});

test("fields of errors that name more than an option", () => {
  const fields = members("sasl.h", "wsmtp_field", "WSMTP_FIELD_");
  const source = readFileSync(new URL("../../adapters/js/driver.mjs", import.meta.url), "utf8");
  for (const [constant, name] of [["OF_RECIPIENT", "RECIPIENT"], ["OF_RECIPIENT_PARAMETER", "RECIPIENT_PARAMETER"]]) {
    assert.match(source, new RegExp(`const ${constant} = ${fields.indexOf(name)};`));
  }
});

test("capabilities have the bits of the header", () => {
  const bits = [...header("engine.h").matchAll(/#define WSMTP_CAP_(\w+) 0x(\w+)u/g)].map(([, name, value]) => [name.replaceAll("_", "").toLowerCase(), Math.log2(parseInt(value, 16))]);
  const names = tokens.CAPABILITIES.map((name, bit) => [name.toLowerCase().replace("eightbitmime", "8bitmime"), bit]);
  assert.deepEqual(names, bits.sort(([, a], [, b]) => a - b));
});

test("events are handled in the engine's order", () => {
  const events = members("engine.h", "wsmtp_event_type", "WSMTP_EVENT_");
  const [, table] = /const handlers = \[([\s\S]*?)\n  \];/.exec(readFileSync(new URL("../../adapters/js/client.mjs", import.meta.url), "utf8"));
  assert.deepEqual([...table.matchAll(/^ {4}\/\* (\w+) \*\//gm)].map(([, name]) => name), events);
  // Nothing else stands between: one handler begins with each comment, and none elsewhere.
  assert.equal([...table.matchAll(/^ {4}\S/gm)].length, events.length + [...table.matchAll(/^ {4}\},$/gm)].length);
});

test("the hash functions of SCRAM", () => {
  const hashes = [...header("sasl.h").matchAll(/\bWSMTP_HASH_(SHA)_(\d+) = (\d+)/g)].map(([, name, bits, number]) => [Number(number), `${name}-${bits}`, bits === "1" ? 20 : bits / 8]);
  const [, table] = /const HASHES = \[,(.*)\];/.exec(readFileSync(new URL("../../adapters/js/client.mjs", import.meta.url), "utf8"));
  assert.ok(hashes.length > 1);
  assert.deepEqual(JSON.parse(`[${table}]`).map(([name, length], index) => [index + 1, name, length]), hashes);
});

test("the bits of the session's state", () => {
  const source = readFileSync(new URL("../../adapters/js/driver.mjs", import.meta.url), "utf8");
  for (const name of ["CAN_READ", "CAN_WRITE", "CAN_BODY"]) {
    const [, value] = new RegExp(`#define WSMTP_${name} 0x(\\d)u`).exec(header("engine.h"));
    assert.match(source, new RegExp(`const ${name} = ${value};`));
  }
});

test("the module imports nothing and starts with 128 KiB", () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const { exports } = new WebAssembly.Instance(module);
  assert.equal(exports.memory.buffer.byteLength, 131072);
});

test("the package's exports and files exist", () => {
  const root = new URL("../../adapters/js/", import.meta.url);
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
  const targets = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
  assert.ok(targets.length > 8);
  for (const target of targets) assert.ok(existsSync(new URL(target, root)), target);
});
