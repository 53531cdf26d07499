/** Input is parsed once, here; every fault is named at once. */
import { zValidator } from "@hono/zod-validator";
import type { HonoRequest, ValidationTargets } from "hono";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import { AppError, invalidInput } from "../errors.ts";

type Target = "query" | "json";
type Input = { target: Target; schema: z.ZodType };

/** Which schema a route's handler checks, for the description of the API. */
const inputs = new WeakMap<object, Input>();
export const inputOf = (handler: object): Input | undefined => inputs.get(handler);

/** GET and DELETE read the query, POST, PUT and PATCH a JSON body. */
export const input = <Schema extends z.ZodType>(target: Target, schema: Schema) => {
  const validate = zValidator(
    target as keyof ValidationTargets & Target,
    schema,
    (result) => {
      if (!result.success) throw invalidInput(result.error.issues);
    },
    // The cast: its type for zod 4 knows no `exactOptionalPropertyTypes`.
    { validationFunction: (_, value) => schema.safeParse(value, { error: whereMissing }) as never },
  );
  const check: typeof validate = async (c, next) => {
    if (target === "json") await readAsJson(c.req);
    try {
      return await validate(c, next);
    } catch (error) {
      throw error instanceof HTTPException ? malformedJson() : error;
    }
  };
  inputs.set(check, { target, schema });
  return check;
};

/** A route that wants JSON reads its body as that, whatever it calls itself; bytes that are no UTF-8 are refused, not replaced. */
async function readAsJson(request: HonoRequest): Promise<void> {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(await request.arrayBuffer());
  } catch {
    throw malformedJson();
  }
  // The body itself is kept by Hono from here on.
  const headers = new Headers(request.raw.headers);
  headers.set("content-type", "application/json");
  request.raw = new Request(request.raw.url, { method: request.raw.method, headers });
}

/** The same for what comes neither as a query nor as a JSON body of a route. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value, { error: whereMissing });
  if (!parsed.success) throw invalidInput(parsed.error.issues);
  return parsed.data;
}

/** JavaScript's word for what is not there says nothing to whoever left it out. */
const whereMissing = ({ input }: { input?: unknown }) => (input === undefined ? "is missing" : undefined);

export const malformedJson = () =>
  new AppError("invalid_input", "The request is not valid", {
    issues: [{ path: "", message: "The body is not valid JSON" }],
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what PostgreSQL's text cannot hold
const NUL = /\u0000/;
const NO_TEXT = "has characters that are no text";

const isText = (value: string): boolean => value.isWellFormed() && !NUL.test(value);

/** A letter for the eye: no blank, and nothing that hides or only joins or paints others, as an emoji's parts do. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** What the user pool names a person by: of at most 128 characters there. */
export const poolName = z.string().min(1).max(128).refine(isText, NO_TEXT);

/** Text from people: trimmed, counted in characters as PostgreSQL counts them; NUL and lone surrogates are refused, and what shows nothing is empty. */
export const text = (min: number, max: number) =>
  z
    .string()
    .refine(isText, NO_TEXT)
    .transform((value) => value.trim())
    .refine(
      (value) => [...value].length >= min && (min === 0 || VISIBLE.test(value)),
      min === 1 ? "must not be empty" : `must have at least ${min} characters`,
    )
    .refine((value) => [...value].length <= max, `must have at most ${max} characters`)
    .meta({ ...(min > 0 && { minLength: min }), maxLength: max });

const MAX_ID = Number.MAX_SAFE_INTEGER;
/** Not z.int(), at whose fault zod stops looking for others. */
export const id = z
  .number()
  .min(1)
  .max(MAX_ID)
  .refine(Number.isInteger, "must be a whole number")
  .meta({ type: "integer" });
/** A query holds text: to clients it is a number all the same. */
const integer = (maximum: number) => ({
  override: ({ jsonSchema }: { jsonSchema: Record<string, unknown> }) => {
    delete jsonSchema.pattern;
    Object.assign(jsonSchema, { type: "integer", minimum: 1, maximum });
  },
});

/** The same from a query, where everything is text. */
export const queryId = z
  .string()
  .regex(/^\d{1,16}$/, "must be an id")
  .transform(Number)
  .pipe(id)
  .meta(integer(MAX_ID));

/**
 * Wider than what most checks let pass, since the pool's is: RFC 5322 with the letters of RFC 6531. Without quotes, brackets, commas and the like, where
 * one address could be read as several, or as a name beside one; without spaces and control characters, which could end a header.
 */
const ADDRESS = /^(?=.{3,254}$)[^\s\p{C}@"(),:;<>[\\\]]+@[^\s\p{C}!-,/:-@[-^`{-~]+$/u;

/**
 * One address has one spelling: in lower case, a domain of other letters than ASCII's as mail knows it (punycode), for SES takes no other and names
 * it so in its bounces. Null where it is none.
 */
function addressOf(given: string): string | null {
  const address = given.trim().toLowerCase();
  const [local, domain] = address.split("@");
  if (!ADDRESS.test(address) || domain === undefined) return null;
  if (/^[\0-\x7f]+$/.test(domain)) return address;
  const { hostname } = URL.parse(`http://${domain}`) ?? {};
  return hostname && ADDRESS.test(`${local}@${hostname}`) ? `${local}@${hostname}` : null;
}

export const email = z
  .string()
  .transform((given, context) => {
    const address = addressOf(given);
    if (address === null) context.addIssue("must be an e-mail address of at most 254 characters");
    return address ?? z.NEVER;
  })
  .meta({ format: "email", maxLength: 254, examples: ["ewa@example.com"] });

/** An instant in a cursor, as the lists answer it; PostgreSQL knows no year 0, and reads no instant of a hundred letters. */
export const cursorInstant = z.iso
  .datetime()
  .max(40)
  .regex(/^[1-9]/);

/** What a list takes: at most `limit` rows behind `cursor`, which holds the sort key of the last row of the page before, opaque to clients. */
export const page = <Key extends z.ZodType>(key: Key) => ({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, "must be a number from 1 to 1000")
    .transform(Number)
    .pipe(z.int().min(1).max(1000))
    .default(1000)
    .meta({ ...integer(1000), description: "How many at most; 1,000 where absent.", examples: [100] }),
  cursor: z
    .string()
    .transform((cursor, context): z.output<Key> => {
      const held = key.safeParse(decoded(cursor));
      if (held.success) return held.data;
      context.addIssue("is not a cursor of this list");
      return z.NEVER;
    })
    .meta({ description: "The `next_cursor` of the page before; absent: the first page.", examples: ["WzMxXQ"] })
    .optional(),
});

export const encodeCursor = (key: readonly (string | number)[]): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(key))))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

/** Undefined where nothing is encoded. */
function decoded(cursor: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(cursor.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return undefined;
  }
}
