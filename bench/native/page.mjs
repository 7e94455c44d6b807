// The page of results, docs/src/performance.md: each bench writes its own part of it, between the
// lines <!-- NAME --> and <!-- end of NAME -->. What stands between the parts is written by hand.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

const file = join(import.meta.dirname, "../../docs/src/performance.md");

/** A table in Markdown, all but the first column to the right. */
export const table = (head, rows) => [`| ${head.join(" | ")} |`, `|---|${head.slice(1).map(() => "--:|").join("")}`, ...rows.map((row) => `| ${row.join(" | ")} |`)].join("\n");

/** @typedef {{name: string, now: number, most?: number, least?: number}} Target */

export const isMet = ({ now, most, least }) => (most === undefined ? now >= least : now <= most);
/** Enough digits that one beside its target is seen to be beside it. */
const shown = (number) => number.toFixed(number < 10 ? 3 : 1);
const wanted = ({ most, least }) => (most === undefined ? `at least ${least}` : `at most ${most}`);

/** @param {Target[]} targets */
export const targetTable = (targets) => table(["measure", "now", "target", "met"], targets.map((target) => [target.name, shown(target.now), wanted(target), isMet(target) ? "yes" : "**MISSED**"]));

/** Says on stderr which targets were missed, and makes the process exit with 1 then. */
export function judge(targets) {
  for (const target of targets) {
    if (isMet(target)) continue;
    console.error(`MISSED: ${target.name}: ${shown(target.now)}, should be ${wanted(target)}`);
    process.exitCode = 1;
  }
}

const load = loadavg()[0];
const version = (command, ...args) => execFileSync(command, args, { encoding: "utf8" }).trim();

/** What a bench ran on. The load is that before it began. */
export const machine = () => `${cpus().length} processors (${cpus()[0].model.trim()}), load average ${load.toFixed(1)} before this run, gcc ${version("gcc", "-dumpversion")}, `
  + `libcurl ${version("pkg-config", "--modversion", "libcurl")}, Node.js ${process.versions.node}`;

/** Prints a part of the page, and replaces it there; not if the bench was given other numbers than its own. */
export function writePart(name, text) {
  console.log(text.replaceAll(/^!.*\n\n/gm, ""));
  if (process.argv.length > 2) return;
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->\n`];
  const page = readFileSync(file, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file}: has no part ${begin.trim()} ... ${end.trim()}`);
  writeFileSync(file, `${page.slice(0, from)}${begin}\n${text.trim()}\n\n${page.slice(to)}`);
}
