// What the WebAssembly modules may and may not contain, for both profiles.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const PAGE = 65536;
const folder = new URL('../../build/wasm/', import.meta.url);

for (const name of ['engine.wasm', 'engine-js.wasm', 'engine-min.wasm']) {
  test(`${name} imports nothing`, () => {
    const module = new WebAssembly.Module(readFileSync(new URL(name, folder)));
    assert.deepEqual(WebAssembly.Module.imports(module), []);
  });

  test(`${name} exports its memory and functions, and no variable`, () => {
    const module = new WebAssembly.Module(readFileSync(new URL(name, folder)));
    const exported = (kind) => WebAssembly.Module.exports(module)
      .filter((item) => item.kind === kind).map((item) => item.name);
    assert.deepEqual(exported('memory'), ['memory']);
    assert.notDeepEqual(exported('function'), []);
    assert.deepEqual([...exported('global'), ...exported('table')], []);
  });

  test(`${name} starts with 128 KiB of memory, which can grow`, () => {
    const { memory } = new WebAssembly.Instance(
      new WebAssembly.Module(readFileSync(new URL(name, folder)))).exports;
    assert.equal(memory.buffer.byteLength, 2 * PAGE);
    assert.equal(memory.grow(1), 2);
    assert.equal(memory.buffer.byteLength, 3 * PAGE);
  });

  test(`${name} carries no debug information or tool names`, () => {
    const module = new WebAssembly.Module(readFileSync(new URL(name, folder)));
    for (const section of ['name', 'producers', 'target_features', '.debug_info'])
      assert.equal(WebAssembly.Module.customSections(module, section).length, 0, section);
  });
}
