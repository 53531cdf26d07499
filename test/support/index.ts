/**
 * What a test in workerd starts from: its own people with signed tokens, the real API with its round trips counted, queues that record what is sent,
 * and the inbox of the stand-in for SNS and SES. Nothing is shared between tests and nothing is wiped.
 */
import { env } from "cloudflare:workers";
import { type SQL, sql } from "drizzle-orm";
import { importJWK, SignJWT } from "jose";
import { inject } from "vitest";
import { api } from "../../src/api/index.ts";
import { connect, rows } from "../../src/clients/neon.ts";
import { type Bindings, buildDeps, type Deps } from "../../src/deps.ts";
import { readSettings, type Settings } from "../../src/env.ts";
import type { Message } from "../../src/queues/messages.ts";
import { checkDescribed } from "./described.ts";

export const pool = inject("pool");
const inboxUrl = inject("inbox");
export const settings = await withOwnDatabase(readSettings(env));

/** Each test file has a database of its own, made from the migrated one: a tick of one file does not claim what another waits for. */
async function withOwnDatabase(shared: Settings): Promise<Settings> {
  const url = new URL(shared.DATABASE_URL);
  const template = url.pathname.slice(1);
  url.pathname = "/postgres";
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const admin = connect(url.href, { fetchEndpoint: shared.NEON_FETCH_ENDPOINT });
  await admin.execute(sql.raw(`create database ${name} template ${template}`));
  url.pathname = `/${name}`;
  return { ...shared, DATABASE_URL: url.href };
}

export type Sent = Message & { delaySeconds: number };

/** Queues that record instead of delivering, so that a test sees each message with its delay and decides what arrives. */
export function recordingQueues() {
  const sent: Sent[] = [];
  const queue = {
    send: async (body: Message, options?: { delaySeconds?: number }) =>
      void sent.push({ ...body, delaySeconds: options?.delaySeconds ?? 0 }),
    sendBatch: async (messages: Iterable<{ body: Message; delaySeconds?: number }>) => {
      for (const { body, delaySeconds } of messages) sent.push({ ...body, delaySeconds: delaySeconds ?? 0 });
    },
  } as unknown as Queue;
  const bindings: Bindings = {
    ASSETS: env.ASSETS,
    LOGOS: env.LOGOS,
    SCHEDULE_NOTIFICATIONS: queue,
    SEND_SMS: queue,
    SEND_EMAIL: queue,
    SEND_PUSH: queue,
    SEND_PUSH_GROUP_INVITATION: queue,
    SCHEDULE_PUSH_COMMENTS: queue,
    LIMIT_EMAIL_LOOKUPS: env.LIMIT_EMAIL_LOOKUPS,
    LIMIT_SIGN_UPS: env.LIMIT_SIGN_UPS,
    LIMIT_OPERATOR_SIGN_INS: env.LIMIT_OPERATOR_SIGN_INS,
  };
  return { bindings, sent };
}

export type TestDeps = Deps & { sent: Sent[] };

/** Deps as the Worker builds them, with recording queues; whatever is given takes its place. */
export function testDeps(changed: Partial<Omit<Deps, "settings">> & { settings?: Partial<Settings> } = {}): TestDeps {
  const { bindings, sent } = recordingQueues();
  const merged = { ...settings, ...changed.settings };
  return { ...buildDeps(merged, bindings), ...changed, settings: merged, sent };
}

/** A statement on the side, for arranging and for looking; not counted with a request's round trips. */
export const query = <Row extends object>(statement: SQL): Promise<Row[]> =>
  rows<Row>(buildDeps(settings, env).db, statement);

export type Person = { id: number; cognito_user_id: string; email: string; username: string; token: string };

let people = 0;
const run = crypto.randomUUID().slice(0, 8);
/** A name that no other test uses. */
export const unique = (prefix: string) => `${prefix}-${run}-${++people}`;
/** Of Polish mobiles (UKE's numbering plan), each before seven digits. */
const MOBILES = ["50", "51", "53", "57", "60", "66", "69", "72", "73", "78", "79", "88"];
/** Where this file's numbers begin among all of them: all files share one stand-in, whose faults go by the number, so their numbers must not meet. */
const firstNumber = Number.parseInt(run.replaceAll("-", "").slice(0, 8), 16) % (MOBILES.length * 10_000_000);
/** A Polish mobile number that no other test uses. */
export const uniqueNumber = () => {
  const number = (firstNumber + ++people) % (MOBILES.length * 10_000_000);
  return `+48${MOBILES[Math.floor(number / 10_000_000)]}${String(number % 10_000_000).padStart(7, "0")}`;
};

