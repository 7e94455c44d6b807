// Every relative link in the documentation leads somewhere, and every chapter is in the book.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const book = join(root, 'docs/src');

const chapters = existsSync(book)
  ? readdirSync(book, { recursive: true }).filter((name) => name.endsWith('.md')).map((name) => join(book, name))
  : [];
const pages = readdirSync(root).filter((name) => name.endsWith('.md')).map((name) => join(root, name));

/** The text without code blocks and code spans, in which nothing is a link. */
function prose(file) {
  return readFileSync(file, 'utf8').replace(/^(```+|~~~+)[^]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
}

function links(file) {
  const text = prose(file);
  const inline = [...text.matchAll(/!?\[[^\]]*\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)];
  const reference = [...text.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)>?/gm)];
  return [...inline, ...reference].map((match) => match[1]);
}

/** The anchors that mdBook and code hosts make from headings. */
function anchors(file) {
  const seen = new Map();
  return new Set([...prose(file).matchAll(/^#{1,6}\s+(.*?)\s*#*\s*$/gm)].map(([, heading]) => {
    const plain = readHeading(heading);
    const count = seen.get(plain) ?? 0;
    seen.set(plain, count + 1);
    return count === 0 ? plain : `${plain}-${count}`;
  }));
}

function readHeading(heading) {
  return heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/\s/g, '-');
}

for (const file of [...pages, ...chapters]) {
  test(`links of ${relative(root, file)}`, () => {
    const broken = [];
    for (const link of links(file)) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
      const [path, anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), decodeURIComponent(path));
      if (!existsSync(target)) broken.push(`${link}: no such file`);
      else if (anchor && target.endsWith('.md') && !anchors(target).has(anchor))
        broken.push(`${link}: no such heading`);
    }
    assert.deepEqual(broken, []);
  });
}

test('the book lists every chapter once', { skip: !existsSync(book) && 'there is no book yet' }, () => {
  const listed = links(join(book, 'SUMMARY.md'));
  const written = chapters.map((file) => relative(book, file)).filter((name) => name !== 'SUMMARY.md');
  assert.deepEqual(listed.map((name) => name.replace(/^\.\//, '')).sort(), written.sort());
});
