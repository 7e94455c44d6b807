// The type declarations compile against their test, strictly.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { tsc } from "../programs.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

test("index.d.ts and client.d.ts allow what the API allows, and nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "wasm-smtp-types-"));
  try {
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({
      compilerOptions: {
        strict: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false, target: "esnext", module: "nodenext",
        lib: ["esnext", "esnext.disposable", "dom"], types: [],
        paths: { "wasm-smtp": [path("../../adapters/js/index.d.ts")], "wasm-smtp/client": [path("../../adapters/js/client.d.ts")] },
      },
      files: [path("types.test-d.ts"), path("../../adapters/js/index.d.ts"), path("../../adapters/js/client.d.ts")],
    }));
    const { stdout, status } = spawnSync(tsc(), ["--project", folder], { encoding: "utf8" });
    assert.equal(status, 0, stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
