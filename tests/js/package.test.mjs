// The installed package: each runtime gets its host, and the examples do what they say.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { bun, deno } from "../programs.mjs";
import { startWorker } from "../runtime/workerd.mjs";
import { startServers } from "../servers/servers.mjs";
import { installPackage } from "./packed.mjs";

const run = promisify(execFile);
const servers = await startServers({ names: ["smtp-server"] });
const smtp = servers["smtp-server"];
const project = installPackage({ files: ["examples/node/send.mjs", "examples/node/attachment.mjs"] });
after(async () => {
  project.remove();
  await servers.stop();
});

const [alice] = servers.users;
const env = { ...process.env, SMTP_HOST: "localhost", SMTP_PORT: String(smtp.listeners.implicit.port), SMTP_USER: alice.user, SMTP_PASS: alice.pass, SMTP_CA: servers.ca.file, NO_COLOR: "1" };
const options = { cwd: project.folder, env };

const RUNTIMES = {
  node: [process.execPath],
  deno: [deno(), "run", "--no-prompt", "--no-lock", "--node-modules-dir=manual", "--allow-net", "--allow-read", "--allow-env"],
  bun: [bun(), "run"],
};

test("the package holds what it needs and nothing else", () => {
  const files = readdirSync(join(project.folder, "node_modules/wasm-smtp"), { recursive: true }).sort();
  for (const file of ["client.mjs", "driver.mjs", "engine.wasm", "index.d.ts", "hosts/workerd.mjs", "package.json"]) assert.ok(files.includes(file), file);
  assert.deepEqual(files.filter((file) => /\.c$|test|node_modules/.test(file)), []);
});

for (const [name, [command, ...args]] of Object.entries(RUNTIMES)) {
  test(`${name}: send.mjs sends a file with LF line ends`, async () => {
    const marker = randomBytes(8).toString("hex");
    writeFileSync(join(project.folder, "message.eml"), `Subject: ${marker}\n\n.hello\n`);
    const { stdout } = await run(command, [...args, "send.mjs", "a@lab.test", "message.eml", "b@lab.test", "bad@lab.test"], options);
    assert.match(stdout, /^b@lab\.test: accepted \(250 .*\)\nbad@lab\.test: refused \(550 no such user\)\nqueue id: \w+\n$/);
    const [message] = await smtp.delivered({ where: ({ content }) => content.includes(marker) });
    assert.equal(message.content.toString(), `Subject: ${marker}\r\n\r\n.hello\r\n`);
    assert.deepEqual([message.envelope.from, message.envelope.to, message.envelope.secure], ["a@lab.test", ["b@lab.test"], true]);
  });

  test(`${name}: send.mjs explains a failure`, async () => {
    const wrong = { ...options, env: { ...env, SMTP_PASS: "wrong" } };
    await assert.rejects(run(command, [...args, "send.mjs", "a@lab.test", "message.eml", "b@lab.test"], wrong), ({ code, stderr }) => {
      assert.equal(code, 1);
      assert.match(stderr, /^auth: during AUTH, the server refused the credentials: 535/);
      return true;
    });
  });
}

test("attachment.mjs streams a file of 5 MB", async () => {
  const content = randomBytes(5_000_000);
  writeFileSync(join(project.folder, "gr\u00fcn (1).bin"), content);
  const unlimited = { ...options, env: { ...env, SMTP_PORT: String(smtp.listeners.unlimitedImplicit.port) } };
  await run(process.execPath, ["attachment.mjs", "a@lab.test", "b@lab.test", "gr\u00fcn (1).bin"], unlimited);
  const [message] = await smtp.delivered({ where: ({ content: octets }) => octets.includes("A file for you") });
  const text = message.content.toString("latin1");
  assert.match(text, /filename\*=utf-8''gr%C3%BCn%20%281%29\.bin\r\n/);
  assert.ok(text.split("\r\n").every((line) => line.length <= 78));
  const encoded = /filename\*=[^\r]*\r\n\r\n([\s\S]*?)\r\n--part/.exec(text)[1];
  assert.ok(Buffer.from(encoded, "base64").equals(content));
});

test("the Worker of ten lines sends", async (t) => {
  const bindings = { SMTP_HOST: "localhost", SMTP_PORT: smtp.listeners.implicit.port, SMTP_USER: alice.user, SMTP_PASS: alice.pass, MAIL_FROM: "hello@lab.test", MAIL_TO: "you@lab.test" };
  const worker = await startWorker({ entry: "examples/worker/worker.mjs", caFile: servers.ca.file, bindings });
  t.after(worker.stop);
  const response = await fetch(worker.url);
  assert.match(await response.text(), /^sent as \w+\n$/, worker.log());
  const [message] = await smtp.delivered({ where: ({ content }) => content.includes("Sent from a Worker.") });
  assert.deepEqual(message.envelope.to, ["you@lab.test"]);
});

test("without a known runtime every call says so", async () => {
  const script = 'import { connect } from "./node_modules/wasm-smtp/hosts/none.mjs"; await connect({ hostname: "h" }).catch((error) => console.log(error.kind, error.reason));';
  writeFileSync(join(project.folder, "none.mjs"), script);
  const { stdout } = await run(process.execPath, ["none.mjs"], options);
  assert.equal(stdout, "unsupported no-sockets\n");
});
