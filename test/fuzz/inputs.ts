/** A field's values by its schema in the document: such as it takes, and such as are of a type that it does not. JSON text, as in values.ts. */
import fc from "fast-check";
import { type Field, resolved, type Schema } from "./document.ts";
import { cursors, plainRules, rules } from "./values.ts";
import { EMAILS, ID } from "./world.ts";

const ids = fc.oneof(
  { weight: 6, arbitrary: fc.constant(ID.first) },
  { weight: 2, arbitrary: fc.constantFrom(...ID.people) },
  { weight: 1, arbitrary: fc.constant(ID.nothing) },
);
const WALLS = [
  "2026-11-11 18:00:00",
  "2027-03-28 02:30",
  "2027-10-31T02:30:00",
  "2028-02-29 23:59:59.999",
  "9998-12-31 23:59",
];

/** Texts that mean something which their schema cannot say. */
const MEANT: Record<string, fc.Arbitrary<unknown>> = {
  event_timestamp: fc.constantFrom(...WALLS, "1970-01-01 00:00:00"),
  starts_at: fc.constantFrom(
    "2026-11-11T17:00:00Z",
    "2027-03-28T02:30:00.5+01:00",
    "1970-01-01T00:00:00Z",
    "9998-12-31T00:00:00-12:00",
  ),
  occurrence: fc.constantFrom(...WALLS),
  moved_to: fc.constantFrom(...WALLS, null),
  time_zone: fc.constantFrom("Europe/Warsaw", "UTC", "Pacific/Apia", "Australia/Lord_Howe", "America/St_Johns"),
  recurrence: fc.oneof(
    fc.constantFrom(
      "FREQ=DAILY",
      "FREQ=WEEKLY;INTERVAL=2",
      "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
      "FREQ=YEARLY;COUNT=3",
      null,
    ),
    plainRules,
    rules,
  ),
  currency: fc.constantFrom("PLN", "JPY", "KWD", "CLF"),
  budget: fc.constantFrom("99.50", "0", 100, "", -1, "999999999999.99", null),
  locale: fc.constantFrom("pl", "en-GB", "pl_PL", "zh-Hant-TW", "tlh"),
  mobile_number: fc.constantFrom("+48791234567", "791 234 567", "+48791234568", "+491701234567"),
  cursor: cursors,
  limit: fc.constantFrom(1, 2, 1000),
};

/** Of the type that the document says, and in its range. */
export function accepted(name: string, schema: Schema): fc.Arbitrary<string> {
  return (MEANT[name] ?? madeFor(schema)).map((value) => JSON.stringify(value));
}

const isId = (schema: Schema): boolean => schema.type === "integer" && schema.maximum === Number.MAX_SAFE_INTEGER;

/** What the document's example says, with ids and addresses of this world; null where it says nothing. */
export function exampleOf({ name, schema, required, example }: Field): fc.Arbitrary<string | null> {
  if (example === undefined && !required) return fc.constant(null);
  if (schema.items && isId(schema.items)) return fc.constant(JSON.stringify([ID.first]));
  const isOfThisWorld = isId(schema) || schema.format === "email";
  return example === undefined || isOfThisWorld ? accepted(name, schema) : fc.constant(JSON.stringify(example));
}

function madeFor(given: Schema): fc.Arbitrary<unknown> {
  const schema = resolved(given);
  const { type, anyOf, minimum = 0, maximum = 0, minLength = 0, maxLength = 100 } = schema;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (anyOf) return fc.oneof(...anyOf.map(madeFor));
  if (type === "integer") return isId(schema) ? ids : fc.integer({ min: minimum, max: maximum });
  if (type === "boolean") return fc.boolean();
  if (type === "null") return fc.constant(null);
  if (type === "array") {
    const { minItems = 0, maxItems = 3 } = schema;
    return fc.array(madeFor(schema.items!), { minLength: minItems, maxLength: Math.min(maxItems, 3) });
  }
  if (type === "object") {
    const fields = Object.entries(schema.properties ?? {});
    return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, MEANT[name] ?? madeFor(field)])));
  }
  if (schema.format === "email") return fc.constantFrom(...EMAILS);
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern), { maxLength });
  return fc
    .string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 60) })
    .map((text) => text.padEnd(minLength, "x"));
}

const OF_EACH_TYPE: Record<string, string> = {
  string: '"no"',
  integer: "7",
  number: "1.5",
  boolean: "true",
  null: "null",
  array: "[]",
  object: "{}",
};

function typesOf(given: Schema): Set<string> {
  const schema = resolved(given);
  if (schema.anyOf) return new Set(schema.anyOf.flatMap((one) => [...typesOf(one)]));
  const types = new Set([schema.type ?? (schema.enum ? "string" : [])].flat());
  // Whole numbers are numbers.
  return types.has("number") ? types.add("integer") : types;
}

/** Of another type than the document says; null where there is no such. */
export function mistyped({ schema }: Field): fc.Arbitrary<string> | null {
  const types = typesOf(schema);
  const others = Object.keys(OF_EACH_TYPE).filter((type) => !types.has(type));
  if (types.size === 0 || types.size > 2) return null;
  return fc.constantFrom(...others.map((type) => OF_EACH_TYPE[type]!));
}

/** The same in a query or a header, which hold text alone. */
export function mistypedText({ schema }: Field): fc.Arbitrary<string> | null {
  const types = typesOf(schema);
  if (types.has("integer") && types.size === 1)
    return fc.constantFrom("no", "1.5", "-1", "0", "1e3", "0x1", "NaN", "9007199254740992", "٣");
  if (schema.enum || schema.format === "email" || types.has("boolean") || types.has("array")) return fc.constant("no");
  return null;
}
