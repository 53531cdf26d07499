/** A JSON Schema as rows of a table: field, type, meaning. */

/** `named`: the field that the schema itself describes, such as a query parameter. */
export function schemaRows(api, schema, named) {
  if (named) return [[fieldName(named.name, named.required), typeOf(api, schema), meaning(schema)]];
  return rowsOf(api, schema, "");
}

const fieldName = (name, required) => (required ? name : `${name}?`);

function rowsOf(api, given, prefix) {
  const schema = resolved(api, given);
  if (schema.type === "array") return rowsOf(api, schema.items, `${prefix}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix ? `${prefix}.${name}` : name;
    const row = [fieldName(path, schema.required?.includes(name)), typeOf(api, field), meaning(resolved(api, field))];
    return [row, ...rowsOf(api, field, path)];
  });
}

const resolved = (api, schema) =>
  schema.$ref
    ? resolved(
        api,
        schema.$ref
          .split("/")
          .slice(1)
          .reduce((place, part) => place[part], api),
      )
    : schema;

function typeOf(api, given) {
  const schema = resolved(api, given);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map((one) => typeOf(api, one)).join(" | ");
  if (schema.type === "array") return `list of ${typeOf(api, schema.items)}`;
  return [schema.type ?? "anything"].flat().join(" | ");
}

function meaning(schema) {
  const bounds = [
    ["minimum", "from"],
    ["maximum", "to"],
    ["minLength", "at least"],
    ["maxLength", "at most"],
    ["minItems", "at least"],
    ["maxItems", "at most"],
    ["pattern", "like"],
  ]
    .filter(([name]) => schema[name] !== undefined && Math.abs(Number(schema[name])) !== Number.MAX_SAFE_INTEGER)
    .map(([name, word]) => `${word} ${schema[name]}`);
  return [schema.description, bounds.join(", ")].filter(Boolean).join(" ");
}
