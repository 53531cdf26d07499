/** The user pool's triggers as its Lambda forwards them, and what they leave in the database. */
import { sql } from "drizzle-orm";
import { api } from "../../src/api/index.ts";
import { query, type TestDeps, testDeps, unique } from "./index.ts";
import { intercept } from "./network.ts";

const POOL = "http://pool.test";
export const SECRET = "a-hook-secret-for-tests";

type Attributes = Record<string, string>;
type Sign = {
  secret?: string;
  at?: number;
  signature?: string | null;
  deps?: TestDeps;
  headers?: Record<string, string>;
};

export const depsWithPool = (changed: Parameters<typeof testDeps>[0] = {}) =>
  testDeps({ ...changed, settings: { AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: POOL, ...changed.settings } });

export async function hexHmac(secret: string, text: string): Promise<string> {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes.encode(text)));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The event as Cognito makes it where the e-mail is the user name. */
export const event = (triggerSource: string, sub: string, userAttributes: Attributes) => ({
  version: "1",
  region: "eu-central-1",
  userPoolId: "eu-central-1_test",
  userName: sub,
  callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: "test-client" },
  triggerSource,
  request: { userAttributes, validationData: null },
  response: triggerSource.startsWith("PreSignUp")
    ? { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false }
    : {},
});

export async function send(
  body: string,
  { secret = SECRET, at, signature, deps = depsWithPool(), headers: more = {} }: Sign = {},
) {
  const t = Math.floor((at ?? deps.now()) / 1000);
  const made = `t=${t},v1=${await hexHmac(secret, `${t}.${body}`)}`;
  const header = signature === undefined ? made : signature;
  const headers = new Headers({ "content-type": "application/json", ...more });
  if (header !== null) headers.set("x-torium-signature", header);
  const before = deps.roundTrips();
  const request = new Request("https://api.torium.test/hooks/cognito", { method: "POST", body, headers });
  const answer = await api(request, deps, {} as ExecutionContext);
  const [text, retry] = [await answer.text(), answer.headers.get("retry-after")];
  return { http: answer.status, text, retry, roundTrips: deps.roundTrips() - before };
}

/** The pool's own API answers so, with the name of its error; what it was asked. */
export const poolAnswers = (status = 200, __type?: string) =>
  intercept(POOL, () => Response.json({ ...(__type && { __type }) }, { status }));

export const fire = (source: string, sub: string, attributes: Attributes, sign?: Sign) =>
  send(JSON.stringify(event(source, sub, attributes)), sign);
export const signUp = (sub: string, email: string, name?: string) =>
  fire("PreSignUp_SignUp", sub, { email, ...(name && { name }) });
export const confirm = (sub: string, email: string, name?: string, source = "ConfirmSignUp") =>
  fire(`PostConfirmation_${source}`, sub, {
    sub,
    email,
    email_verified: "true",
    "cognito:user_status": "CONFIRMED",
    ...(name && { name }),
  });

/** Deps with a limiter that the test decides about; the keys that it was asked for. */
export function limited(allows: (key: string) => boolean) {
  const keys: string[] = [];
  const deps = depsWithPool();
  const limit = async ({ key }: { key: string }) => {
    keys.push(key);
    return { success: allows(key) };
  };
  deps.bindings = { ...deps.bindings, LIMIT_SIGN_UPS: { limit } };
  return { deps, keys };
}

export const newSub = () => crypto.randomUUID();
export const newEmail = () => `${unique("newcomer")}@torium.test`;
type Row = { id: number; cognito_user_id: string; username: string; confirmed: boolean };
export const rowsOf = (email: string) =>
  query<Row>(
    sql`select id, cognito_user_id, username, confirmed_at is not null as confirmed from users where email = ${email.toLowerCase()}`,
  );
export const erase = (sub: string) =>
  query(
    sql`insert into erased_people (cognito_user_id_sha256) values (encode(sha256(convert_to(${sub}, 'UTF8')), 'hex'))`,
  );
