/** The one envelope of every answer, and the one place that renders errors. */
import type { Context } from "hono";
import type { Deps } from "../deps.ts";
import type { Caller } from "../domain/access.ts";
import { JsonText } from "../domain/json-text.ts";
import { AppError, STATUS } from "../errors.ts";
import type { Operator } from "./operator.ts";

const HEADERS = { "content-type": "application/json; charset=utf-8" };

type Page = { next_cursor: string | null };

export const ok = (data: unknown, page?: Page): Response => answer(enveloped(data, page));

/** A list's page that may be told again, with the same `next`: it is put into its envelope and encoded once. */
export function okAgain(told: { list: JsonText<unknown> }, next_cursor: () => string | null): Response {
  const known = bodies.get(told);
  if (known) return answer(known);
  const body = new TextEncoder().encode(
    enveloped(told.list, { next_cursor: next_cursor() }),
  ) as Uint8Array<ArrayBuffer>;
  // Only a new one: to put the same there again, each time that it is told, showed in the Worker's CPU.
  bodies.set(told, body);
  return answer(body);
}
const bodies = new WeakMap<object, Uint8Array<ArrayBuffer>>();

function enveloped(data: unknown, page?: Page): string {
  const told = data instanceof JsonText ? data.text : JSON.stringify(data ?? null);
  const paged = page ? `,"page":${JSON.stringify(page)}` : "";
  return `{"status":{"code":200,"message":"Success"},"data":${told}${paged}}`;
}

const answer = (body: BodyInit): Response => new Response(body, { headers: HEADERS });

/** Everything that is no AppError is a bug, and says nothing about the inside. */
export function renderError(error: unknown, requestId: string): Response {
  const known = error instanceof AppError ? error : new AppError("internal", "Something went wrong on our side");
  const body = {
    status: { code: STATUS[known.code], message: known.message },
    data: null,
    error: { code: known.code, request_id: requestId, ...(known.issues && { issues: known.issues }) },
  };
  const retry =
    known.retryAfter === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(known.retryAfter))) };
  return Response.json(body, { status: STATUS[known.code], headers: { ...HEADERS, ...retry } });
}

export type Api = {
  /** `route`: the pattern of the path, once it is known. */
  Bindings: { deps: Deps; requestId: string; route?: string };
  /** `operator` and the `form` that they use: in the console alone. */
  Variables: { requestId: string; caller: Caller; deps: Deps; operator: Operator; form: string };
};
export type ApiContext = Context<Api>;
