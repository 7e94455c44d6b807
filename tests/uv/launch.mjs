// Runs a test program of this folder with the servers that it needs.
//
//   node tests/uv/launch.mjs PROGRAM NAME
//
// NAME.mjs beside this file says what to start: `export async function prepare()` returns
// {env, plain, args, verify, stop}: variables for the program (WSMTP_TEST_ is put in front of their
// names, but for plain ones), its arguments, what to check when it has ended well (given its output, and
// a way to run it again with other arguments and plain variables), and how to end the servers.

import { spawn } from "node:child_process";

const [program, name] = process.argv.slice(2);
if (!name) throw new Error("usage: launch.mjs PROGRAM NAME");

function run(env, args = []) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, output }));
  });
}

const { prepare } = await import(`./${name}.mjs`);
const { env, plain, args, verify, stop } = await prepare();
let status = 1;
try {
  const named = Object.entries(env).map(([key, value]) => [`WSMTP_TEST_${key}`, String(value)]);
  const { code, signal, output } = await run({ ...Object.fromEntries(named), ...plain }, args);
  if (code !== 0) throw new Error(`the program ended with ${signal ?? `status ${code}`}`);
  await verify?.(output, (more, variables) => run(variables, more));
  status = 0;
} catch (error) {
  console.error(error);
} finally {
  await stop();
}
process.exit(status);
