/** The API described in OpenAPI 3.1, from the routes, the schemas that validate their input, and those of their answers. */
import type { RouterRoute } from "hono/types";
import * as z from "zod";
import { createDocument, type ZodOpenApiObject, type ZodOpenApiOperationObject } from "zod-openapi";
import { type ErrorCode, STATUS } from "../errors.ts";
import { DESCRIPTION, WHEN } from "./openapi/description.ts";
import { OPERATIONS, type Operation } from "./openapi/operations.ts";
import { inputOf } from "./validate.ts";

/** Not for clients: what other services, browsers and operators call, and the description itself. */
const OTHER_DOORS = /^\/(hooks|unsubscribe|logos|console|openapi\.json|docs)(\/|$)/;

const Status = z
  .strictObject({ code: z.literal(200), message: z.string() })
  .meta({ id: "Status", examples: [{ code: 200, message: "Success" }] });
const Page = z
  .strictObject({ next_cursor: z.string().nullable().describe("The next page's cursor; null on the last page.") })
  .meta({ id: "Page", examples: [{ next_cursor: null }] });

const CODES = Object.keys(STATUS) as [ErrorCode, ...ErrorCode[]];
const ErrorEnvelope = z
  .strictObject({
    status: z.strictObject({ code: z.int().min(400), message: z.string() }),
    data: z.null(),
    error: z.strictObject({
      code: z.enum(CODES),
      request_id: z.string(),
      issues: z
        .array(z.strictObject({ path: z.string().describe("Of the field, like users.3."), message: z.string() }))
        .optional()
        .describe("With invalid_input: every fault at once."),
    }),
  })
  .meta({ id: "ApiError" });

const envelope = ({ answer, list }: Operation) =>
  list
    ? z.strictObject({ status: Status, data: z.array(answer), page: Page })
    : z.strictObject({ status: Status, data: answer });

type Override = NonNullable<NonNullable<Parameters<typeof createDocument>[1]>["override"]>;

const HEADERS = {
  "x-request-id": { description: "Names this request in the service's log.", schema: { type: "string" } },
};
const RETRY = {
  "retry-after": {
    description: "Whole seconds until the call may succeed.",
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
};

/** Every route that is described, as `METHOD /path`, with the schema of its input. */
export function describedRoutes(routes: RouterRoute[]) {
  const found = new Map<string, ReturnType<typeof inputOf>>();
  for (const { method, path, handler } of routes) {
    if (method === "ALL" || OTHER_DOORS.test(path)) continue;
    const name = `${method} ${path.replace(/(.)\/$/, "$1")}`;
    found.set(name, found.get(name) ?? inputOf(handler));
  }
  return found;
}

/** Which errors an endpoint may answer. */
function errorsOf(name: string, operation: Operation, takesInput: boolean): ErrorCode[] {
  const codes = new Set<ErrorCode>(["internal", ...(operation.errors ?? [])]);
  if (takesInput) codes.add("invalid_input");
  if (name !== "GET /health") codes.add("unavailable");
  if (!operation.open) codes.add("unauthenticated");
  if (!operation.open && !name.startsWith("GET ")) codes.add("payload_too_large");
  return CODES.filter((code) => codes.has(code));
}

/** What an endpoint may answer, for the tests; one that is not described answers errors alone. */
export function answerOf(name: string, takesInput: boolean) {
  const operation = OPERATIONS[name];
  return {
    success: operation && envelope(operation),
    error: ErrorEnvelope,
    errors: operation && errorsOf(name, operation, takesInput),
  };
}

/** zod leaves out the examples of what it transforms, since they might show the outcome; here all of them are inputs. */
const keepExamples: Override = ({ jsonSchema, zodSchema, io }) => {
  const examples = io === "input" && z.globalRegistry.get(zodSchema)?.examples;
  if (examples) Object.assign(jsonSchema, { examples });
};

export function describeApi(routes: RouterRoute[]): ReturnType<typeof createDocument> {
  const paths: NonNullable<ZodOpenApiObject["paths"]> = {};
  for (const [name, input] of describedRoutes(routes)) {
    const operation = OPERATIONS[name];
    if (!operation) throw new Error(`${name} is not described in src/api/openapi/operations.ts`);
    const [method, path] = name.split(" ") as [string, string];
    paths[path] = { ...paths[path], [method.toLowerCase()]: describeOperation(name, operation, input) };
  }
  const document: ZodOpenApiObject = {
    openapi: "3.1.1",
    info: { title: "Torium", version: "1.0.0", description: DESCRIPTION, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    tags: [...new Set(Object.values(OPERATIONS).map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "An access or ID token of the Cognito user pool.",
        },
      },
    },
  };
  return createDocument(document, { override: keepExamples });
}

function describeOperation(
  name: string,
  operation: Operation,
  input: ReturnType<typeof inputOf>,
): ZodOpenApiOperationObject {
  const { tag, summary, description, example, open } = operation;
  const errors = errorsOf(name, operation, input !== undefined);
  return {
    operationId: operation.id,
    tags: [tag],
    summary,
    description,
    ...(open && { security: [] }),
    ...(input?.target === "query" && { requestParams: { query: parameters(input.schema as z.ZodObject, example) } }),
    ...(input?.target === "json" && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: input.schema, ...(example && { example }) } },
      },
    }),
    responses: {
      "200": {
        description: "Success",
        headers: HEADERS,
        content: { "application/json": { schema: envelope(operation), example: answerExample(operation) } },
      },
      ...Object.fromEntries(errors.map((code) => [STATUS[code], ERRORS[code]])),
    },
  } as ZodOpenApiOperationObject;
}

/** The endpoint's example goes to the parameter, where a form takes it from; so does what is said of the field. */
function parameters(schema: z.ZodObject, example: Record<string, unknown> = {}) {
  const fields = Object.entries(schema.shape).map(([name, field]) => {
    const description = told(field as z.ZodType)?.description;
    const param = { ...(description && { description }), ...(name in example && { example: example[name] }) };
    return [name, (field as z.ZodType).meta({ ...(field as z.ZodType).meta(), param })];
  });
  return z.object(Object.fromEntries(fields));
}

/** What a field's schema says of itself, whether or not the field may be absent. */
const told = (field: z.ZodType) => (field instanceof z.ZodOptional ? (field.unwrap() as z.ZodType) : field).meta();

function answerExample({ answer, list }: Operation) {
  const data = (answer.meta()?.examples as unknown[] | undefined)?.[0] ?? null;
  const status = { code: 200, message: "Success" };
  return list ? { status, data: [data], page: { next_cursor: null } } : { status, data };
}

const ERRORS = Object.fromEntries(CODES.map((code) => [code, describeError(code)])) as Record<ErrorCode, object>;

function describeError(code: ErrorCode) {
  const issues = code === "invalid_input" && { issues: [{ path: "event_timestamp", message: "is missing" }] };
  const example = {
    status: { code: STATUS[code], message: code === "invalid_input" ? "The request is not valid" : WHEN[code] },
    data: null,
    error: { code, request_id: "0f8fad5b-d9cb-469f-a165-70867728950e", ...issues },
  };
  return {
    id: code,
    description: `\`${code}\`: ${WHEN[code]}`,
    headers: code === "rate_limited" || code === "unavailable" ? { ...HEADERS, ...RETRY } : HEADERS,
    content: { "application/json": { schema: ErrorEnvelope, example } },
  };
}
