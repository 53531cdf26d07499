/** Forms of the console: whatever it does is asked by one, which is good once, for a quarter of an hour, and for whom it was made. */
import type { MiddlewareHandler } from "hono";
import type { Deps } from "../deps.ts";
import { spendForm } from "../domain/console-forms.ts";
import type { Settings } from "../env.ts";
import { AppError, conflict, forbidden } from "../errors.ts";
import { hmac, isSigned } from "../hmac.ts";
import type { Fields } from "../log.ts";
import type { Api, ApiContext } from "./envelope.ts";
import { type Operator, randomHex } from "./operator.ts";

const FORM_MINUTES = 15;

const signed = ({ bound }: Operator, form: string) => `console form\n${bound}\n${form}`;

export async function newForm(settings: Settings, operator: Operator, now: number): Promise<string> {
  const form = `${randomHex()}.${now + FORM_MINUTES * 60_000}`;
  return `${form}.${await hmac(settings.LINK_SECRET[0]!, signed(operator, form))}`;
}

/** What is missing, foreign or too old is refused before the input is read; what is spent, once it is to be done. */
export const requireForm: MiddlewareHandler<Api> = async (c, next) => {
  const { settings, now } = c.var.deps;
  const [, form = "", until = "", signature = ""] =
    /^([0-9a-f]{32}\.(\d{1,15}))\.([0-9a-f]{64})$/.exec(c.req.header("x-form-token") ?? "") ?? [];
  const genuine = await isSigned(settings.LINK_SECRET, signature, signed(c.var.operator, form));
  if (!genuine || Number(until) <= now()) throw forbidden("The form is missing, too old or somebody else's");
  c.set("form", form);
  await next();
};

/** Does what an operator asks for by the form, once, and logs it; `about`: numbers and names of queues, never a value. */
export async function operate<T>(
  c: ApiContext,
  action: string,
  about: Fields,
  work: (deps: Deps) => Promise<T>,
  told: (done: T) => Fields = () => ({}),
): Promise<T> {
  const { deps, operator, form } = c.var;
  const log = (fields: Fields) => deps.log.info(`operator ${action}`, { operator: operator.name, ...about, ...fields });
  try {
    if (!(await spendForm(deps.db, form, deps.now()))) throw conflict("This form was used already");
    const done = await work(deps);
    log({ outcome: "ok", ...told(done) });
    return done;
  } catch (error) {
    log({ outcome: error instanceof AppError ? error.code : "internal" });
    throw error;
  }
}
