import { afterEach, describe, expect, test, vi } from "vitest";
import config from "../../wrangler.toml?raw";
import { person } from "../support/index.ts";
import { event, fire, limited, newEmail, newSub, poolAnswers, rowsOf, send, signUp } from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

describe("the limit of sign-ups", () => {
  const LIMIT = 10;

  test("wrangler.toml allows 10 a minute", () => {
    const block = config.split("[[ratelimits]]").find((one) => one.includes('"LIMIT_SIGN_UPS"'));
    expect(block).toContain(`simple = { limit = ${LIMIT}, period = 60 }`);
  });

  test("counts by the address of the person, in whatever case, and not by who sends them", async () => {
    const [email, other] = [newEmail(), newEmail()];
    // Twice the limit and one more: at least one is over, also where the minute ends meanwhile.
    const answers = await Promise.all(
      Array.from({ length: 2 * LIMIT + 1 }, (_, n) => signUp(newSub(), n % 2 ? email : email.toUpperCase())),
    );
    const over = answers.filter(({ http }) => http !== 200);
    expect(over.length).toBeGreaterThanOrEqual(1);
    expect(answers.length - over.length).toBeGreaterThanOrEqual(LIMIT);
    for (const { http, text, retry, roundTrips } of over) {
      expect([http, retry, roundTrips]).toEqual([429, "60", 0]);
      expect(JSON.parse(text)).toMatchObject({ status: { code: 429 }, data: null, error: { code: "rate_limited" } });
    }
    expect((await signUp(newSub(), other)).http).toBe(200);
  });

  test("a refused sign-up writes no row, and says neither whose it was nor whether the address has an account", async () => {
    const [owner, email] = [await person(), newEmail()];
    const { deps, keys } = limited(() => false);
    const logged: unknown[] = [];
    const keep = (...said: unknown[]) => void logged.push(...said);
    deps.log = { ...deps.log, info: keep, error: keep };
    const fired = (to: string) => fire("PreSignUp_SignUp", newSub(), { email: to }, { deps });
    const [taken, free] = [await fired(owner.email), await fired(email)];
    expect([taken.http, free.http]).toEqual([429, 429]);
    const told = ({ text }: { text: string }) => ({ ...JSON.parse(text), error: null });
    expect(told(taken)).toEqual(told(free));
    expect(await rowsOf(email)).toEqual([]);
    expect(new Set(keys).size).toBe(2);
    for (const seen of [...keys, JSON.stringify(logged), taken.text, free.text]) {
      expect(seen).not.toContain(email.split("@")[0]);
      expect(seen).not.toContain(owner.email.split("@")[0]);
    }
  });

  test("a confirmation and a forgotten password pass it, so that nobody who is confirmed is without a row", async () => {
    poolAnswers();
    const { deps, keys } = limited(() => false);
    for (const source of ["ConfirmSignUp", "ConfirmForgotPassword"]) {
      const [sub, email] = [newSub(), newEmail()];
      const answer = await fire(`PostConfirmation_${source}`, sub, { sub, email, email_verified: "true" }, { deps });
      expect(answer.http).toBe(200);
      expect(await rowsOf(email)).toMatchObject([{ cognito_user_id: sub, confirmed: true }]);
    }
    expect(keys).toEqual([]);
  });

  test("what is not signed, and what is no event, is not counted", async () => {
    const { deps, keys } = limited(() => false);
    const body = JSON.stringify(event("PreSignUp_SignUp", newSub(), { email: newEmail() }));
    expect((await send(body, { deps, secret: "another-secret-altogether" })).http).toBe(401);
    expect((await fire("PreSignUp_SignUp", newSub(), { email: "x" }, { deps })).http).toBe(400);
    expect((await fire("PreSignUp_AdminCreateUser", newSub(), { email: newEmail() }, { deps })).http).toBe(200);
    expect(keys).toEqual([]);
  });
});
