/** Sends a request as the world's people do, and says what of its answer must not be. */
import { api } from "../../src/api/index.ts";
import { recordingQueues, testDeps } from "../support/index.ts";
import type { Operation } from "./document.ts";
import type { Dialect, Sent } from "./requests.ts";
import { restoreWorld, tokenOf } from "./world.ts";

const MAX_BODY_BYTES = 64 * 1024;
/** Before every moment that the requests name, so that what they plan is ahead. */
const NOW = Date.parse("2026-11-01T12:00:00Z");
/** Words of the inside that no message may hold: of the driver, of PostgreSQL, of JavaScript, and names of tables that are no field. */
const INSIDE =
  /drizzle|neon|postgres|sqlstate|\bselect\b|\binsert\b|relation|violates|constraint|syntax error|cannot read|undefined|\[object|zod|\.ts\b|\bat \w+ \(|node_modules|events_users|group_members|group_invitation_logs\b(?!_id)|event_leads/gi;

/** Of such words those that the request did not bring itself: some answers repeat what is wrong. */
function leaked(text: string, { query, headers, body }: Sent): string[] {
  const held = typeof body === "string" ? body : new TextDecoder().decode(body ?? undefined);
  const given = `${query} ${headers.flat().join(" ")} ${held}`.toLowerCase();
  return (text.match(INSIDE) ?? []).filter((word) => !given.includes(word.toLowerCase()));
}

type Body = {
  status: { code: number; message: string };
  data: unknown;
  error?: { request_id: string; issues?: { path: string; message: string }[] };
};

/** The platform's limiters, which would hold back the many requests of one person, let everybody through. */
function unlimited() {
  const { bindings } = recordingQueues();
  const limiters = Object.keys(bindings).filter((name) => name.startsWith("LIMIT_"));
  return {
    ...bindings,
    ...Object.fromEntries(limiters.map((name) => [name, { limit: async () => ({ success: true }) }])),
  };
}
const bindings = unlimited();

let isChanged = true;
/** A run that is given up is still under way when the next begins. */
let before: Promise<unknown> = Promise.resolve();

/** Throws where the answer is anything but what the document declares and the contract promises. */
export function answersAsDescribed(operation: Operation, dialect: Dialect, sent: Sent): Promise<void> {
  const now = before.then(() => check(operation, dialect, sent));
  before = now.catch(() => {});
  return now;
}

/** The heartbeat alone is a page where a browser asks. */
const isPageAsked = ({ path }: Operation, { headers }: Sent): boolean =>
  path === "/status" && headers.some(([name, value]) => name === "accept" && value === "text/html");

async function check(operation: Operation, dialect: Dialect, sent: Sent): Promise<void> {
  if (isChanged) await restoreWorld();
  isChanged = false;
  const { answer, text, errors } = await send(operation, sent);
  const wrong = (what: string): never => {
    throw new Error(`${what}\nHTTP ${answer.status} ${text.slice(0, 2_000)}`);
  };

  if (isPageAsked(operation, sent)) {
    if (answer.status !== 200 || answer.headers.get("content-type") !== "text/html; charset=utf-8") wrong("page");
    if (errors.length > 0) wrong(`what went wrong behind the page: ${errors.map(String).join("; ")}`);
    return;
  }
  if (answer.headers.get("content-type") !== "application/json; charset=utf-8") wrong("content-type");
  const body = JSON.parse(text) as Body;
  const code = body.status?.code;
  if (operation.method !== "GET" && ![400, 401, 403, 404].includes(code)) isChanged = true;
  if (code >= 500) wrong(`a fault of the service's own: ${errors.map(String).join("; ")}`);
  if (errors.length > 0) wrong(`what went wrong behind the answer: ${errors.map(String).join("; ")}`);
  if (answer.status !== (dialect === "app" ? 200 : code)) wrong("HTTP status");
  if (!operation.statuses.includes(code)) wrong(`${code} is not declared`);
  const faults = operation.faults(code, dialect === "app" ? plain(operation, body) : body);
  if (faults.length > 0) wrong(`not by its schema: ${JSON.stringify(faults)}`);
  const requestId = answer.headers.get("x-request-id");
  if (!requestId || (body.error && body.error.request_id !== requestId)) wrong("x-request-id");
  const inside = body.error ? leaked(text, sent) : [];
  if (inside.length > 0) wrong(`says something of the inside: ${inside.join(", ")}`);

  const expected = expectedOf(operation, sent);
  if (expected && code !== expected) wrong(`must be ${expected}`);
  if (code === 400) checkIssues(body, expected === 400 ? sent.broken : [], wrong);
}

/** The one answer that the app's dialect writes otherwise. */
function plain({ name }: Operation, body: Body): unknown {
  if (name !== "POST /event/comment" || body.error) return body;
  const [events_comments_id] = (body.data as { events_comments_id: number[] }).events_comments_id;
  return { ...body, data: { events_comments_id } };
}

/** The status that has to be, where the request alone decides it. */
function expectedOf({ open, method }: Operation, { caller, body, broken }: Sent): number | null {
  if (!open && ["nobody", "forged", "none"].includes(caller)) return 401;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body).length : (body?.length ?? 0);
  if (!open && method !== "GET" && bytes > MAX_BODY_BYTES) return 413;
  return broken.length > 0 ? 400 : null;
}

function checkIssues({ error }: Body, broken: string[], wrong: (what: string) => never): void {
  const issues = error?.issues ?? [];
  if (issues.length === 0) wrong("400 without an issue");
  if (new Set(issues.map(({ path, message }) => `${path} ${message}`)).size < issues.length) wrong("an issue twice");
  const silent = broken.filter((name) => !issues.some(({ path }) => path === name || path.startsWith(`${name}.`)));
  if (silent.length > 0) wrong(`does not name ${silent.join(", ")}`);
}

async function send({ method, path }: Operation, { caller, query, headers, body }: Sent) {
  const errors: unknown[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (event: string, error: unknown) => void errors.push(event, error),
  };
  const deps = testDeps({ bindings, log, now: () => NOW, wait: async () => {} });
  const pending: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => void pending.push(work) } as unknown as ExecutionContext;
  const all = new Headers();
  for (const [name, value] of headers) all.set(name, value);
  const token = tokenOf(caller);
  if (token) all.set("authorization", `Bearer ${token}`);
  const request = new Request(`https://api.torium.test${path}${query && `?${query}`}`, { method, headers: all, body });
  // A body of text brings a content type along.
  if (!headers.some(([name]) => name === "content-type")) request.headers.delete("content-type");
  const answer = await api(request, deps, context);
  const text = await answer.text();
  await Promise.all(pending);
  return { answer, text, errors };
}
