import { gzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { readDump, textOf } from "../../deploy/import-v1/dump.ts";
import { amountOf, instantOf, periodOf } from "../../deploy/import-v1/values.ts";

const groups = (sql: string) => readDump(sql).rows.groups.map(({ values }) => values);
const COPY = "COPY public.groups (id, name, description) FROM stdin;\n";

describe("COPY blocks", () => {
  it("are read by the columns that they name, in whatever order, among what else a dump holds", () => {
    const sql = `--
-- PostgreSQL database dump
--
\\restrict abc

SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$ select 'COPY public.groups (id) FROM stdin;'; $_$;
/* COPY public.groups (id) FROM stdin; */
COPY public.other (id) FROM stdin;
9
\\.
COPY public."groups" (name, id, "timestamp") FROM stdin;
Flat\t7\t2022-03-04 12:00:00
Łódź\t8\t\\N
\\.

SELECT pg_catalog.setval('public.groups_id_seq', 8, true);
\\unrestrict abc
`;
    expect(groups(sql)).toEqual([
      { name: "Flat", id: "7", timestamp: "2022-03-04 12:00:00" },
      { name: "Łódź", id: "8", timestamp: null },
    ]);
    expect(readDump(sql).rows.groups[1]!.line).toBe(15);
  });

  it.each([
    ["a\\tb", "a\tb"],
    ["a\\nb\\r", "a\nb\r"],
    ["a\\\\nb", "a\\nb"],
    ["\\\\N", "\\N"],
    ["\\N", null],
    ["", ""],
    ["\\305\\202", "ł"],
    ["\\xc5\\x82\\q", "łq"],
    ["O'Neil; -- no", "O'Neil; -- no"],
  ])("%j is %j", (written, value) => {
    expect(groups(`${COPY}1\t${written}\tx\n\\.\n`)).toEqual([{ id: "1", name: value, description: "x" }]);
  });

  it("may have the line ends of another system", () => {
    expect(groups(`${COPY}1\ta\tb\n2\tc\td\n\\.\n`.replaceAll("\n", "\r\n"))).toEqual([
      { id: "1", name: "a", description: "b" },
      { id: "2", name: "c", description: "d" },
    ]);
  });

  it("with a NUL in a row keep the others", () => {
    const dump = readDump(`${COPY}1\ta\\000b\tx\n2\tc\td\n\\.\n`);
    expect(dump.rows.groups.map(({ values }) => values.id)).toEqual(["2"]);
    expect(dump.faults).toMatchObject([{ table: "groups", line: 2, why: expect.stringMatching("NUL") }]);
  });

  it("with too few values in a row keep the others", () => {
    const dump = readDump(`${COPY}1\ta\n2\tc\td\n\\.\n`);
    expect(dump.rows.groups.map(({ values }) => values.id)).toEqual(["2"]);
    expect(dump.faults).toEqual([{ table: "groups", line: 2, why: "has 2 values for 3 columns" }]);
  });
});

describe("INSERT statements", () => {
  it("are read with their columns, several rows in one, with casts and escapes", () => {
    const sql = `INSERT INTO public.groups (id, name, description) VALUES (1, 'O''Neil (1); a, b', NULL), (2, E'a\\nb''c', '7 days'::interval);
INSERT INTO groups (id, "name", description) OVERRIDING SYSTEM VALUE VALUES (-3, 'x', '') ON CONFLICT DO NOTHING;`;
    expect(groups(sql)).toEqual([
      { id: "1", name: "O'Neil (1); a, b", description: null },
      { id: "2", name: "a\nb'c", description: "7 days" },
      { id: "-3", name: "x", description: "" },
    ]);
  });

  it("hold texts of any length", () => {
    const long = "x".repeat(20_000_000);
    const sql = `INSERT INTO other VALUES ('${long}', E'${long}', "${long}");\nINSERT INTO groups (id) VALUES (1);`;
    expect(groups(sql)).toEqual([{ id: "1" }]);
  });

  it("without columns take those of CREATE TABLE", () => {
    const sql = `CREATE TABLE public.groups (
    id integer NOT NULL,
    name character varying(50) DEFAULT 'a, b'::character varying NOT NULL,
    "timestamp" numeric(10, 2),
    CONSTRAINT groups_pk PRIMARY KEY (id)
);
INSERT INTO public.groups VALUES (1, 'a', true);`;
    expect(groups(sql)).toEqual([{ id: "1", name: "a", timestamp: "true" }]);
    expect(() => readDump("INSERT INTO groups VALUES (1, 'a');")).toThrow("use pg_dump --column-inserts");
  });
});

test.each([
  ["PGDMP\u0001\u000e", "pg_restore"],
  [`${COPY}1\ta\tb\n`, "the rows of groups do not end: the dump is cut off"],
  [
    `${COPY}1\ta\tb\n\\.\nCOPY public.events (id, name) FROM stdin;`,
    "the rows of events do not end: the dump is cut off",
  ],
  ["INSERT INTO groups (id) VALUES ('1", "the dump is cut off"],
  ["INSERT INTO groups (id) VALUES (1),\n", "the dump is cut off"],
  ["INSERT INTO groups (id) VALUES (1);\nINSERT INTO events (id)", "the dump is cut off"],
  ["SET client_encoding = 'LATIN2';", "pg_dump --encoding=UTF8"],
  ["SET standard_conforming_strings = off;", "standard_conforming_strings off"],
  ["COPY public.groups FROM stdin;\n1\n\\.\n", "names no columns"],
  ["", "there is no row of a first Torium in it"],
])("%j is refused with what to do", (sql, why) => {
  expect(() => readDump(sql)).toThrow(why);
});

test("a file is read as UTF-8, compressed or not, and refused as anything else", () => {
  const file = Buffer.from("\ufeffŁódź");
  expect([textOf(file), textOf(gzipSync(file))]).toEqual(["Łódź", "Łódź"]);
  for (const other of [Buffer.from("ó", "latin1"), Buffer.from("\ufeffx", "utf16le"), gzipSync(Buffer.from([0xb3]))])
    expect(() => textOf(other)).toThrow("pg_dump --encoding=UTF8");
});

test.each([
  ["1 day", "1 day"],
  ["7 days", "1 week"],
  ["1 week", "1 week"],
  ["1 mon", "1 month"],
  ["30 days", "1 month"],
  ["1 year 2 mons", "1 month"],
  ["24:00:00", "1 day"],
  ["@ 1 mon", "1 month"],
  ["00:00:00", null],
  ["P7D", null],
])("an interval of %s is %s", (text, period) => {
  expect(periodOf(text)).toBe(period);
});

test.each([
  ["100", "100.00"],
  ["33.333332", "33.33"],
  ["1e+06", "1000000.00"],
  ["99.99", "99.99"],
  ["-1", null],
  ["NaN", null],
  [null, null],
])("a budget of %s is %s", (text, amount) => {
  expect(amountOf(text)).toBe(amount);
});

test.each([
  ["2022-01-01 12:00:00", "2022-01-01T11:00:00.000Z"],
  ["2022-07-01 12:00:00.123456", "2022-07-01T10:00:00.000Z"],
  ["2022-07-01 12:00:00+00", "2022-07-01T12:00:00.000Z"],
  ["2022-07-01 12:00:00.5+0530", "2022-07-01T06:30:00.500Z"],
  ["2022-07-01 12:00:00-03:30", "2022-07-01T15:30:00.000Z"],
])("%s in Warsaw is %s", (text, instant) => {
  expect(new Date(instantOf(text, "Europe/Warsaw")!).toISOString()).toBe(instant);
});
