/** Values that break things elsewhere. JSON values are JSON text, since not every one of them survives being a value in JavaScript. */
import fc from "fast-check";

const MADE_BY_HAND = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "a\udfffb",
  "\udc00\ud800",
  "\u202eright to left\u202c",
  "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
  "👩‍👩‍👧‍👦🏳️‍🌈",
  "e\u0301\u0302\u0303\u0304",
  "\ufeffstart",
  "\uffff\ufffe",
  "\u2028\u2029\u0085",
  "ｆｕｌｌ ｗｉｄｔｈ",
  "İıſK",
  "\u{10ffff}",
  "null",
  "undefined",
  "true",
  "__proto__",
  "'; drop table users; --",
  "%s%n%d %00 {{7*7}} <script>",
  "../../etc/passwd",
  "line\r\nx-injected: 1",
  "P1M",
  "PLN",
  "pl_PL",
  "+48791234567",
  "123456",
];

const repeated = fc
  .tuple(
    fc.constantFrom("a", "ą", "😀", "\u0301", "\ud800", "\u0000", " ", "9"),
    fc.constantFrom(51, 501, 4097, 10_000),
  )
  .map(([letter, times]) => letter.repeat(times));

/** As people, phones and programs write them, right and wrong. */
const YEARS = [
  "0000",
  "0001",
  "1600",
  "1969",
  "1970",
  "2024",
  "2025",
  "2026",
  "2100",
  "9998",
  "9999",
  "10000",
  "+12026",
  "-0001",
];
const DAYS = ["01-01", "02-28", "02-29", "02-30", "03-29", "10-25", "12-31", "13-01", "00-00", "1-1"];
const TIMES = [
  "00:00:00",
  "00:30:00.000",
  "02:30:00",
  "18:00",
  "23:59:59",
  "23:59:60",
  "24:00:00",
  "24:30:00.00",
  "25:00",
  "",
];
const OFFSETS = ["", "Z", "z", "+01:00", "-12:00", "+14:00", "+23:59", "+24:00", " Europe/Warsaw"];

export const moments = fc
  .tuple(
    fc.constantFrom(...YEARS),
    fc.constantFrom(...DAYS),
    fc.constantFrom(" ", "T"),
    fc.constantFrom(...TIMES),
    fc.constantFrom(...OFFSETS),
  )
  .map(([year, day, between, time, offset]) => `${year}-${day}${between}${time}${offset}`);

const RULE_PARTS = [
  "FREQ=DAILY",
  "FREQ=WEEKLY",
  "FREQ=MONTHLY",
  "FREQ=YEARLY",
  "FREQ=HOURLY",
  "FREQ=SECONDLY",
  "freq=daily",
  "INTERVAL=0",
  "INTERVAL=2",
  "INTERVAL=99999999999",
  "COUNT=0",
  "COUNT=3",
  "COUNT=1000000000",
  "UNTIL=20261231T235959Z",
  "UNTIL=20261231",
  "UNTIL=00000000",
  "UNTIL=99991231T235959",
  "BYDAY=MO,TU,WE,TH,FR,SA,SU",
  "BYDAY=-1FR",
  "BYDAY=54MO",
  "BYMONTHDAY=28,29,30,31",
  "BYMONTHDAY=-31",
  "BYMONTHDAY=31",
  "BYSETPOS=-1",
  "BYSETPOS=366",
  "BYMONTH=2",
  "BYMONTH=13",
  "BYYEARDAY=366",
  "BYWEEKNO=53",
  "BYHOUR=25",
  "BYHOUR=2",
  "BYEASTER=0",
  "WKST=SU",
  "X-NAME=1",
  "RSCALE=HEBREW",
  "DTSTART=20260101T000000",
  "=",
  "",
];
export const rules = fc
  .array(fc.constantFrom(...RULE_PARTS), { minLength: 1, maxLength: 6 })
  .chain((parts) => fc.constantFrom(parts.join(";"), `RRULE:${parts.join(";")}`, parts.join("\n")));

