/** Requests of an operation: such as it takes, and the same broken in each way that is known here. */
import fc from "fast-check";
import type { Field, Operation, Schema } from "./document.ts";
import { accepted, exampleOf, mistyped, mistypedText } from "./inputs.ts";
import { deep, json, noJson, numbers, texts } from "./values.ts";
import { CALLERS, type Caller } from "./world.ts";

export type Dialect = "plain" | "app";

export type Sent = {
  caller: Caller;
  query: string;
  headers: [string, string][];
  body: string | Uint8Array | null;
  /** Fields that are broken so that they must be named. */
  broken: string[];
};

type Place = "body" | "query" | "header";
/** `json` null: absent. `text` in place of it, where it is sent as text. */
type Given = { name: string; place: Place; json: string | null; text?: string; twice: boolean; broken: boolean };

/** What the app names itself by: the adapter drops it from headers. */
const OF_THE_CALLER = ["user_id", "admin_id"];
/** What the adapter drops or sets itself, wherever it stands. */
const UNHEARD = ["PUT /groups admin_id", "GET /event/comment participants_only"];

const placesOf = ({ method, target }: Operation, { name, schema }: Field, dialect: Dialect): Place[] => {
  if (dialect === "plain") return [target === "json" ? "body" : "query"];
  const open: Place[] = target === "json" ? ["body"] : method === "DELETE" ? ["query", "body"] : ["query"];
  const isText = !schema.anyOf && (name === "users" || !["array", "object"].includes(String(schema.type)));
  return isText && !OF_THE_CALLER.includes(name) ? [...open, "header"] : open;
};

/** Mostly of the field's own type, since another is refused before anything else looks at it. */
const hostileTo = ({ type }: Schema): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: type === "integer" ? numbers : texts.map((text) => JSON.stringify(text)) },
    { weight: 1, arbitrary: json },
  );

function givenOf(operation: Operation, field: Field, dialect: Dialect): fc.Arbitrary<Record<string, Given>> {
  const { name, schema, required } = field;
  const heard = dialect === "plain" || !UNHEARD.includes(`${operation.name} ${name}`);
  return fc.constantFrom(...placesOf(operation, field, dialect)).chain((place) => {
    const whole = { name, place, twice: false, broken: false };
    const value = accepted(name, schema);
    const wrong = place === "body" && operation.target === "json" ? mistyped(field) : mistypedText(field);
    return fc.record({
      example: exampleOf(field).map((json): Given => ({ ...whole, json })),
      valid: value.map((json): Given => ({ ...whole, json })),
      absent: fc.constant<Given>({ ...whole, json: null, broken: required && heard }),
      wrong: wrong
        ? wrong.map((said): Given => {
            const asText = place !== "body" || operation.target === "query";
            return { ...whole, json: asText ? JSON.stringify(said) : said, broken: heard };
          })
        : value.map((json): Given => ({ ...whole, json })),
      twice: value.map(
        (json): Given => ({ ...whole, json, twice: true, broken: place === "query" && dialect === "plain" }),
      ),
      hostile: hostileTo(schema).map((json): Given => ({ ...whole, json })),
    });
  });
}

const KINDS = ["example", "valid", "absent", "wrong", "twice", "hostile"] as const;
type Kind = (typeof KINDS)[number];

/** Which fields are how: as in the document's example, all well, one of either broken, or any. */
function kindsOf(fields: Field[]): fc.Arbitrary<Kind[]> {
  const example = fc.constant(fields.map((): Kind => "example"));
  const well = fc.tuple(
    ...fields.map(({ required }) => (required ? fc.constant<Kind>("valid") : fc.constantFrom<Kind>("absent", "valid"))),
  );
  const oneOf = (kinds: fc.Arbitrary<Kind[]>) =>
    fc
      .tuple(
        kinds,
        fc.nat({ max: Math.max(0, fields.length - 1) }),
        fc.constantFrom<Kind>(...KINDS, "wrong", "hostile", "hostile"),
      )
      .map(([others, place, kind]) => others.map((other, index) => (index === place ? kind : other)));
  const any = fc.tuple(...fields.map(() => fc.constantFrom(...KINDS)));
  return fc.oneof(
    { weight: 2, arbitrary: example },
    { weight: 6, arbitrary: oneOf(example) },
    { weight: 2, arbitrary: well },
    { weight: 2, arbitrary: oneOf(well) },
    { weight: 2, arbitrary: any },
  );
}

const extraNames = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "then",
    "toJSON",
    "length",
    "",
    "0",
  ),
  texts,
);

const CONTENT_TYPES = [
  "application/json",
  "application/json; charset=utf-8",
  'APPLICATION/JSON;charset="iso-8859-1"',
  "text/plain;charset=UTF-8",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/octet-stream",
  ";;;",
  null,
];

const HEADERS: [string, string][] = [
  ["accept", "text/html"],
  ["accept-encoding", "br;q=nothing"],
  ["content-encoding", "gzip"],
  ["x-request-id", "mine"],
  ["x-http-method-override", "DELETE"],
  ["if-none-match", "*"],
  ["range", "bytes=0-0"],
  ["origin", "null"],
  ["cookie", "a=1; b"],
];
const APP_HEADERS: [string, string][] = [
  ["trm-", "x"],
  ["trm---proto--", "x"],
  ["trm-__proto__", "x"],
  ["trm-constructor", "1"],
  ["trm-user-id", "not-a-number"],
  ["trm-admin-id", ""],
  ["trm-x", "%ff{}"],
  ["TRM-Length", "5"],
];

