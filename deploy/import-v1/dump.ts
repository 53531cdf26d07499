/**
 * The rows of a dump that pg_dump wrote as SQL: COPY blocks, and INSERT statements as --inserts, --column-inserts and --rows-per-insert make them.
 * https://www.postgresql.org/docs/current/sql-copy.html (text format)
 */
import { gunzipSync } from "node:zlib";
import { statementAt, type Token, Unreadable, unescaped } from "./statements.ts";

export const TABLES = [
  "organizations",
  "users",
  "groups",
  "users_groups",
  "group_invitation_logs",
  "events",
  "events_users",
  "events_comments",
] as const;
export type Table = (typeof TABLES)[number];
/** Values as PostgreSQL prints them. `line` is of the dump, from 1. */
export type Row = { line: number; values: Record<string, string | null> };
export type Dump = { rows: Record<Table, Row[]>; faults: { table: Table; line: number; why: string }[] };

const isTable = (name: string): name is Table => (TABLES as readonly string[]).includes(name);

/** What a file holds, also compressed by gzip. Throws Unreadable for bytes that are no UTF-8, which would come along as other letters. */
export function textOf(file: Buffer): string {
  const compressed = file[0] === 0x1f && file[1] === 0x8b;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(compressed ? gunzipSync(file) : file);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Unreadable("the dump is not in UTF-8: make it with pg_dump --encoding=UTF8 -f FILE");
  }
}

/** Throws Unreadable for what is no such dump, or one that is cut off. */
export function readDump(sql: string): Dump {
  if (sql.startsWith("PGDMP"))
    throw new Unreadable("this is an archive: pg_restore --data-only -f first.sql makes SQL of it");
  const dump: Dump = {
    rows: Object.fromEntries(TABLES.map((table) => [table, []])) as unknown as Dump["rows"],
    faults: [],
  };
  const created = new Map<string, string[]>();
  const lineAt = lineCounter(sql);
  for (let at = 0; ; ) {
    const statement = statementAt(sql, skipCommands(sql, at));
    if (!statement) break;
    const { tokens, begin, next } = statement;
    at = next;
    const [first, second, third] = tokens.map(({ text }) => text);
    if (first === "set") refuseSetting(tokens);
    else if (first === "create" && second === "table") keepColumns(tokens, created);
    else if (first === "copy" && tokens.some(({ text }) => text === "stdin")) {
      const end = sql.indexOf("\n", next);
      at = readCopy(sql, tokens, end === -1 ? sql.length : end + 1, { dump, lineAt });
    } else if (first === "insert" && second === "into" && third) {
      readInsert(tokens, created, { dump, line: lineAt(begin) });
    }
  }
  if (TABLES.every((table) => dump.rows[table].length === 0 && !dump.faults.some((fault) => fault.table === table)))
    throw new Unreadable("there is no row of a first Torium in it");
  return dump;
}

/** psql's own lines, such as \restrict, are no SQL. */
function skipCommands(sql: string, from: number): number {
  let at = from;
  for (;;) {
    const command = /(?:\s|--[^\n]*\n)*\\[a-z][^\n]*(?:\n|$)/y;
    command.lastIndex = at;
    const found = command.exec(sql);
    if (!found) return at;
    at += found[0].length;
  }
}

function lineCounter(sql: string): (offset: number) => number {
  let [known, line] = [0, 1];
  return (offset) => {
    for (; known < offset; known++) if (sql.charCodeAt(known) === 10) line++;
    return line;
  };
}

function refuseSetting(tokens: Token[]): void {
  const [, name, , value] = tokens.map(({ text }) => text);
  if (name === "client_encoding" && !/^utf-?8$/i.test(value ?? "")) {
    throw new Unreadable(`the dump is in ${value}: make it with pg_dump --encoding=UTF8`);
  }
  if (name === "standard_conforming_strings" && value === "off") {
    throw new Unreadable("the dump is of a database with standard_conforming_strings off");
  }
}

/** A name with or without its schema, from a place on; and the place behind it. */
function nameAt(tokens: Token[], place: number): { name: string; next: number } {
  const dotted = tokens[place + 1]?.text === "." && tokens[place + 1]?.kind === "sign";
  return dotted
    ? { name: tokens[place + 2]?.text ?? "", next: place + 3 }
    : { name: tokens[place]?.text ?? "", next: place + 1 };
}

