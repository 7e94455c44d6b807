// What a session leaves behind must not keep a program alive.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bun, deno } from "../programs.mjs";

const RUNTIMES = {
  node: [process.execPath],
  deno: [deno(), "run", "--no-prompt", "--no-lock", "--allow-net", "--allow-read", "--allow-env"],
  bun: [bun(), "run"],
};
const ENDS_MS = 8000;

for (const [host, [command, ...args]] of Object.entries(RUNTIMES)) {
  test(`${host}: a program ends although the server never answers its handshake`, async (t) => {
    // It keeps every connection open.
    const held = [];
    const server = createServer((socket) => held.push(socket.on("error", () => {})));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      for (const socket of held) socket.destroy();
      server.close();
    });
    const child = spawn(command, [...args, fileURLToPath(new URL("ends.mjs", import.meta.url))], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, PORT: server.address().port, HOST: new URL(`../../adapters/js/hosts/${host}.mjs`, import.meta.url).href, NO_COLOR: "1" },
      timeout: ENDS_MS,
    });
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    const [status, signal] = await once(child, "close");
    assert.deepEqual([output.trim(), status, signal], ["timeout", 0, null]);
  });
}
