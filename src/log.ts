/**
 * One JSON line for each thing worth knowing. An invocation ends with a line of its own (`request`, `messages`, `schedule`) that has its outcome, its
 * milliseconds and its round trips; every other line of it carries the same id. Fields are ids, types, outcomes, counts and milliseconds; never secrets,
 * tokens, phone numbers, addresses or texts. Of an error only its name, its SQLSTATE and the place in the code are kept: messages may quote a value.
 */
import { AppError } from "./errors.ts";

export type Fields = Record<string, string | number | boolean | null | undefined>;

export type Log = {
  info(event: string, fields?: Fields): void;
  /** Somebody should look at it, though nothing failed. */
  warn(event: string, fields?: Fields): void;
  error(event: string, error: unknown, fields?: Fields): void;
};

export const consoleLog: Log = {
  info: (event, fields) => console.log(JSON.stringify({ level: "info", event, ...fields })),
  warn: (event, fields) => console.warn(JSON.stringify({ level: "warn", event, ...fields })),
  error: (event, error, fields) =>
    console.error(JSON.stringify({ level: "error", event, ...fields, ...describe(error) })),
};

/** The same log, whose every line has these fields too. */
export const withFields = (log: Log, common: Fields): Log => ({
  info: (event, fields) => log.info(event, { ...common, ...fields }),
  warn: (event, fields) => log.warn(event, { ...common, ...fields }),
  error: (event, error, fields) => log.error(event, error, { ...common, ...fields }),
});

export type Unexpected = { event: string; error: string; request_id: string | null };

/** A log that also tells `count` of each error that nobody foresaw: any but an AppError. */
export const countingErrors = (log: Log, count: (unexpected: Unexpected) => void): Log => ({
  ...log,
  error(event, error, fields) {
    log.error(event, error, fields);
    if (error instanceof AppError) return;
    const { error: name, code } = describe(error);
    const request = fields?.request_id;
    count({
      event,
      error: [name, code].filter(Boolean).join(" "),
      request_id: typeof request === "string" ? request : null,
    });
  },
});

/** The innermost cause decides, since wrappers quote statements and their parameters. */
function describe(error: unknown): Fields {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (!(inner instanceof Error)) return { error: typeof inner };
  const code = (inner as { code?: unknown }).code;
  // The stack begins with the message, which may quote a value.
  const stack = inner.stack ?? "";
  const quoted = stack.indexOf(inner.message);
  const frames = (quoted < 0 ? "" : stack.slice(quoted + inner.message.length))
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  return {
    error: inner.name,
    code: typeof code === "string" ? code : undefined,
    at: frames
      .slice(0, 4)
      .map((line) => line.trim().slice(3))
      .join(" < "),
  };
}
