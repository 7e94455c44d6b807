// A plot of horizontal bars as one SVG text, readable on light and dark pages.

const WIDTH = 720;
const NAME_WIDTH = 200;
const VALUE_WIDTH = 70;
const BAR = 18;
const GAP = 6;
const TITLE = 30;
const COLOURS = { ours: "#1f6feb", other: "#8b949e", text: "#57606a" };

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);
const shown = (value) => (value < 100 ? value.toFixed(1) : value.toFixed(0));

/** @param {{title: string, bars: {name: string, value: number}[]}[]} panels one below the other */
export function barChart(panels) {
  let y = 10;
  const parts = [];
  for (const { title, bars } of panels) {
    const most = Math.max(...bars.map(({ value }) => value));
    parts.push(`<text x="0" y="${y + 14}" font-weight="bold">${escape(title)}</text>`);
    y += TITLE;
    for (const { name, value } of bars) {
      const width = Math.max(1, (value / most) * (WIDTH - NAME_WIDTH - VALUE_WIDTH));
      const colour = name.startsWith("wasm-smtp") ? COLOURS.ours : COLOURS.other;
      parts.push(`<text x="${NAME_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="${NAME_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour}"/>`,
        `<text x="${(NAME_WIDTH + width + 6).toFixed(1)}" y="${y + 13}">${shown(value)}</text>`);
      y += BAR + GAP;
    }
    y += 16;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="13" fill="${COLOURS.text}">\n${parts.join("\n")}\n</svg>\n`;
}
