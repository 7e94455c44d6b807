// Makes JavaScript and types of a component:  node transpile.mjs smtp-send.wasm FOLDER
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { transpile } from '@bytecodealliance/jco-transpile';

const [component, outDir] = process.argv.slice(2);
const { files } = await transpile(component, { name: 'smtp-send', outDir });
for (const [name, content] of Object.entries(files)) {
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(name, content);
}
