/** The console as an operator's browser or script asks it: raw answers, cookies and all. */
import { api } from "../../src/api/index.ts";
import { type TestDeps, testDeps } from "./index.ts";

export const CONSOLE = "https://api.torium.test";
export const OPERATOR_TOKEN = "an-operator-token-for-tests";

/** Deps of a console that OPERATOR_TOKEN opens. */
export const consoleDeps = (changed: Parameters<typeof testDeps>[0] = {}): TestDeps =>
  testDeps({ ...changed, settings: { OPERATOR_TOKEN, ...changed.settings } });

export type Told = {
  http: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects by its assertions
  data: any;
  page: { next_cursor: string | null } | undefined;
  message: string;
  roundTrips: number;
};

type Asked = { deps?: TestDeps; json?: unknown; headers?: Record<string, string | null>; origin?: string };

/** One request, as the bearer of the token and from the console's own origin unless headers say otherwise; null leaves one out. */
export async function ask(
  method: string,
  path: string,
  { deps = consoleDeps(), json, headers = {}, origin = CONSOLE }: Asked = {},
): Promise<Told> {
  const all: Record<string, string | null> = {
    authorization: `Bearer ${OPERATOR_TOKEN}`,
    ...(method !== "GET" && { origin }),
    ...(json !== undefined && { "content-type": "application/json" }),
    ...headers,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  const before = deps.roundTrips();
  const request = new Request(new URL(path, origin), {
    method,
    headers: sent,
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const answer = await api(request, deps, { waitUntil: () => {} } as unknown as ExecutionContext);
  const text = await answer.text();
  const isJson = answer.headers.get("content-type")?.startsWith("application/json");
  const body = isJson ? JSON.parse(text) : {};
  return {
    http: answer.status,
    headers: answer.headers,
    text,
    data: body.data,
    page: body.page,
    message: body.status?.message ?? "",
    roundTrips: deps.roundTrips() - before,
  };
}

export const formOf = async (asked: Asked = {}): Promise<string> =>
  (await ask("GET", "/console/data/form", asked)).data.form_token;

/** An action by a form of its own. */
export async function act(action: string, json: unknown, asked: Asked = {}): Promise<Told> {
  const deps = asked.deps ?? consoleDeps();
  const form = await formOf({ ...asked, deps });
  return ask("POST", `/console/actions/${action}`, {
    ...asked,
    deps,
    json,
    headers: { "x-form-token": form, ...asked.headers },
  });
}
