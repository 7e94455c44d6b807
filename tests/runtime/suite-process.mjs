// Runs the suite in a runtime of its own process (Deno, Bun): asked on standard input for one test
// a line, answers with one line of JSON each.
//
//   CONFIG=file HOST=module RUNTIME suite-process.mjs

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import process from "node:process";
import { suite } from "./suite.mjs";

const api = await import(process.env.HOST);
const tests = suite(JSON.parse(readFileSync(process.env.CONFIG, "utf8")));

for await (const name of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { messages: await tests.find((test) => test.name === name).run(api) };
  } catch (error) {
    answer = { error: error.stack ?? String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
