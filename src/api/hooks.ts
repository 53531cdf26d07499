import { Hono, type MiddlewareHandler } from "hono";
import * as z from "zod";
import { PoolRefusal, setUserId } from "../clients/cognito.ts";
import { signUp } from "../domain/sign-up.ts";
import { unauthenticated } from "../errors.ts";
import { hmac, isSigned } from "../hmac.ts";
import type { Api, ApiContext } from "./envelope.ts";
import { spend } from "./rate-limit.ts";
import { email, malformedJson, parse, poolName } from "./validate.ts";

const TOLERANCE_SECONDS = 300;

/** What Cognito sends of each trigger: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html */
const Trigger = z.object({
  triggerSource: z.string(),
  userName: poolName,
  request: z.object({
    userAttributes: z.object({ sub: poolName.optional(), email, name: z.string().nullish() }),
  }),
});
type Trigger = z.infer<typeof Trigger>;

export const hooks = new Hono<Api>().post("/cognito", async (c) => {
  const body = await signedBody(c);
  const event = readJson(body);
  const { triggerSource: source } = parse(z.object({ triggerSource: z.string() }), event);
  // Other triggers are let through: people made by an administrator or another provider come in with their first token.
  if (source === "PreSignUp_SignUp") await preSignUp(c, parse(Trigger, event));
  if (source === "PostConfirmation_ConfirmSignUp") await postConfirmation(c, parse(Trigger, event), { id: true });
  if (source === "PostConfirmation_ConfirmForgotPassword") {
    // The password is changed already: a pool that does not take the id must not make it look otherwise.
    await postConfirmation(c, parse(Trigger, event), { id: false });
  }
  return new Response(body, { headers: { "content-type": "application/json; charset=utf-8" } });
});

const refused = () => unauthenticated("The signature is missing, wrong or too old");

const signatureOf = (c: ApiContext) => {
  const [, t, v1] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(c.req.header("x-torium-signature") ?? "") ?? [];
  const fresh = t !== undefined && Math.abs(c.var.deps.now() / 1000 - Number(t)) <= TOLERANCE_SECONDS;
  return fresh && v1 !== undefined ? { t, v1 } : null;
};

/** 401 comes before 413: what is not signed at all, or long ago, is not even measured. */
export const requireSignature: MiddlewareHandler<Api> = async (c, next) => {
  if (!signatureOf(c)) throw refused();
  await next();
};

/** The body as bytes, once its signature holds. */
async function signedBody(c: ApiContext): Promise<Uint8Array<ArrayBuffer>> {
  const signature = signatureOf(c);
  if (!signature) throw refused();
  const body = new Uint8Array(await c.req.arrayBuffer());
  const signed = new Uint8Array(await new Blob([`${signature.t}.`, body]).arrayBuffer());
  if (!(await isSigned(c.var.deps.settings.COGNITO_HOOK_SECRET, signature.v1, signed))) throw refused();
  return body;
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body));
  } catch {
    throw malformedJson();
  }
}

/** Where the e-mail is the user name, the pool's own user name is the `sub`, which a sign-up does not name yet. */
const newcomer = ({ userName, request: { userAttributes } }: Trigger) => ({
  cognito_user_id: userAttributes.sub ?? userName,
  email: userAttributes.email,
  name: userAttributes.name ?? null,
});

/**
 * Limited by the address, since all events come from one sender: each sign-up writes a row and has the pool send a letter. A confirmation is not
 * limited: the pool has confirmed the person by then, whatever is answered, and a refusal would leave them without a row; nobody gets there
 * without the code of a letter.
 */
async function preSignUp(c: ApiContext, event: Trigger): Promise<void> {
  const { settings } = c.var.deps;
  await spend(c, "LIMIT_SIGN_UPS", await hmac(settings.COGNITO_HOOK_SECRET[0]!, `sign-up ${newcomer(event).email}`));
  await signUp(c.var.deps.db, newcomer(event), { confirmed: false });
}

/** A pool that refuses the id for good would refuse it at the next try too: the person goes on without it, and the log tells. */
async function postConfirmation(c: ApiContext, event: Trigger, needed: { id: boolean }): Promise<void> {
  const { db, settings, log } = c.var.deps;
  const { id } = await signUp(db, newcomer(event), { confirmed: true });
  await setUserId(settings, event.userName, id).catch((error: unknown) => {
    if (needed.id && !(error instanceof PoolRefusal)) throw error;
    log.error("user id", error);
  });
}