const wildQueries = fc.oneof(
  fc.constantFrom(
    "%",
    "%zz=%zz",
    "id=%",
    "id=%ED%A0%80",
    "cursor=%C0%80",
    "limit=%00",
    "=&=&&&==",
    "id[]=1",
    "id.a=1",
    "__proto__=1&__proto__=2",
    "?id=1",
    "id=1;id=2",
    "%69d=7",
  ),
  fc.webQueryParameters(),
  fc
    .array(fc.constantFrom("id", "limit", "cursor", "group_id", "=", "&", "%", "1", "%F0%9F", "+", "#", ";"), {
      maxLength: 9,
    })
    .map((parts) => parts.join("")),
);
const wildBodies: fc.Arbitrary<string | Uint8Array | null> = fc.oneof(
  noJson,
  json,
  deep.map((value) => `{"x":${value}}`),
  fc.constantFrom("", " ", "null", "[]", '"text"', "\ufeff{}"),
  fc.constant(null),
  fc.constantFrom(65_537, 70_000, 200_000).map((bytes) => `{"x":"${"y".repeat(bytes - 8)}"}`),
);

const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const callers = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<Caller>("admin", "admin", "moderator", "standard", "invited", "stranger") },
  { weight: 1, arbitrary: fc.constantFrom<Caller>(...CALLERS) },
);

/** Every request of an operation in a dialect. */
export function requestsOf(operation: Operation, dialect: Dialect): fc.Arbitrary<Sent> {
  const { fields } = operation;
  const tame = {
    kinds: kindsOf(fields),
    given: fc.tuple(...fields.map((field) => givenOf(operation, field, dialect))),
  };
  return fc
    .record({
      ...tame,
      caller: callers,
      extras: fc.oneof(
        { weight: 3, arbitrary: fc.constant<[string, string][]>([]) },
        fc.array(fc.tuple(extraNames, json), { maxLength: 2 }),
      ),
      type: fc.oneof({ weight: 3, arbitrary: fc.constant("application/json") }, fc.constantFrom(...CONTENT_TYPES)),
      headers: fc.subarray(dialect === "app" ? [...HEADERS, ...APP_HEADERS] : HEADERS, { maxLength: 2 }),
      wildQuery: seldom(wildQueries),
      wildBody: seldom(wildBodies),
    })
    .map(({ kinds, given, caller, extras, type, headers, wildQuery, wildBody }) => {
      const chosen = given.map((one, place) => one[kinds[place]!]!);
      const sent = written(operation, dialect, chosen, extras);
      const isWild = wildBody !== undefined && operation.method !== "GET";
      const replaced = isWild && (sent.body !== null || dialect === "app") ? { body: wildBody, broken: [] } : {};
      const queried = wildQuery === undefined ? {} : { query: [sent.query, wildQuery].join("&"), broken: [] };
      const named: [string, string][] = type === null || sent.body === null ? [] : [["content-type", type]];
      return { caller, ...sent, ...replaced, ...queried, headers: [...headers, ...named, ...sent.headers] };
    });
}

/** The fields as their places hold them. */
function written(
  operation: Operation,
  dialect: Dialect,
  given: Given[],
  extras: [string, string][],
): Omit<Sent, "caller"> {
  const present = given.filter((one): one is Given & { json: string } => one.json !== null);
  const at = (place: Place) => present.filter((one) => one.place === place);
  const hasBody = operation.target === "json" || at("body").length > 0;
  const pairs = at("body").flatMap((one) => {
    const pair: [string, string] = [one.name, dialect === "app" && !one.broken ? asTheAppSays(one.json) : one.json];
    return one.twice ? [[one.name, "null"] as [string, string], pair] : [pair];
  });
  const members = [...(hasBody ? extras : []), ...pairs].map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  const parameters = at("query").flatMap((one) => Array.from({ length: one.twice ? 2 : 1 }, () => one));
  return {
    query: [...parameters.map(({ name, json }) => [name, textOf(json)] as const), ...(hasBody ? [] : extras)]
      .map(([name, value]) => `${percent(name)}=${percent(value)}`)
      .join("&"),
    headers: [
      ...(dialect === "app" ? [["trm-screen", "1"] as [string, string]] : []),
      ...at("header").map(({ name, json }): [string, string] => [
        `trm-${name.replaceAll("_", "-")}`,
        headerValue(textOf(json)),
      ]),
    ],
    body: hasBody ? `{${members.join(",")}}` : null,
    broken: given.filter(({ broken }) => broken).map(({ name }) => name),
  };
}

/** Whole numbers come as text from it. */
const asTheAppSays = (json: string): string => (/^\d+$/.test(json) ? `"${json}"` : json);

const textOf = (json: string): string => (json.startsWith('"') ? (JSON.parse(json) as string) : json);
const percent = (text: string): string => encodeURIComponent(text.toWellFormed());

/** What a header can hold, without what workerd warns of. */
const headerValue = (text: string): string => text.slice(0, 2_000).replace(/[^ -~]/g, "?");
