// What a Worker has to upload: the package and its peers, bundled and minified in the same way, in
// bytes and gzip. Prints a table; `bundleSizes` gives the rows to other tools.

import { gzipSync } from "node:zlib";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { workerConditions } from "../tests/runtime/workerd.mjs";

const { build } = createRequire(new URL("../tests/package.json", import.meta.url))("esbuild");
const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const zipped = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** Everything that a package exports, as one minified module. */
async function bundle(name, from) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(name)};`, resolveDir: path(from) },
    bundle: true, minify: true, write: false, format: "esm", target: "esnext", platform: "neutral", mainFields: ["module", "main"],
    conditions: workerConditions, external: ["cloudflare:*", "node:*", "*.wasm"], legalComments: "none", logLevel: "error",
    // Node's modules without their prefix are the runtime's, too.
    plugins: [{ name: "node", setup: (bundler) => bundler.onResolve({ filter: /^[a-z_/]+$/ }, ({ path: module }) => (createRequire(import.meta.url)("node:module").isBuiltin(module) ? { path: `node:${module}`, external: true } : undefined)) }],
  });
  return Buffer.from(outputFiles[0].contents);
}

/** @returns {Promise<{name: string, bytes: number, gzip: number}[]>} */
export async function bundleSizes() {
  const ours = await bundle("wasm-smtp", "adapters/js");
  const engine = readFileSync(path("adapters/js/engine.wasm"));
  const rows = [
    { name: "wasm-smtp, JavaScript", bytes: ours.length, gzip: zipped(ours) },
    { name: "wasm-smtp, engine.wasm", bytes: engine.length, gzip: zipped(engine) },
    { name: "wasm-smtp, together", bytes: ours.length + engine.length, gzip: zipped(ours) + zipped(engine) },
  ];
  for (const name of ["worker-mailer", "nodemailer"]) {
    const { version } = JSON.parse(readFileSync(path(`tests/node_modules/${name}/package.json`), "utf8"));
    const code = await bundle(name, "tests");
    rows.push({ name: `${name} ${version}`, bytes: code.length, gzip: zipped(code) });
  }
  return rows;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log("A Worker's upload, minified".padEnd(34), "bytes".padStart(10), "gzip".padStart(10));
  for (const { name, bytes, gzip } of await bundleSizes()) console.log(name.padEnd(34), String(bytes).padStart(10), String(gzip).padStart(10));
}
