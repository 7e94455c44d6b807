// The package as npm would install it: packed, and unpacked into a project of its own.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A folder with node_modules/wasm-smtp, and with copies of `files` (of the project) in it.
 * @returns {{folder: string, remove(): void}}
 */
export function installPackage({ files = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "wasm-smtp-packed-"));
  const target = join(folder, "node_modules/wasm-smtp");
  mkdirSync(target, { recursive: true });
  const [{ filename }] = JSON.parse(execFileSync("npm", ["pack", join(ROOT, "adapters/js"), "--json", "--ignore-scripts", "--pack-destination", folder], { encoding: "utf8" }));
  execFileSync("tar", ["-xzf", join(folder, filename), "-C", target, "--strip-components=1"]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies: { "wasm-smtp": "*" } }));
  for (const file of files) cpSync(join(ROOT, file), join(folder, file.split("/").at(-1)));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
