// The scripted server for tests in other languages:
//
//   node tests/servers/scripted.mjs SCRIPT.json|-
//
// The script is JSON (- reads it from standard input):
//   {"steps": [STEP…] or "connections": [[STEP…], [STEP…]], "tls": "none" | "implicit",
//    "certificate": {"cert": PATH, "key": PATH}, "tlsOptions": {…}, "tlsMayFail": true, "host": "::1"}
// A STEP is an object of scripted-steps.mjs in short form:
//   {"send": "line" or ["line", …]}  {"sendRaw": "text with its line ends"}  {"sendSlowly": "text"}
//   {"sendGarbage": 100}  {"expect": "prefix" or "/regular expression/"}  {"readData": true}
//   {"readBytes": 10}  {"readChunk": true}  {"startTls": {}}  {"close": true}  {"closeAbruptly": true}
//   {"reset": true}  {"stall": 1000 or true for ever}  {"wait": 1000}  {"expectEnd": true}
//   {"hello": ["PIPELINING", …]}
//
// It prints {"port": N}, then, once as many connections as scripts (or "count", default 1) are done,
// {"connections": [{"received": base64, "receivedPlain": base64, "lines": […], "messages": [base64…],
// "error": null or text, "tlsError": null or text}]} and ends: status 0, or 1 if a client left its script.

import { readFileSync } from "node:fs";
import * as steps from "./scripted-steps.mjs";

const WITHOUT_ARGUMENT = new Set(["readData", "readChunk", "close", "closeAbruptly", "reset", "expectEnd"]);

function readStep(step) {
  const [name, value] = Object.entries(step)[0] ?? [];
  if (Object.keys(step).length !== 1 || name === "call" || !Object.hasOwn(steps, name)) throw new Error(`there is no step ${JSON.stringify(step)}`);
  if (WITHOUT_ARGUMENT.has(name)) return steps[name]();
  if (name === "stall") return steps.stall(value === true ? undefined : value);
  if (name === "expect") {
    const expression = /^\/(.*)\/$/.exec(value);
    return steps.expect(expression ? new RegExp(expression[1]) : value);
  }
  return steps[name](value);
}

export async function runScript(args, { startScripted }) {
  if (args.length !== 1) {
    console.error("usage: scripted.mjs SCRIPT.json|-");
    process.exit(64);
  }
  const script = JSON.parse(readFileSync(args[0] === "-" ? 0 : args[0], "utf8"));
  const scripts = (script.connections ?? [script.steps]).map((list) => list.flatMap((step) => readStep(step)));
  const count = script.count ?? scripts.length;
  const server = await startScripted({ ...script, steps: (index) => scripts[Math.min(index, scripts.length - 1)] });
  console.log(JSON.stringify({ port: server.port }));
  let failed = false;
  try {
    await server.finished(count);
  } catch (error) {
    failed = true;
    console.error(error.message);
  }
  console.log(JSON.stringify({
    connections: server.connections.map((connection) => ({
      received: connection.received.toString("base64"),
      receivedPlain: connection.receivedPlain.toString("base64"),
      lines: connection.lines,
      messages: connection.messages.map((message) => message.toString("base64")),
      error: connection.error?.message ?? null,
      tlsError: connection.tlsError?.message ?? null,
    })),
  }));
  await server.stop();
  process.exit(failed ? 1 : 0);
}
