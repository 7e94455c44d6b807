// Where the programs are that tools/setup.sh installed for the tests, as absolute paths.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

function installed(path) {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (!existsSync(file)) throw new Error(`${file} is missing: run "make setup"`);
  return file;
}

export const workerd = () => installed('node_modules/@cloudflare/workerd-linux-64/bin/workerd');
/** A release one year older than `workerd`. */
export const workerdPrevious = () => installed('node_modules/workerd-previous/bin/workerd');
export const deno = () => installed('node_modules/@deno/linux-x64-glibc/deno');
export const bun = () => installed('node_modules/@oven/bun-linux-x64/bin/bun');
export const esbuild = () => installed('node_modules/.bin/esbuild');
export const tsc = () => installed('node_modules/.bin/tsc');
/** Exim, unpacked but not installed: run it with LD_LIBRARY_PATH set to `libraries`. */
export const exim = () => ({
  file: installed('../build/exim/usr/sbin/exim4'),
  libraries: installed('../build/exim/libraries'),
});
