/** Requests whose line is looked at, and everything behind them that may fail and say so in words that repeat what it was given. */
import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { api } from "../../src/api/index.ts";
import { settings, type TestDeps } from "./index.ts";
import { type Listening, SECRETS, SEED } from "./logged.ts";

const ALL = Object.values(SEED).join(" ");

export type Asked = {
  headers?: Record<string, string>;
  query?: Record<string, string>;
  body?: string;
  deps?: TestDeps;
};

/** Headers hold bytes. */
export const inHeader = (text: string) => text.normalize("NFD").replace(/[^\x20-\x7e]/g, "");

/** One request, of whose line it is made sure. Gives the line. */
export async function ask(
  log: Listening,
  route: string,
  { headers = {}, query: parameters = {}, body, deps = log.depsOf() }: Asked = {},
) {
  const [method, path] = route.split(" ") as [string, string];
  const url = new URL(path.replaceAll(/:\w+(\{[^}]*\})?/g, encodeURIComponent(SEED.email)), "https://api.torium.test");
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const sent = method === "GET" || method === "HEAD" ? undefined : body;
  const waiting: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => void waiting.push(work) } as unknown as ExecutionContext;
  const before = log.written.length;
  const answer = await api(
    new Request(url, { method, headers, ...(sent !== undefined && { body: sent }) }),
    deps,
    context,
  );
  await answer.text();
  await Promise.all(waiting);
  const ends = log
    .lines()
    .slice(before)
    .filter(({ event }) => event === "request");
  expect(ends).toMatchObject([{ request_id: answer.headers.get("x-request-id"), method, level: "info" }]);
  return ends[0]!;
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** Statements that PostgreSQL refuses with the values in its words. */
const BROKEN = {
  "tells a value that is there already": sql`insert into users (cognito_user_id, email, username, confirmed_at) select ${SEED.device_token}, ${SEED.email}, ${SEED.username}, now() from generate_series(1, 2)`,
  "tells a value that it cannot read": sql`select ${SEED.number + SEED.text}::bigint`,
};

const repeating = (status: number) => () =>
  new Response(
    `<ErrorResponse><Error><Code>InvalidParameter</Code><Message>Invalid parameter: ${ALL}</Message></Error></ErrorResponse>`,
    { status },
  );
/** What a service outside may answer, or not, that repeats what it was told. */
export const REPEATING: Record<string, () => Promise<Response> | Response> = {
  refuse: repeating(400),
  fail: repeating(500),
  throttle: repeating(429),
  "are away": () => Promise.reject(new TypeError(`fetch failed for ${ALL}`)),
  "are silent": () => Promise.reject(new DOMException(`${ALL} took too long`, "TimeoutError")),
  "answer nonsense": () => new Response(ALL),
};

/** Databases that fail with what a real one says, values and all: each refuses a real statement of the seeds, or cannot be reached. */
export function failingDatabases(good: TestDeps["db"]) {
  // What nobody waits for, the first statement of a batch say, is no failure of the test's.
  const unheard = (failed: Promise<unknown>) => {
    failed.catch(() => {});
    return failed;
  };
  const failing = (work: () => Promise<unknown>) =>
    ({ execute: () => unheard(work()), batch: work, $client: { query: work } }) as unknown as TestDeps["db"];
  const words = Object.values({ ...SEED, ...SECRETS }).join(" ");
  const cause = Object.assign(new Error(`${settings.DATABASE_URL} ${words}`), {
    detail: words,
    hint: words,
    where: words,
  });
  return {
    ...Object.fromEntries(
      Object.entries(BROKEN).map(([name, statement]) => [
        name,
        failing(() => good.execute(statement) as unknown as Promise<unknown>),
      ]),
    ),
    "cannot be reached": failing(() =>
      Promise.reject(new TypeError(`fetch failed: ${settings.DATABASE_URL}`, { cause })),
    ),
    "fails in many lines": failing(() =>
      Promise.reject(
        Object.assign(new Error(`    at ${words}\n    at ${words} (x.ts:1:1)`), { code: "XX000", detail: words }),
      ),
    ),
    "throws what is no error": failing(() => Promise.reject(words)),
  };
}
