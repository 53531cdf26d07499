/** Input is parsed once, here; every fault is named at once. */
import { zValidator } from "@hono/zod-validator";
import type { ValidationTargets } from "hono";
import { z } from "zod";
import { AppError, type Issue } from "../errors.ts";

/** GET and DELETE read the query, POST, PUT and PATCH a JSON body. */
export const input = <Schema extends z.ZodType>(target: "query" | "json", schema: Schema) =>
  zValidator(target as keyof ValidationTargets & ("query" | "json"), schema, (result) => {
    if (!result.success) throw invalidInput(result.error.issues);
  });

/** The same for what comes neither as a query nor as a JSON body of a route. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidInput(parsed.error.issues);
  return parsed.data;
}

function invalidInput(found: readonly { path: PropertyKey[]; message: string }[]): AppError {
  const issues: Issue[] = found.map((issue) => ({ path: issue.path.map(String).join("."), message: issue.message }));
  return new AppError("invalid_input", "The request is not valid", { issues });
}

export const malformedJson = () =>
  new AppError("invalid_input", "The request is not valid", {
    issues: [{ path: "", message: "The body is not valid JSON" }],
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what PostgreSQL's text cannot hold
const NUL = /\u0000/;

/** Text from people: trimmed, counted in characters as PostgreSQL counts them; NUL and lone surrogates are refused. */
export const text = (min: number, max: number) =>
  z
    .string()
    .refine((value) => value.isWellFormed() && !NUL.test(value), "has characters that are no text")
    .transform((value) => value.trim())
    .refine(
      (value) => [...value].length >= min,
      min === 1 ? "must not be empty" : `must have at least ${min} characters`,
    )
    .refine((value) => [...value].length <= max, `must have at most ${max} characters`);

const MAX_ID = Number.MAX_SAFE_INTEGER;
export const id = z.int().min(1).max(MAX_ID);
/** The same from a query, where everything is text. */
export const queryId = z
  .string()
  .regex(/^\d{1,16}$/, "must be an id")
  .transform(Number)
  .pipe(id);

export const email = z
  .string()
  .max(254)
  .transform((value) => value.trim().toLowerCase())
  .pipe(z.email());

/** Where a list goes on: the sort key of the last row, opaque to clients. */
export const page = {
  limit: z
    .string()
    .regex(/^\d{1,4}$/, "must be a number from 1 to 1000")
    .transform(Number)
    .pipe(z.int().min(1).max(1000))
    .default(1000),
  cursor: z.string().optional(),
};

export const encodeCursor = (key: readonly (string | number)[]): string =>
  btoa(JSON.stringify(key)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

/** The key that a cursor holds, or null without one; a cursor that this list did not make is refused. */
export function decodeCursor<Key extends z.ZodType>(cursor: string | undefined, key: Key): z.infer<Key> | null {
  if (cursor === undefined) return null;
  try {
    return key.parse(JSON.parse(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))));
  } catch {
    throw invalidInput([{ path: ["cursor"], message: "is not a cursor of this list" }]);
  }
}
