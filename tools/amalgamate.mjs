// Makes two files of the engine, for projects that would rather copy than link:
//
//   node tools/amalgamate.mjs [FOLDER]      dist/wsmtp.h, dist/wsmtp.c
//
// The header is the public headers of the engine, the source its own headers and then its sources.
// Names that two files define for themselves (static functions, types, macros) get the file's name
// behind them, in the file that comes later and in those that include it.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PUBLIC = ["features.h", "reason.h", "address.h", "sasl.h", "engine.h"];
const FOLDERS = ["engine", "sasl"];
const INCLUDE = /^[ \t]*#[ \t]*include[ \t]*"([^"]+)".*\n/gm;
const TOKEN = /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.\d\w*|\d[\w.]*|->|\s+|[\s\S]/g;
const NAME = /^[A-Za-z_]\w*$/;

const read = (path) => readFileSync(join(ROOT, path), "utf8");

/** The tokens that mean something: no comments, no space. */
const meaningful = (text) => text.match(TOKEN).filter((token) => !/^(\s|\/\*|\/\/)/.test(token));

/** Every name that a file gives to something of its own: macros, types, enumerators, static functions and data. */
function definitions(text) {
  const names = new Set();
  for (const [, name] of text.matchAll(/^[ \t]*#[ \t]*define[ \t]+(\w+)/gm)) names.add(name);
  // Directives are not C; what is left is statements at the outermost level, in braces or ended by ";".
  const tokens = meaningful(text.replace(/^[ \t]*#(?:.*\\\n)*.*$/gm, ""));
  let statement = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (tokens[at] === ";") {
      describe(statement, names);
      statement = [];
    } else if (tokens[at] === "{") {
      const body = [];
      for (let depth = 1; depth > 0; ) {
        at += 1;
        depth += (tokens[at] === "{") - (tokens[at] === "}");
        if (depth > 0) body.push(tokens[at]);
      }
      if (statement.includes("enum")) {
        body.forEach((token, index) => {
          const first = index === 0 || body[index - 1] === ",";
          if (first && NAME.test(token) && body[index + 1] !== "(") names.add(token); // with "(" it is a macro's use
        });
      }
      // A function ends with its body; a type or an initializer goes on to the ";".
      if (statement.at(-1) === ")") {
        describe(statement, names);
        statement = [];
      }
    } else statement.push(tokens[at]);
  }
  return names;
}

function describe(statement, names) {
  const tag = statement.findIndex((token) => token === "struct" || token === "enum" || token === "union");
  if (statement[0] === "typedef") names.add(statement.at(-1));
  if (tag !== -1 && NAME.test(statement[tag + 1] ?? "") && (statement[0] === "typedef" || statement.length === tag + 2)) names.add(statement[tag + 1]);
  if (statement[0] !== "static") return;
  const end = statement.findIndex((token) => ["(", "[", "="].includes(token));
  const name = statement[(end === -1 ? statement.length : end) - 1];
  if (NAME.test(name)) names.add(name);
}

/** Replaces names, but not members of structures. */
function rename(text, renames) {
  let before = "";
  return text.replace(TOKEN, (token) => {
    const member = before === "." || before === "->";
    if (!/^(\s|\/\*)/.test(token)) before = token;
    return !member && renames.has(token) ? renames.get(token) : token;
  });
}

/** The files of the engine: private headers before those that include them, then sources. */
function collect() {
  const files = new Map();
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder)).sort()) {
      if (!/\.[ch]$/.test(name)) continue;
      if (files.has(name)) throw new Error(`there are two files of the name ${name}`);
      const text = read(join(folder, name));
      const includes = [...text.matchAll(INCLUDE)].map((match) => basename(match[1])).filter((included) => !PUBLIC.includes(included));
      files.set(name, { name, text: text.replace(INCLUDE, ""), includes, names: definitions(text) });
    }
  }
  const ordered = new Set();
  const visit = (name) => {
    const file = files.get(name);
    if (!file) throw new Error(`${name} is included but not in ${FOLDERS.join(" or ")}`);
    for (const included of file.includes) visit(included);
    ordered.add(file);
  };
  for (const suffix of [".h", ".c"]) for (const name of files.keys()) if (name.endsWith(suffix)) visit(name);
  return [...ordered];
}

function resolve(files) {
  const owners = new Map();
  const byName = new Map(files.map((file) => [file.name, file]));
  for (const file of files) {
    file.renames = new Map();
    for (const name of file.names) {
      if (owners.has(name)) file.renames.set(name, `${name}_${file.name.replace(/\W/g, "_")}`);
      else owners.set(name, file);
    }
  }
  const reach = (file, found = new Set()) => {
    for (const included of file.includes) {
      found.add(byName.get(included));
      reach(byName.get(included), found);
    }
    return found;
  };
  for (const file of files) {
    const renames = new Map([...reach(file)].flatMap((included) => [...included.renames]).concat([...file.renames]));
    if (renames.size > 0) file.text = rename(file.text, renames);
  }
}

const licence = (version) => `/*
 * wasm-smtp ${version}: the engine in two files, wsmtp.h and wsmtp.c, made from its sources.
 * SPDX-License-Identifier: Apache-2.0
 */
`;

const folder = process.argv[2] ?? join(ROOT, "dist");
const version = /project\(wsmtp VERSION (\S+)/.exec(read("CMakeLists.txt"))[1];
const headers = PUBLIC.map((name) => read(join("include/wsmtp", name)).replace(INCLUDE, ""));
const files = collect();
resolve(files);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "wsmtp.h"), [licence(version), ...headers].join("\n"));
writeFileSync(join(folder, "wsmtp.c"), [licence(version), '#include "wsmtp.h"\n', ...files.map(({ name, text }) => `/* ---- ${name} ---- */\n${text}`)].join("\n"));
const renamed = files.flatMap((file) => [...file.renames.values()]);
console.log(`${join(folder, "wsmtp.{h,c}")}: ${files.length} files${renamed.length ? `, renamed ${renamed.join(", ")}` : ""}`);
