// The session suite in every runtime: Node, Deno, Bun, and two versions of workerd.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import * as node from "../../adapters/js/hosts/node.mjs";
import { bun, deno, workerd, workerdPrevious } from "../programs.mjs";
import { startLab } from "./launch.mjs";
import { suite } from "./suite.mjs";
import { startWorker } from "./workerd.mjs";

const TEST_MS = 30000;
const lab = await startLab();
after(lab.stop);

/** A runtime of its own process; answers one test at a time. */
function runProcess(command, args, host) {
  const configFile = join(lab.folder, `${host}.json`);
  writeFileSync(configFile, JSON.stringify(lab.config));
  const child = spawn(command, [...args, fileURLToPath(new URL("suite-process.mjs", import.meta.url))], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, CONFIG: configFile, HOST: new URL(`../../adapters/js/hosts/${host}.mjs`, import.meta.url).href, NO_COLOR: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    config: lab.config,
    async ask(name) {
      child.stdin.write(`${name}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${host} ended`);
      return JSON.parse(value);
    },
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

async function runWorker(binary) {
  const config = { ...lab.config, canTrust: false };
  const worker = await startWorker({ entry: "tests/runtime/suite-worker.mjs", binary, caFile: lab.caFile, bindings: { CONFIG: JSON.stringify(config) } });
  return {
    config,
    ask: async (name) => (await fetch(worker.url, { method: "POST", body: name })).json(),
    stop: worker.stop,
  };
}

const RUNTIMES = {
  node: async () => ({
    config: lab.config,
    ask: async (name) => ({ messages: await suite(lab.config).find((one) => one.name === name).run(node) }),
    stop() {},
  }),
  deno: async () => runProcess(deno(), ["run", "--no-prompt", "--no-lock", "--allow-net", "--allow-read", "--allow-env"], "deno"),
  bun: async () => runProcess(bun(), ["run"], "bun"),
  workerd: () => runWorker(workerd()),
  "workerd, a year older": () => runWorker(workerdPrevious()),
};

for (const [name, start] of Object.entries(RUNTIMES)) {
  const runtime = await start();
  describe(name, () => {
    after(runtime.stop);
    for (const { name: wanted } of suite(runtime.config)) {
      test(wanted, { timeout: TEST_MS }, async () => {
        const { messages, error } = await runtime.ask(wanted);
        if (error) throw new Error(error);
        await lab.checkDelivered(messages);
      });
    }
  });
}
