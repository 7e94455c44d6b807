// examples/libuv, with Postfix: what it says, its exit status, and what arrives.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServers } from "../servers/servers.mjs";

export async function prepare() {
  const run = await startServers({ names: ["postfix"] });
  const folder = mkdtempSync(join(tmpdir(), "wsmtp-example-"));
  const file = join(folder, "letter.eml");
  const lines = Array.from({ length: 10000 }, (_, index) => `.line ${index} of a message that is longer than every buffer`);
  writeFileSync(file, `Subject: example\n\n${lines.join("\n")}\n`);
  const { implicit, relaxed } = run.postfix.listeners;
  const args = (listener, name, ...to) => ["127.0.0.1", String(listener.port), name, "alice@lab.test", ...to];
  const ca = { SMTP_CA: run.ca.file };
  return {
    env: {},
    plain: ca,
    args: args(implicit, file, "ok@lab.test", "second@lab.test"),
    async verify(output, again) {
      assert.match(output, /^session with 127\.0\.0\.1:\d+\nok@lab\.test: accepted .*\nsecond@lab\.test: accepted /);
      const [{ content }] = await run.postfix.delivered({ count: 2 });
      assert.equal(content.toString(), `Subject: example\r\n\r\n${lines.join("\r\n")}\r\n`);
      const login = { SMTP_USER: "alice", SMTP_PASSWORD: "secret" };
      const attempts = [
        [0, { ...ca, SMTP_TLS: "starttls", ...login }, args(relaxed, file, "ok@lab.test"), /^ok@lab\.test: accepted/m],
        [1, { ...ca, SMTP_TLS: "starttls" }, args(relaxed, file, "ok@lab.test", "bad@lab.test"), /^bad@lab\.test: refused /m],
        [1, { ...ca, ...login, SMTP_PASSWORD: "Secret" }, args(implicit, file, "ok@lab.test"), /^ok@lab\.test: not-sent/m],
        [1, {}, args(implicit, file, "ok@lab.test"), /^ok@lab\.test: not-sent/m],
        [2, ca, args(implicit, join(folder, "none"), "ok@lab.test"), /^$/],
        [2, { SMTP_CA: file }, args(implicit, file, "ok@lab.test"), /^$/],
        [2, {}, [], /^$/],
      ];
      for (const [code, env, more, pattern] of attempts) {
        const result = await again(more, env);
        assert.equal(result.code, code, result.output);
        assert.match(result.output, pattern);
      }
    },
    async stop() {
      await run.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
