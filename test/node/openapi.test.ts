import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";

type Media = { schema: object; example?: unknown };
type Parameter = { name: string; schema: object; example?: unknown };
type Field = { description?: string; examples?: unknown[] };
type Operation = {
  operationId: string;
  parameters?: Parameter[];
  requestBody?: { content: { "application/json": Media } };
  responses: Record<string, { $ref: string } | { content: { "application/json": Media } }>;
};

const document = JSON.parse(readFileSync(join(import.meta.dirname, "../../openapi.json"), "utf8")) as {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: {
    responses: Record<string, { content: { "application/json": Media } }>;
    schemas: Record<string, object>;
  };
};
const formats = {
  email: /^[^\s@]+@[^\s@]+$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
};
const ajv = new Ajv2020({ allErrors: true, strict: false, formats });
ajv.addSchema(document, "torium");

/** What a schema of the document finds wrong with a value; a place in the document is a JSON pointer's parts. */
function faults(place: string[], value: unknown): unknown {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = ajv.getSchema(`torium#/${pointer}`)!;
  return validate(value) ? [] : validate.errors;
}

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    place: ["paths", path, method],
    name: `${method} ${path}`,
    operation,
  })),
);

describe("openapi.json", () => {
  it("holds 28 endpoints, the erasure, the export, the health and the status, each with a name of its own", () => {
    expect(operations).toHaveLength(32);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(32);
  });

  it.each(operations)("$name: its examples are what its schemas allow", ({ place, operation }) => {
    const media = ["content", "application/json"];
    for (const [index, { name, example }] of (operation.parameters ?? []).entries()) {
      if (example === undefined) continue;
      expect([name, faults([...place, "parameters", String(index), "schema"], example)]).toEqual([name, []]);
    }
    const body = operation.requestBody?.content["application/json"];
    if (body) expect(faults([...place, "requestBody", ...media, "schema"], body.example)).toEqual([]);
    const success = operation.responses["200"] as { content: { "application/json": Media } };
    const { example } = success.content["application/json"];
    expect(faults([...place, "responses", "200", ...media, "schema"], example)).toEqual([]);
    expect(faults([...place, "responses", "200", ...media, "schema"], { ...(example as object), more: 1 })).not.toEqual(
      [],
    );
  });

  it.each(operations)("$name: each field of its input says what it means, and shows it", ({ place, operation }) => {
    const fields = (operation.parameters ?? []).map(({ name, schema }, index) => ({
      name,
      schema: schema as Field,
      at: [...place, "parameters", String(index), "schema"],
    }));
    const body = operation.requestBody?.content["application/json"].schema as { $ref: string } | undefined;
    if (body) {
      const at = body.$ref.split("/").slice(1);
      const { properties } = document.components.schemas[at.at(-1)!] as { properties: Record<string, Field> };
      for (const [name, schema] of Object.entries(properties)) {
        fields.push({ name, schema, at: [...at, "properties", name] });
      }
    }
    for (const { name, schema, at } of fields) {
      expect([name, schema.description, schema.examples]).toEqual([name, expect.any(String), [expect.anything()]]);
      expect([name, faults(at, schema.examples![0])]).toEqual([name, []]);
    }
  });

  it("has an example of each error in its envelope, and each refers to a schema that is there", () => {
    const codes = Object.keys(document.components.responses);
    expect(codes).toHaveLength(9);
    for (const code of codes) {
      const { example } = document.components.responses[code]!.content["application/json"];
      const place = ["components", "responses", code, "content", "application/json", "schema"];
      expect([code, faults(place, example)]).toEqual([code, []]);
    }
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g);
    for (const [, kind, name] of references) expect(document.components).toHaveProperty([kind!, name!]);
  });
});
