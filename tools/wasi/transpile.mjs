// Makes adapters/js/component/generated of build/wasi/out/smtp-send.wasm: JavaScript, types and the core
// modules, by jco. Nothing is done if the component, jco and this file are what they were.
//
//   node tools/wasi/transpile.mjs
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const jco = `${root}examples/component-js/node_modules/@bytecodealliance/jco-transpile/`;
const component = `${root}build/wasi/out/smtp-send.wasm`;
const folder = `${root}adapters/js/component/generated/`;
const mark = `${folder}edition.txt`;

const inputs = [component, `${jco}package.json`, fileURLToPath(import.meta.url)];
const edition = inputs.reduce((hash, name) => hash.update(readFileSync(name)), createHash("sha256")).digest("hex");
let known;
try {
  known = readFileSync(mark, "utf8");
} catch {
  // not made yet
}
if (known === edition) process.exit(0);

const { transpile } = await import(`${jco}dist/index.js`);
// The caller brings the imports: a package without dependencies cannot import jco's own.
const { files } = await transpile(component, { name: "smtp-send", outDir: folder, instantiation: { tag: "sync" }, minify: true });
// Of the types, those of the interface "types" are all that users see.
const names = { "smtp-send.js": "smtp-send.mjs", "wasm-smtp-smtp-types.d.ts": "types.d.ts" };
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [path, content] of Object.entries(files)) {
  const name = basename(path);
  if (name in names || name.endsWith(".wasm")) writeFileSync(join(folder, names[name] ?? name), content);
}
writeFileSync(mark, edition);
