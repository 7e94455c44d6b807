// What a component exports goes through a component inside it, its wrapper, which imports every type that
// it speaks of, one by one, and so has all of them written down a second time. Those that the component
// itself imports as an instance, the wrapper can have from that instance, too.

const INSTANCE = 'import-types';

/** A line of the wrapper in which types have names ($t5), not numbers. */
const named = (line) =>
  line
    .replace(/^ {4}\(type \(;(\d+);\)/, '    (type $t$1')
    .replace(/^ {4}\(import "[^"]+" \(type \(;(\d+);\)|^ {4}\(export \(;(\d+);\) "[^"]+" \(type /, (all, i, e) => all.replace(/\(;\d+;\)/, `$t${i ?? e}`))
    .split(/("[^"]*"|\(;\d+;\))/)
    .map((part, index) => (index % 2 ? part : part.replace(/(?<![\w$]|\(func )\d+(?!\w)/g, '$t$&')))
    .join('');

/**
 * @param {string[]} lines a component as wasm-tools prints it
 * @param {string} name of the instance that it imports its types as
 * @returns {string[]} the same with a smaller wrapper; unchanged if there is none, or more than one
 */
export function shareTypes(lines, name) {
  const imported = lines.map((line) => line.match(/^ {2}\(import "([^"]+)" \(instance \(;(\d+);\) \(type (\d+)\)\)\)/)).find((match) => match?.[1] === name);
  const starts = lines.flatMap((line, index) => (/^ {2}\(component \(;/.test(line) ? [index] : []));
  if (!imported || starts.length !== 1) return lines;
  const [, , instance, type] = imported;
  const [start] = starts;
  const end = (from) => lines.indexOf('  )', from);
  const call = lines.findIndex((line, index) => index > start && /^ {2}\(instance \(;\d+;\) \(instantiate /.test(line));

  // What the wrapper is given, without the types that it can have of the instance.
  const parse = (line) => line.match(/^ {2}\(alias export (\d+) "([^"]+)" \(type \(;(\d+);\)\)\)/) ?? [];
  const aliases = new Map(lines.slice(0, start).map(parse).flatMap(([, of, label, id]) => (of === instance ? [[id, label]] : [])));
  const labels = new Map();
  const given = lines.slice(call + 1, end(call)).filter((line) => {
    const [, label, id] = line.match(/\(with "([^"]+)" \(type (\d+)\)\)/) ?? [];
    if (aliases.has(id)) labels.set(label, aliases.get(id));
    return !aliases.has(id);
  });
  // Those that were only there to be given: they are the last types.
  let unused = start;
  while (aliases.has(parse(lines[unused - 1])[3])) unused -= 1;

  const known = new Map(); // of the instance's types, which name the wrapper has for each
  const same = new Map();
  let wrapper = lines.slice(start + 1, end(start)).map(named).flatMap((line) => {
    const [, label, id] = line.match(/^ {4}\(import "([^"]+)" \(type (\$t\d+) /) ?? [];
    const share = labels.get(label);
    if (!share) return [line.replace(/\$t\d+/g, (each) => same.get(each) ?? each)];
    same.set(id, known.get(share) ?? id);
    if (known.has(share)) return [];
    known.set(share, id);
    return [`    (alias export $types "${share}" (type ${id}))`];
  });
  for (let before = -1; before !== wrapper.length; ) {
    before = wrapper.length;
    wrapper = wrapper.filter((line, index) => {
      const [, id] = line.match(/^ {4}\((?:type|alias export \$types "[^"]+" \(type) \$(t\d+)/) ?? [];
      return !id || wrapper.some((other, at) => at !== index && new RegExp(`\\$${id}\\b`).test(other));
    });
  }
  return [
    ...lines.slice(0, unused),
    lines[start],
    `    (alias outer 1 ${type} (type $types))`,
    `    (import "${INSTANCE}" (instance $types (type $types)))`,
    ...wrapper,
    ...lines.slice(end(start), call + 1),
    `      (with "${INSTANCE}" (instance ${instance}))`,
    ...given,
    ...lines.slice(end(call)),
  ];
}
