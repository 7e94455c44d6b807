// The compiled engine, for tests that drive it directly.

import { readFileSync } from "node:fs";

export const bytes = readFileSync(new URL("../../adapters/js/engine.wasm", import.meta.url));
export const module = new WebAssembly.Module(bytes);
