// The demo: what a visitor types cannot become anything but text, and the whole of it runs.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { composeMessage, encodedWords, isPlainAddress } from "../../demo/compose.mjs";
import { escapeHtml, formPage } from "../../demo/page.mjs";

const SITE = { from: "form@lab.test", to: "support@lab.test", name: "n", replyTo: "v@visitor.test", subject: "s", text: "t" };

/** Header fields of a message, unfolded; each encoded word decoded. */
function headers(message) {
  const [head] = message.split("\r\n\r\n");
  return head.replaceAll("\r\n ", " ").split("\r\n").map((line) => {
    const cut = line.indexOf(": ");
    const decoded = line.slice(cut + 2).replace(/\?= =\?/g, "?==?").replace(/=\?utf-8\?B\?([^?]*)\?=/g, (_, word) => Buffer.from(word, "base64").toString());
    return [line.slice(0, cut), decoded];
  });
}

test("no input adds a header field", () => {
  const nasty = ["x\r\nBcc: victim@lab.test", "x\nBcc: victim@lab.test", "\r\n\r\nbody", "\u2028Bcc: y", "a".repeat(500), "\u{1f600}".repeat(60), "=?utf-8?Q?x?=", "\0\x1b[31m"];
  const plain = headers(composeMessage(SITE)).map(([name]) => name);
  for (const text of nasty) {
    const message = composeMessage({ ...SITE, name: text, subject: text, text });
    assert.deepEqual(headers(message).map(([name]) => name), plain, JSON.stringify(text));
    assert.ok(message.split("\r\n").every((line) => line.length <= 78 && /^[\x20-\x7e]*$/.test(line)), JSON.stringify(text));
    assert.equal(Buffer.from(message.split("\r\n\r\n")[1], "base64").toString(), text.replace(/\r\n|\r|\n/g, "\r\n"));
  }
});

test("encoded words keep the text and never cut a character", () => {
  for (const text of ["Gr\u00fc\u00dfe", "\u{1f600}".repeat(40), "x".repeat(200)]) {
    const words = [...encodedWords(text).matchAll(/=\?utf-8\?B\?([^?]*)\?=/g)].map(([whole, word]) => {
      assert.ok(whole.length <= 75);
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(word, "base64"));
    });
    assert.equal(words.join(""), text);
  }
});

test("only plain addresses are taken", () => {
  for (const good of ["a@b.test", "a.b+c@d-e.test", "x@localhost"]) assert.ok(isPlainAddress(good), good);
  for (const bad of ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "a@b>\r\nBcc: x", "a.@b", ".a@b", "a..b@c", '"a"@b', "a@-b", "a@b..c", `${"a".repeat(65)}@b`]) assert.ok(!isPlainAddress(bad), bad);
});

test("the page shows input as text", async () => {
  assert.equal(escapeHtml(`<a href="x">'&`), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
  const evil = "<script>alert(1)</script>\" onfocus=\"x";
  const html = await formPage({ to: evil, server: evil, problem: evil, values: { name: evil, text: evil }, received: [evil] }).text();
  assert.ok(!html.includes("<script>alert") && !html.includes('onfocus="x'));
});

test("make demo: a message goes through a Worker over TLS and is shown", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("../../demo/run.mjs", import.meta.url))], { env: { ...process.env, KEEP: "" } });
  assert.match(stdout, /Channel +TLS, certificate verified/);
  assert.match(stdout, /Recipient +support@lab\.test: accepted \(250 /);
  assert.match(stdout, /from <form@lab\.test> to <support@lab\.test>, user alice, TLS on/);
  assert.match(stdout, /demo: delivered\./);
});
