/**
 * The dialect of the first Torium's app, spoken by a request with any `trm-` header. It is translated here into the plain API and back;
 * nothing behind this file knows of it, so that both are validated and answered by the same code.
 */
import { parseWallTime } from "../domain/time.ts";
import { AppError } from "../errors.ts";
import { renderError } from "./envelope.ts";

const PREFIX = "trm-";
/** Other doors than the app's: what comes there is signed or read by its bytes, and is answered to mail programs, AWS and browsers. */
const OTHER_DOORS = /^\/(?:hooks|unsubscribe|logos|console)(?:\/|$)/;
/** More is not read: the plain API refuses it, after it has looked at the token. */
const MAX_BODY_BYTES = 64 * 1024;
/** What the app sends as text and the plain API takes as a number. Money stays text. */
const IDS = ["id", "group_id", "event_id", "user_id", "admin_id", "organization_id"];

type Fields = Record<string, unknown>;

export async function speakDialect(
  request: Request,
  handle: (plain: Request) => Promise<Response>,
  requestId: string,
  onBug: (error: unknown) => void,
): Promise<Response> {
  const spoken = [...request.headers.keys()].some((name) => name.startsWith(PREFIX));
  if (!spoken || OTHER_DOORS.test(new URL(request.url).pathname)) return handle(request);
  try {
    return await appAnswer(request, await handle(await plainRequest(request)));
  } catch (error) {
    if (!(error instanceof AppError)) onBug(error);
    return appAnswer(request, renderError(error, requestId));
  }
}

async function plainRequest(request: Request): Promise<Request> {
  const { method } = request;
  const url = new URL(request.url);
  const place = `${method} ${url.pathname}`;
  const headers = new Headers([...request.headers].filter(([name]) => !name.startsWith(PREFIX)));
  for (const name of ["content-length", "transfer-encoding", "content-encoding"]) headers.delete(name);
  const plain = (body: BodyInit | null) => new Request(url, { method, headers, body });

  const read = method === "GET" || method === "HEAD" ? null : await readBody(request);
  if (read && read.length > MAX_BODY_BYTES) return plain(read);
  const body = fieldsOf(read);
  const fields = body && translate(place, { ...body, ...headerFields(request.headers, place) });

  if (method === "GET" || method === "HEAD" || method === "DELETE") {
    // The plain API reads no body here: a malformed one is refused for the fields that are missing.
    if (!fields) url.search = "";
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (value !== null) url.searchParams.set(name, textOf(value));
    }
    for (const name of IDS) if (url.searchParams.get(name) === "") url.searchParams.delete(name);
    if (place === "GET /event/comment") url.searchParams.set("participants_only", "true");
    return plain(null);
  }
  headers.set("content-type", "application/json");
  return plain(fields ? JSON.stringify(fields) : read);
}

/** The body, or its beginning where it is too large. */
async function readBody(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader && size <= MAX_BODY_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value as Uint8Array<ArrayBuffer>);
    size += value.length;
  }
  await reader?.cancel();
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Null where the body is no JSON object: the plain API says so. */
function fieldsOf(body: Uint8Array | null): Fields | null {
  if (!body || body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as Fields) : null;
  } catch {
    return null;
  }
}

/** More levels than any field has, and few enough to be written again. */
const MAX_LEVELS = 50;

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === "object" &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => isDeeper(one, levels - 1)));

/** Refused by the name of whichever field it stands in. */
const REFUSED = [[]];

/** What is nested deeper gives way to something else that no field takes. */
const writable = (value: unknown): unknown => (isDeeper(value, MAX_LEVELS) ? REFUSED : value);

/** The platform reads headers as UTF-8 and puts this for bytes that are none: what was sent is lost, and is not stored damaged. */
const DAMAGE = "\ufffd";

/** No field of a query takes a list or an object: what stands for one is refused by the field's name. */
const textOf = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

/** `trm-user-id` is the caller, whom the token names, save where somebody else is meant. */
function headerFields(headers: Headers, place: string): Fields {
  const isTarget = place === "POST /group/members" || place === "DELETE /group/members";
  const dropped = isTarget ? ["", "admin_id"] : ["", "user_id", "admin_id"];
  const fields = [...headers]
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, value]): [string, unknown] => [
      name.slice(PREFIX.length).replaceAll("-", "_"),
      value.includes(DAMAGE) ? REFUSED : value,
    ])
    .filter(([field]) => !dropped.includes(field));
  return Object.fromEntries(fields);
}

function translate(place: string, given: Fields): Fields {
  const fields = { ...given };
  if (place === "PUT /groups") delete fields.admin_id;
  for (const name of IDS) if (Object.hasOwn(fields, name)) fields[name] = numberOf(fields[name]);
  if (fields.users !== undefined) fields.users = listOf(fields.users);
  if (fields.is_budget !== undefined) fields.is_budget = booleanOf(fields.is_budget);
  if (isScalar(fields.budget) && (fields.budget === "" || Number(fields.budget) === -1)) delete fields.budget;
  if (typeof fields.budget === "string") fields.budget = amountOf(fields.budget);
  if (typeof fields.event_timestamp === "string") {
    fields.event_timestamp = parseWallTime(fields.event_timestamp, { hour24: true }) ?? fields.event_timestamp;
  }
  for (const name of IDS) if (fields[name] === "") delete fields[name];
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, writable(value)]));
}

const numberOf = (value: unknown): unknown =>
  typeof value === "string" && /^\s*-?\d{1,16}\s*$/.test(value) ? Number(value) : value;

/** The app's form takes what Dart reads as a number: `100.`, `.5` and `+5` among it. */
function amountOf(text: string): string {
  const [, whole, fraction] = /^\s*\+?(\d*)(?:\.(\d*))?\s*$/.exec(text) ?? [];
  return whole || fraction ? [whole || "0", fraction].filter(Boolean).join(".") : text;
}

/** A header holds a list as text: `1, 2` or `[1, 2]`. */
function listOf(value: unknown): unknown {
  const list = typeof value === "string" ? value.replace(/^\s*\[|\]\s*$/g, "").split(",") : value;
  return Array.isArray(list) ? list.filter((one) => one !== "").map(numberOf) : list;
}

/** Objects are left to be refused: to make text of them may run into anything. */
const isScalar = (value: unknown): boolean => typeof value !== "object" && value !== undefined;

function booleanOf(value: unknown): unknown {
  if (!isScalar(value)) return value;
  const text = String(value).trim().toLowerCase();
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : value;
}

/** The app reads nothing from another status than 200, and the first element of a comment's id. */
async function appAnswer(request: Request, answer: Response): Promise<Response> {
  if (!answer.headers.get("content-type")?.startsWith("application/json")) return answer;
  const { headers } = answer;
  const place = `${request.method} ${new URL(request.url).pathname}`;
  if (place !== "POST /event/comment" || !answer.ok) return new Response(answer.body, { headers });
  const envelope = await answer.json<{ data: { events_comments_id: number } }>();
  const events_comments_id = [envelope.data.events_comments_id];
  return Response.json({ ...envelope, data: { ...envelope.data, events_comments_id } }, { headers });
}
