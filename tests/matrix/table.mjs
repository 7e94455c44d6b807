// The tables of docs/src/servers.md, made of what the matrix has seen.

import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../docs/src/servers.md", import.meta.url);
const BEGIN = "<!-- matrix: begin (WSMTP_WRITE_DOCS=1 node --test tests/matrix) -->";
const END = "<!-- matrix: end -->";

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/**
 * @param {Map<string, string>} seen "TITLE/ROW/COLUMN" → content of the cell
 * @param {{title: string, first: string[], rows: string[][], columns: string[]}[]} tables
 */
export function render(seen, tables) {
  return tables.map(({ title, first, rows, columns }) => `### ${title}\n\n${table([...first, ...columns],
    rows.map((row) => [...row, ...columns.map((column) => seen.get([title, ...row, column].join("/")) ?? "no")]))}\n`).join("\n");
}

function split() {
  const page = readFileSync(PAGE, "utf8");
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`docs/src/servers.md: must hold the lines "${BEGIN}" and "${END}"`);
  return { before: page.slice(0, begin + BEGIN.length), within: page.slice(begin + BEGIN.length, end), after: page.slice(end) };
}

export const written = () => split().within.trim();

export function write(content) {
  const { before, after } = split();
  writeFileSync(PAGE, `${before}\n\n${content.trim()}\n\n${after}`);
}
