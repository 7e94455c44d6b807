// Runs a Worker in workerd, the runtime of Cloudflare Workers, on loopback: bundled with esbuild the
// way a deployment is, package conditions included, and started as a plain process.
//
//   const worker = await startWorker({ entry: "demo/worker.mjs", bindings: { GREETING: "hello" } });
//   await fetch(worker.url); await worker.stop();

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { workerd } from "../programs.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(new URL("../package.json", import.meta.url));

/**
 * The date whose behaviour the Worker gets; without any compatibility flag. The older workerd knows
 * no later one.
 */
const COMPATIBILITY_DATE = "2025-11-01";

/** What bundlers for Workers ask packages for. */
export const workerConditions = ["workerd", "worker", "browser"];

/** Bundles `entry` as an upload to Cloudflare is bundled; wasm stays a module beside it. */
export async function bundleWorker(entry, { minify = false, folder }) {
  const packages = join(folder, "packages");
  mkdirSync(packages, { recursive: true });
  symlinkSync(join(ROOT, "adapters/js"), join(packages, "wasm-smtp"));
  const { build } = require("esbuild");
  const engines = new Map();
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile: join(folder, "worker.js"),
    bundle: true,
    minify,
    format: "esm",
    target: "esnext",
    conditions: workerConditions,
    external: ["cloudflare:*"],
    nodePaths: [packages, join(ROOT, "tests/node_modules")],
    logLevel: "error",
    plugins: [
      {
        name: "wasm",
        setup(bundler) {
          bundler.onResolve({ filter: /\.wasm$/ }, (found) => {
            const name = basename(found.path);
            engines.set(name, join(found.resolveDir, found.path));
            return { path: `./${name}`, external: true };
          });
        },
      },
    ],
  });
  for (const [name, path] of engines) cpSync(path, join(folder, name));
  return [...engines.keys()];
}

/** A string of the configuration language: its escapes are those of JSON. */
const quote = (text) => JSON.stringify(text);

function configuration({ engines, bindings, caFile }) {
  const modules = [
    '(name = "worker.js", esModule = embed "worker.js")',
    ...engines.map((name) => `(name = ${quote(`./${name}`)}, wasm = embed ${quote(name)})`),
  ];
  const texts = Object.entries(bindings).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(String(text))})`);
  const trust = caFile ? 'trustBrowserCas = false, trustedCertificates = [embed "ca.pem"]' : "trustBrowserCas = true";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [${modules.join(", ")}],
      bindings = [${texts.join(", ")}],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      globalOutbound = "loopback"
    )),
    (name = "loopback", network = (allow = ["public", "private"], tlsOptions = (${trust})))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`;
}

/** Resolves with the port that workerd says it listens on (control file descriptor 3). */
function listening(child, log) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdio[3].on("data", (chunk) => {
      text += chunk;
      for (const line of text.split("\n").slice(0, -1)) {
        const message = JSON.parse(line);
        if (message.event === "listen") resolve(message.port);
      }
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`workerd ended early (${code ?? signal}):\n${log()}`)));
  });
}

/**
 * @param {object} options
 * @param {string} options.entry the Worker's main module, relative to the project
 * @param {Record<string, string>} [options.bindings] texts in its `env`
 * @param {string} [options.caFile] the only root to trust for TLS; default: those of browsers
 * @param {string} [options.binary] workerd; default the newest
 * @param {string} [options.listen] address of its HTTP socket, default a free port on loopback
 * @returns {Promise<{url: string, log(): string, stop(): Promise<void>}>}
 */
export async function startWorker({ entry, bindings = {}, caFile, binary = workerd(), listen = "127.0.0.1:0" }) {
  const folder = mkdtempSync(join(tmpdir(), "wasm-smtp-worker-"));
  const engines = await bundleWorker(entry, { folder });
  if (caFile) writeFileSync(join(folder, "ca.pem"), readFileSync(caFile));
  writeFileSync(join(folder, "config.capnp"), configuration({ engines, bindings, caFile }));
  let output = "";
  const child = spawn(binary, ["serve", "--control-fd=3", `--socket-addr=http=${listen}`, "config.capnp"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  // Nothing of it outlives the process that started it, however that ends.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const stop = async () => {
    process.off("exit", kill);
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const port = await listening(child, () => output);
    return { url: `http://127.0.0.1:${port}/`, log: () => output, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
