import type { IncomingHttpHeaders } from "node:http";
import pg, { type FieldDef } from "pg";

/** One statement, its parameters as PostgreSQL's text format writes them. */
export type Statement = { text: string; values: (string | null)[] };

export type NeonRequest = {
  connectionString: string;
  arrayMode: boolean;
  statements: Statement[];
  /** The BEGIN of a batch; null for a single statement, which runs on its own. */
  begin: string | null;
};

export type StatementResult = {
  fields: FieldDef[];
  rows: (string | null)[][];
  command: string | null;
  rowCount: number | null;
};

/** An answer other than rows that PostgreSQL did not give. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ISOLATION_LEVELS: Record<string, string> = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
};
/** The Bind message counts its parameters in 16 bits. */
const MAX_PARAMETERS = 65_535;

export function readRequest(headers: IncomingHttpHeaders, body: string): NeonRequest {
  const connectionString = headers["neon-connection-string"];
  if (typeof connectionString !== "string") throw new Refusal(400, "header Neon-Connection-String is missing");
  if (headers["neon-raw-text-output"] !== "true") {
    throw new Refusal(400, "values are answered as text only: send Neon-Raw-Text-Output: true");
  }
  const payload = parseObject(body);
  const batch = payload.queries;
  const arrayMode = headers["neon-array-mode"] === "true";
  if (batch === undefined) {
    return { connectionString, arrayMode, statements: [readStatement(payload)], begin: null };
  }
  if (!Array.isArray(batch)) throw new Refusal(400, "queries is not a list");
  return { connectionString, arrayMode, statements: batch.map(readStatement), begin: readBegin(headers) };
}

function parseObject(body: string): Record<string, unknown> {
  let payload: unknown;
  try {
    payload = JSON.parse(body);
  } catch (error) {
    throw new Refusal(400, `the body is not JSON: ${(error as Error).message}`);
  }
  if (typeof payload !== "object" || payload === null) throw new Refusal(400, "the body is not an object");
  return payload as Record<string, unknown>;
}

function readStatement(statement: { query?: unknown; params?: unknown }): Statement {
  const { query, params = [] } = statement ?? {};
  if (typeof query !== "string") throw new Refusal(400, "query is not a string");
  if (!Array.isArray(params)) throw new Refusal(400, "params is not a list");
  if (params.length > MAX_PARAMETERS) throw new Refusal(400, `more than ${MAX_PARAMETERS} params`);
  // The protocol ends the text at a NUL and would read the rest of it as something else.
  if (query.includes("\0")) throw new Refusal(400, "query contains a NUL");
  return { text: query, values: params.map(parameterText) };
}

function readBegin(headers: IncomingHttpHeaders): string {
  const words = ["BEGIN"];
  const level = headers["neon-batch-isolation-level"];
  if (level !== undefined) {
    const isolation = typeof level === "string" ? ISOLATION_LEVELS[level] : undefined;
    if (isolation === undefined) throw new Refusal(400, "invalid isolation level");
    words.push(`ISOLATION LEVEL ${isolation}`);
  }
  if (headers["neon-batch-read-only"] === "true") words.push("READ ONLY");
  if (headers["neon-batch-deferrable"] === "true") words.push("DEFERRABLE");
  return words.join(" ");
}

function parameterText(value: unknown): string | null {
  if (typeof value === "string" || value === null) return value;
  return Array.isArray(value) ? arrayText(value) : JSON.stringify(value);
}

function arrayText(values: unknown[]): string {
  return `{${values.map(elementText).join(",")}}`;
}

function elementText(value: unknown): string {
  if (value === null) return "NULL";
  if (Array.isArray(value)) return arrayText(value);
  const text = parameterText(value) as string;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

export function renderResults({ begin, arrayMode }: NeonRequest, results: StatementResult[]): string {
  const rendered = results.map(({ fields, rows, command, rowCount }) => ({
    fields,
    rows: arrayMode ? rows : rows.map((row) => Object.fromEntries(row.map((value, i) => [fields[i]?.name, value]))),
    command: command ?? "",
    rowCount,
    rowAsArray: arrayMode,
  }));
  return JSON.stringify(begin === null ? rendered[0] : { results: rendered });
}

/** Errors that say "not now" or "not this server": a fault of PostgreSQL or of its reach, not of the statement. */
const UNAVAILABLE = /^(08|53|57P03)/;

/** The status and body that Neon's proxy gives for an error: what PostgreSQL said is 400, its absence 500. */
export function renderError(error: unknown, connected: boolean): { status: number; body: string } {
  if (error instanceof Refusal) return { status: error.status, body: JSON.stringify({ message: error.message }) };
  if (!(error instanceof pg.DatabaseError)) {
    const reason = error instanceof Error ? error.message : String(error);
    return { status: 500, body: JSON.stringify({ message: `could not reach the database: ${reason}` }) };
  }
  const { message, severity, code, detail, hint, position, internalPosition, internalQuery, where } = error;
  const { schema, table, column, dataType, constraint, file, line, routine } = error;
  const place = { position, internalPosition, internalQuery, where, file, line, routine };
  const fields = { message, severity, code, detail, hint, ...place, schema, table, column, dataType, constraint };
  const status = !connected && UNAVAILABLE.test(code ?? "") ? 500 : 400;
  return { status, body: JSON.stringify(fields, (_, value) => value ?? null) };
}