/** `(a, b)` from a place on; null where there is no bracket. */
function namesAt(tokens: Token[], place: number): { names: string[]; next: number } | null {
  if (tokens[place]?.text !== "(") return null;
  const end = tokens.findIndex(({ text, kind }, index) => index > place && kind === "sign" && text === ")");
  return {
    names: tokens.slice(place + 1, end).flatMap(({ kind, text }) => (kind === "sign" ? [] : [text])),
    next: end + 1,
  };
}

/** The columns that CREATE TABLE names, in order: INSERT may leave them out. */
function keepColumns(tokens: Token[], created: Map<string, string[]>): void {
  const start = tokens.findIndex(({ text }) => text === "(");
  if (start === -1) return;
  const { name } = nameAt(tokens, tokens[2]?.text === "if" ? 5 : 2);
  const columns: string[] = [];
  let [depth, fresh] = [0, true];
  for (const { kind, text } of tokens.slice(start + 1)) {
    if (
      fresh &&
      depth === 0 &&
      (kind === "quoted" || !/^(constraint|primary|unique|check|foreign|exclude|like)$/.test(text))
    )
      columns.push(text);
    fresh = false;
    if (kind !== "sign") continue;
    if (text === "(") depth++;
    else if (text === ")" && depth-- === 0) break;
    else if (text === "," && depth === 0) fresh = true;
  }
  created.set(name, columns);
}

/** Returns where the statement after the block begins. */
function readCopy(
  sql: string,
  tokens: Token[],
  start: number,
  { dump, lineAt }: { dump: Dump; lineAt: (offset: number) => number },
): number {
  const { name, next } = nameAt(tokens, 1);
  const columns = namesAt(tokens, next)?.names;
  for (let at = start; ; ) {
    const end = sql.indexOf("\n", at);
    const text = sql.slice(at, end === -1 ? sql.length : end).replace(/\r$/, "");
    if (text === "\\.") return end === -1 ? sql.length : end + 1;
    if (end === -1) throw new Unreadable(`the rows of ${name} do not end: the dump is cut off`);
    if (isTable(name)) {
      if (!columns) throw new Unreadable(`COPY ${name} names no columns`);
      const fields = text.split("\t").map((field) => (field === "\\N" ? null : unescaped(field)));
      keepRow(dump, name, lineAt(at), columns, fields);
    }
    at = end + 1;
  }
}

function readInsert(
  tokens: Token[],
  created: Map<string, string[]>,
  { dump, line }: { dump: Dump; line: number },
): void {
  const { name, next } = nameAt(tokens, 2);
  if (!isTable(name)) return;
  const named = namesAt(tokens, next);
  const columns = named?.names ?? created.get(name);
  if (!columns)
    throw new Unreadable(
      `INSERT INTO ${name} names no columns, and no CREATE TABLE does: use pg_dump --column-inserts`,
    );
  let at =
    tokens.findIndex(
      ({ kind, text }, index) => index >= (named?.next ?? next) && kind === "word" && text === "values",
    ) + 1;
  while (at > 0 && tokens[at]?.text === "(") {
    const fields: (string | null)[] = [];
    for (at++; at < tokens.length; at++) {
      const { kind, text } = tokens[at]!;
      if (kind === "sign" && text === ")") break;
      if (kind === "sign" && text === ",") continue;
      // A cast: '7 days'::interval.
      if (kind === "sign" && text === ":") at += 2;
      else fields.push(kind === "word" && text === "null" ? null : text);
    }
    keepRow(dump, name, line, columns, fields);
    at += tokens[at + 1]?.text === "," ? 2 : 1;
  }
}

function keepRow(dump: Dump, table: Table, line: number, columns: string[], fields: (string | null)[]): void {
  const why =
    fields.length !== columns.length
      ? `has ${fields.length} values for ${columns.length} columns`
      : fields.some((field) => field?.includes("\0")) && "holds a NUL, which no text of PostgreSQL can";
  if (why) dump.faults.push({ table, line, why });
  else dump.rows[table].push({ line, values: Object.fromEntries(columns.map((column, n) => [column, fields[n]!])) });
}
