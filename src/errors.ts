/** The closed list of errors that leave Torium, each with its HTTP status. Anything else that is thrown is a bug. */
export const STATUS = {
  invalid_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  payload_too_large: 413,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
} as const;

export type ErrorCode = keyof typeof STATUS;
/** How an answer is called by its status: an error's code, or "ok". */
export const outcomeOf = (status: number): ErrorCode | "ok" =>
  (Object.keys(STATUS) as ErrorCode[]).find((code) => STATUS[code] === status) ?? "ok";

export type Issue = { path: string; message: string };

export class AppError extends Error {
  override name = "AppError";
  readonly code: ErrorCode;
  readonly issues: Issue[] | undefined;
  /** Whole seconds; leaves as Retry-After. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, message: string, more: { issues?: Issue[]; retryAfter?: number; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.code = code;
    this.issues = more.issues;
    this.retryAfter = more.retryAfter;
  }
}

export const notFound = (what: string) => new AppError("not_found", `There is no such ${what}`);
export const forbidden = (message: string) => new AppError("forbidden", message);
export const conflict = (message: string) => new AppError("conflict", message);
export const unauthenticated = (message: string, cause?: unknown) =>
  new AppError("unauthenticated", message, { cause });
export const invalid = (path: string, message: string) =>
  new AppError("invalid_input", "The request is not valid", { issues: [{ path, message }] });
/** Every fault that a schema found. */
export const invalidInput = (found: readonly { path: PropertyKey[]; message: string }[]) =>
  new AppError("invalid_input", "The request is not valid", {
    issues: found.map(({ path, message }) => ({ path: path.map(String).join("."), message })),
  });