type PersonIn = Partial<{
  username: string;
  email: string;
  mobile_number: string | null;
  reminder_preferences: "SMS" | "PUSH" | "EMAIL" | null;
  time_zone: string | null;
  locale: string | null;
  organization_id: number | null;
}>;

/** A confirmed person with an access token. */
export async function person(given: PersonIn = {}): Promise<Person> {
  const cognito_user_id = crypto.randomUUID();
  const username = given.username ?? unique("Person");
  const email = given.email ?? `${unique("person")}@torium.test`.toLowerCase();
  const [made] = await query<{ id: number }>(
    sql`insert into users (cognito_user_id, email, username, mobile_number, reminder_preferences, time_zone, locale, organization_id, confirmed_at)
        values (${cognito_user_id}, ${email}, ${username}, ${given.mobile_number ?? null}, ${given.reminder_preferences ?? null},
                ${given.time_zone ?? null}, ${given.locale ?? null}, ${given.organization_id ?? null}, now())
        returning id`,
  );
  return { id: made!.id, cognito_user_id, email, username, token: await accessToken(cognito_user_id) };
}

type Claims = Record<string, unknown>;

/** Long enough for tests whose clock is years ahead. */
const TOKEN_SECONDS = 20 * 365 * 86_400;

/** A token signed by the pool's key; claims given take the place of the right ones, undefined leaves one out. */
export async function signToken(claims: Claims): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all: Claims = { iss: settings.COGNITO_ISSUER, iat: now, exp: now + TOKEN_SECONDS, ...claims };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(present)
    .setProtectedHeader({ alg: "RS256", kid: "test-key" })
    .sign(await importJWK(pool.private, "RS256"));
}

export const accessToken = (sub: string, claims: Claims = {}) =>
  signToken({ sub, token_use: "access", client_id: "test-client", ...claims });
export const idToken = (sub: string, email: string, claims: Claims = {}) =>
  signToken({ sub, token_use: "id", aud: "test-client", email, email_verified: true, name: "Somebody", ...claims });

export type Answer<Data> = {
  http: number;
  headers: Headers;
  status: { code: number; message: string };
  data: Data;
  page?: { next_cursor: string | null };
  error?: { code: string; request_id: string; issues?: { path: string; message: string }[] };
  /** Calls to the database. */
  roundTrips: number;
  /** Messages that went to queues. */
  sent: Sent[];
};

type Call = {
  as?: Person | string;
  query?: Record<string, unknown>;
  json?: unknown;
  headers?: Record<string, string>;
  body?: BodyInit;
  deps?: TestDeps;
};

/** One request to the real API, whose answer is held against the API document. `as` is a person or a bare token. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects by its assertions
export async function call<Data = any>(
  method: string,
  path: string,
  { as, query: parameters, json, headers, body, deps = testDeps() }: Call = {},
): Promise<Answer<Data>> {
  const url = new URL(path, "https://api.torium.test");
  for (const [name, value] of Object.entries(parameters ?? {})) url.searchParams.set(name, String(value));
  const token = typeof as === "object" ? as.token : as;
  const before = deps.roundTrips();
  const pending: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void pending.push(work),
    passThroughOnException: () => {},
    props: {},
  };
  const request = new Request(url, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(json !== undefined ? { body: JSON.stringify(json) } : body !== undefined ? { body } : {}),
  });
  const answer = await api(request, deps, context as unknown as ExecutionContext);
  const roundTrips = deps.roundTrips() - before;
  const text = await answer.text();
  await Promise.all(pending);
  const told = JSON.parse(text);
  checkDescribed(request, answer, told);
  return { http: answer.status, headers: answer.headers, roundTrips, sent: deps.sent, ...told };
}

export type InboxMessage = {
  id: string;
  channel: "sms" | "email" | "push";
  to: string;
  title: string | null;
  subject: string | null;
  text: string;
  html: string | null;
  data: Record<string, string> | null;
  headers: Record<string, string>;
  accepted_at: number;
  request: { method: string; url: string; headers: Record<string, string>; body: string };
};

/** What reached an address, oldest first. */
export async function inbox(channel: "sms" | "email" | "push", to: string): Promise<InboxMessage[]> {
  const answer = await fetch(`${inboxUrl}/messages?channel=${channel}&to=${encodeURIComponent(to)}`);
  return answer.json();
}

type Fault = { channel: string; kind: string; to?: string; times?: number; ms?: number };
/** Adds a fault for one address, so that no other test meets it. */
export async function fault(added: Fault & { to: string }): Promise<void> {
  const answer = await fetch(`${inboxUrl}/faults`, { method: "POST", body: JSON.stringify([added]) });
  if (!answer.ok) throw new Error(`the inbox refused the fault: ${answer.status} ${await answer.text()}`);
  await answer.body?.cancel();
}
