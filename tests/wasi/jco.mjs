// Components in this process, made into JavaScript by jco, with their memories in sight.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { out } from './component.mjs';

const JCO = new URL('../../examples/component-js/node_modules/@bytecodealliance/jco-transpile/dist/index.js', import.meta.url);

/**
 * Makes JavaScript of build/wasi/out/NAME.wasm, in a folder of its own.
 * @returns {Promise<{folder: string, name: string, imports: string[], remove(): void}>} `imports`: interfaces
 *   that the host has to bring
 */
export async function transpileComponent(name) {
  const { transpile } = await import(JCO);
  const folder = mkdtempSync(join(tmpdir(), 'wasm-smtp-jco-'));
  const { files, imports } = await transpile(`${out}${name}.wasm`, { name, outDir: folder, instantiation: { tag: 'sync' } });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return { folder, name, imports, remove: () => rmSync(folder, { recursive: true }) };
}

/**
 * An instance of what transpileComponent made.
 * @returns {Promise<{exports: object, find(needles: Record<string, Uint8Array>): string[]}>} `find` gives the
 *   names of those needles that any memory of the instance holds
 */
export async function instantiateComponent({ folder, name }, imports) {
  const { instantiate } = await import(pathToFileURL(join(folder, `${name}.js`)).href);
  const memories = new Set();
  const exports = instantiate((file) => new WebAssembly.Module(readFileSync(join(folder, file))), imports, (module, given) => {
    const instance = new WebAssembly.Instance(module, given);
    for (const each of Object.values(instance.exports)) if (each instanceof WebAssembly.Memory) memories.add(each);
    return instance;
  });
  if (memories.size === 0) throw new Error(`${name} has no memory that could be searched`);
  const holds = (needle) => [...memories].some(({ buffer }) => Buffer.from(buffer).includes(needle));
  return { exports, find: (needles) => Object.keys(needles).filter((each) => holds(needles[each])) };
}
