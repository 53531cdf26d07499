/** The operations as the OpenAPI document tells them: what they take, which answers they declare, and whether an answer is one of those. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { describeRoutes } from "../../src/api/index.ts";

export type Schema = {
  $ref?: string;
  type?: string | string[];
  enum?: string[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  format?: string;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

/** `example` is the document's own. */
export type Field = { name: string; schema: Schema; required: boolean; example: unknown };

export type Operation = {
  name: string;
  method: string;
  path: string;
  /** Null where nothing is taken. */
  target: "query" | "json" | null;
  fields: Field[];
  /** No token is needed. */
  open: boolean;
  /** Statuses that are declared. */
  statuses: number[];
  /** What is wrong with an answer's body by the schema of its status; empty where nothing is. */
  faults: (status: number, body: unknown) => unknown[];
};

type Media = { content: { "application/json": { schema: Schema; example?: Record<string, unknown> } } };
type Described = {
  security?: object[];
  parameters?: { name: string; schema: Schema; required?: boolean; example?: unknown }[];
  requestBody?: Media;
  responses: Record<string, { $ref?: string }>;
};
type Document = { paths: Record<string, Record<string, Described>> };

const document = JSON.parse(JSON.stringify(describeRoutes())) as Document;

const formats = {
  email: /^[^\s@]+@[^\s@]+$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
};
const ajv = new Ajv2020({ strict: false, formats });
ajv.addSchema(document, "torium");

const MEDIA = ["content", "application/json", "schema"];
const pointer = (place: string[]) =>
  place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");

/** The schema itself, where the document only names it. */
export function resolved(schema: Schema): Schema {
  if (!schema.$ref) return schema;
  let found: unknown = document;
  for (const part of schema.$ref.slice(2).split("/")) found = (found as Record<string, unknown>)[part];
  return resolved(found as Schema);
}

function fieldsOf({ parameters, requestBody }: Described): Field[] {
  if (!requestBody) {
    return (parameters ?? []).map(({ name, schema, required = false, example }) => ({
      name,
      schema: resolved(schema),
      required,
      example,
    }));
  }
  const { schema, example } = requestBody.content["application/json"];
  const { properties = {}, required = [] } = resolved(schema);
  return Object.entries(properties).map(([name, field]) => ({
    name,
    schema: resolved(field),
    required: required.includes(name),
    example: example?.[name],
  }));
}

function operationOf(path: string, method: string, described: Described): Operation {
  const { parameters, requestBody, responses, security } = described;
  return {
    name: `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    target: requestBody ? "json" : parameters?.length ? "query" : null,
    fields: fieldsOf(described),
    open: security?.length === 0,
    statuses: Object.keys(responses).map(Number),
    faults: (status, body) => {
      const named = responses[status]?.$ref?.slice(2).split("/");
      const place = named ?? ["paths", path, method, "responses", String(status)];
      const validate = ajv.getSchema(`torium#/${pointer([...place, ...MEDIA])}`)!;
      return validate(body) ? [] : [...validate.errors!];
    },
  };
}

export const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => operationOf(path, method, described)),
);
