// The part of JSON Schema that cli/schema.json uses. A keyword that is not known here is an error, so
// that nothing in the schema goes unchecked.

const TYPES = {
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

const RULES = {
  type: (types, value) => [types].flat().some((type) => TYPES[type](value)),
  enum: (allowed, value) => allowed.includes(value),
  minimum: (least, value) => typeof value !== "number" || value >= least,
  maximum: (most, value) => typeof value !== "number" || value <= most,
  pattern: (pattern, value) => typeof value !== "string" || new RegExp(pattern, "u").test(value),
  required: (names, value) => !TYPES.object(value) || names.every((name) => name in value),
  additionalProperties: (allowed, value, schema) => allowed !== false || !TYPES.object(value) || Object.keys(value).every((name) => name in schema.properties),
};
const ANNOTATIONS = new Set(["$schema", "title", "$defs"]);

/** Throws with the place of the first value that breaks the schema. */
export function check(root, value, schema = root, path = "$") {
  for (const [keyword, rule] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue;
    if (keyword === "$ref") check(root, value, root.$defs[rule.replace("#/$defs/", "")], path);
    else if (keyword === "properties") {
      if (TYPES.object(value)) for (const [name, inner] of Object.entries(rule)) if (name in value) check(root, value[name], inner, `${path}.${name}`);
    } else if (keyword === "items") {
      if (Array.isArray(value)) value.forEach((item, index) => check(root, item, rule, `${path}[${index}]`));
    } else if (!RULES[keyword]) throw new Error(`the schema has the keyword ${keyword}, which is not checked`);
    else if (!RULES[keyword](rule, value, schema)) throw new Error(`${path} breaks ${keyword} ${JSON.stringify(rule)}: ${JSON.stringify(value)}`);
  }
}
