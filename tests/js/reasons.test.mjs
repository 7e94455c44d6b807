// The book's list of the reasons that come from JavaScript is the one that the sources have, no more
// and no less, with their kinds and with the runtimes that give them.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { REASONS } from "../../adapters/js/reasons.mjs";
import { STATUSES } from "../../adapters/js/tokens.mjs";

const root = new URL("../../", import.meta.url);
const read = (name) => readFileSync(new URL(name, root), "utf8");
const GENERATED = ["reasons.mjs", "tokens.mjs"];
const RUNTIMES = { "bun.mjs": "", "deno.mjs": "Deno", "node.mjs": "Node.js, Bun", "none.mjs": "others", "workerd.mjs": "workerd" };

/** Tokens of a source file that are the engine's neither as reason nor as outcome: [token, kind]. */
function reasons(source) {
  const tokens = [...source.matchAll(/"([a-z]+(?:-[a-z\d]+)+)"/g), ...source.matchAll(/\breason: "([\w-]+)"/g)].map(([, token]) => token);
  return [...new Set(tokens)]
    .filter((token) => !REASONS.includes(token) && !STATUSES.includes(token))
    .map((token) => {
      const kind = source.match(new RegExp(`kind: "(\\w+)",\\s*reason: "${token}"`))?.[1];
      return [token, kind ?? (new RegExp(`inputError.*"${token}"`).test(source) ? "input" : "transport")];
    });
}

test("the reasons of the JavaScript package are listed with their kinds and runtimes", () => {
  const found = {};
  const names = (folder) => readdirSync(new URL(`adapters/js/${folder}`, root)).filter((name) => name.endsWith(".mjs") && !GENERATED.includes(name));
  const note = (file, runtime) => {
    for (const [token, kind] of reasons(read(`adapters/js/${file}`))) {
      const others = found[token]?.[1];
      found[token] = [kind, others ? `${others}, ${runtime}` : runtime];
    }
  };
  for (const name of names("")) note(name, "all");
  assert.deepEqual(names("hosts").sort(), Object.keys(RUNTIMES));
  // Bun's has no sockets of its own: it is Node's.
  assert.deepEqual(reasons(read("adapters/js/hosts/bun.mjs")), []);
  for (const name of ["node.mjs", "deno.mjs", "workerd.mjs", "none.mjs"]) note(`hosts/${name}`, RUNTIMES[name]);

  const [, chapter] = read("docs/src/errors.md").split("## Reasons of the JavaScript package\n");
  const rows = [...chapter.matchAll(/^\| `([\w-]+)` \| (\w+) \| ([^|]+) \| [^|]+ \|$/gm)].map(([, token, kind, from]) => [token, [kind, from]]);
  assert.equal(rows.length, chapter.match(/^\| `/gm).length, "a row has another form");
  assert.equal(new Set(rows.map(([token]) => token)).size, rows.length, "a reason is listed twice");
  assert.deepEqual(Object.fromEntries(rows), found);
  assert.ok(rows.length > 12);
});