/** Such as most starts fit. */
export const plainRules = fc
  .tuple(
    fc.constantFrom("DAILY", "WEEKLY", "MONTHLY", "YEARLY"),
    fc.constantFrom("", ";INTERVAL=2", ";INTERVAL=100", ";INTERVAL=10000"),
    fc.constantFrom(
      "",
      ";COUNT=1",
      ";COUNT=5000",
      ";UNTIL=20270101T000000",
      ";UNTIL=99981231",
      ";BYSETPOS=1;BYDAY=MO,WE",
    ),
  )
  .map(([often, every, end]) => `FREQ=${often}${every}${end}`);

const ZONES = [
  "UTC",
  "Europe/Warsaw",
  "America/New_York",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Etc/GMT+14",
  "GMT0",
  "EST5EDT",
  "europe/warsaw",
  "Europe/Nowhere",
  "+01:00",
  "Factory",
  "localtime",
  "posixrules",
];

/** Keys of lists, some such as the lists make, and whatever else may stand in a cursor. */
const KEYS = [
  "[1]",
  "[1000000]",
  '["A bank"]',
  '["2026-01-01T00:00:00.000Z",1]',
  '["2050-01-01T11:00:00.000Z",1000000]',
  '["9999-12-31T23:59:59.999999999999Z",9007199254740991]',
  '["0000-01-01T00:00:00Z",1]',
  '["2026-02-30T00:00:00Z",1]',
  '["2026-01-01T00:00:00Z",1.5]',
  '["2026-01-01T00:00:00+24:00",1]',
  "[-1]",
  "[0]",
  "[1e400]",
  "[9007199254740993]",
  '["\\u0000"]',
  '["\\ud800"]',
  `["${"9".repeat(600)}"]`,
  "[]",
  "{}",
  "null",
  "",
];
export const cursors: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...KEYS).map((key) => btoa(key)) },
  fc.constantFrom("////", "====", "%", "\u017b"),
  fc.base64String(),
);

export const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...MADE_BY_HAND) },
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }).map((unit) => String.fromCharCode(unit)))
    .map((units) => units.join("")),
  repeated,
  moments,
  rules,
  fc.constantFrom(...ZONES),
  cursors,
);

/** Numbers as JSON writes them. */
export const numbers: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ..."0 -0 1 -1 1.5 -1.5 0.1 1e-7 1e3 1.0 1e308 1e309 -1e400 5e-324 2147483647 2147483648 -2147483649 4294967296".split(
      " ",
    ),
    ..."9007199254740991 9007199254740992 9007199254740993 9223372036854775807 9223372036854775808 40320 40321".split(
      " ",
    ),
    "9".repeat(400),
    `0.${"3".repeat(400)}`,
  ),
  fc.double().filter(Number.isFinite).map(String),
  fc.integer().map(String),
);

const nested = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`;
export const deep: fc.Arbitrary<string> = fc.constantFrom(
  nested(100, "[", "]"),
  nested(5_000, '{"a":', "}"),
  nested(30_000, "[", "]"),
  nested(9_000, '[{"":', "}]"),
  nested(40_000, "[", "]"),
);

/** Any JSON at all, as text. */
export const json: fc.Arbitrary<string> = fc.oneof(
  texts.map((text) => JSON.stringify(text)),
  numbers,
  numbers.map((number) => JSON.stringify(number)),
  fc.constantFrom("null", "true", "false", "[]", "{}", "[[]]", "[null]", '{"__proto__":{"a":1}}'),
  fc.constantFrom('{"toString":1,"valueOf":1}', '{"length":5}', '{"then":1}', '{"toJSON":1}', '["NaN","Infinity"]'),
  fc.json({ maxDepth: 3 }),
  deep,
);

/** Bodies that are no JSON, or no UTF-8. */
export const noJson: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.constantFrom<string | Uint8Array>(
    "{",
    "{}}",
    "{'a':1}",
    '{"a":NaN}',
    "[1,]",
    "undefined",
    "\u0000",
    "id=1&name=x",
    '{"a":1}{"b":2}',
    '"\t"',
    '{"id": 01}',
    new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
    new Uint8Array([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
    new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]),
    new Uint8Array([0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]),
    new Uint8Array([0x22, 0xc0, 0x80, 0x22]),
  ),
  fc.uint8Array({ maxLength: 40 }).filter((bytes) => !isJson(bytes)),
);

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
    return true;
  } catch {
    return false;
  }
}
