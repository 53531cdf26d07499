import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import config from "../../wrangler.toml?raw";
import { accessToken, call, idToken, type Person, person, query, testDeps, unique } from "../support/index.ts";

const LIMIT = 30;

const find = (as: Person | string | undefined, email: unknown, deps = testDeps()) =>
  call("GET", "/users/email", { ...(as && { as }), query: { email }, deps });

/** Deps with a limiter that the test decides about; the keys that it was asked for. */
function limited(outcome: () => Promise<{ success: boolean }>) {
  const keys: string[] = [];
  const deps = testDeps();
  const limiter: RateLimit = {
    limit: ({ key }) => {
      keys.push(key);
      return outcome();
    },
  };
  deps.bindings = { ...deps.bindings, LIMIT_EMAIL_LOOKUPS: limiter };
  return { deps, keys };
}

describe("GET /users/email", () => {
  test("tells whose address it is, in one round trip, and nothing else of them", async () => {
    const [ann, ben] = [await person(), await person()];
    for (const someone of [ann, ben]) {
      const found = await find(ann, someone.email);
      expect(found).toMatchObject({ http: 200, roundTrips: 1 });
      expect(found.data).toEqual({ user_id: someone.id });
    }
  });

  test("takes no heed of case and of blanks around it", async () => {
    const [ann, ben] = [await person(), await person()];
    expect((await find(ann, ` ${ben.email.toUpperCase()} `)).data).toEqual({ user_id: ben.id });
  });

  test("an address of nobody is not found, and neither is one that is not confirmed", async () => {
    const [ann, ben] = [await person(), await person()];
    await query(sql`update users set confirmed_at = null where id = ${ben.id}`);
    for (const email of [ben.email, `${unique("nobody")}@torium.test`]) {
      expect(await find(ann, email)).toMatchObject({ http: 404, error: { code: "not_found" }, data: null });
    }
  });

  test("only a whole address is looked for", async () => {
    const [ann, ben] = [await person(), await person()];
    for (const email of [
      "",
      "ann",
      ben.email.slice(0, 8),
      `%@torium.test`,
      `a\u0000@torium.test`,
      `${"a".repeat(250)}@x.pl`,
    ]) {
      const answer = await find(ann, email);
      expect([email, [400, 404].includes(answer.http)]).toEqual([email, true]);
    }
    for (const query of [{}, { email: "ann" }]) {
      const answer = await call("GET", "/users/email", { as: ann, query });
      expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "email" }] } });
    }
  });

  test("needs a token that names somebody; an ID token makes their row, an access token alone does not", async () => {
    const ben = await person();
    expect((await find(undefined, ben.email)).http).toBe(401);
    expect((await find(await accessToken(crypto.randomUUID()), ben.email)).http).toBe(401);
    const email = `${unique("new")}@torium.test`.toLowerCase();
    expect((await find(await idToken(crypto.randomUUID(), email), ben.email)).data).toEqual({ user_id: ben.id });
  });

  test("the app reads it by its header, with HTTP 200 where nobody has the address", async () => {
    const [ann, ben] = [await person(), await person()];
    const ask = (email: string) => call("GET", "/users/email", { as: ann, headers: { "trm-email": email } });
    expect(await ask(ben.email)).toMatchObject({ http: 200, data: { user_id: ben.id } });
    expect(await ask(`${unique("nobody")}@torium.test`)).toMatchObject({ http: 200, status: { code: 404 } });
  });
});

describe("its limit", () => {
  test("wrangler.toml allows 30 a minute", () => {
    const block = config.split("[[ratelimits]]").find((one) => one.includes('"LIMIT_EMAIL_LOOKUPS"'));
    expect(block).toContain(`simple = { limit = ${LIMIT}, period = 60 }`);
  });

  test("counts by person: whoever is past it is told when to come back, and others are not", async () => {
    const [ann, ben] = [await person(), await person()];
    // Twice the limit and one more: at least one is over, also where the minute ends meanwhile.
    const answers = await Promise.all(Array.from({ length: 2 * LIMIT + 1 }, () => find(ann, ben.email)));
    const over = answers.filter(({ http }) => http !== 200);
    expect(over.length).toBeGreaterThanOrEqual(1);
    expect(answers.length - over.length).toBeGreaterThanOrEqual(LIMIT);
    for (const answer of over) {
      expect(answer).toMatchObject({ http: 429, error: { code: "rate_limited" }, data: null });
      expect(answer.headers.get("retry-after")).toBe("60");
    }
    expect((await find(ben, ann.email)).http).toBe(200);
  });

  test("past it nothing is looked up, so that nobody learns which addresses exist", async () => {
    const [ann, ben] = [await person(), await person()];
    const { deps, keys } = limited(async () => ({ success: false }));
    for (const email of [ben.email, `${unique("nobody")}@torium.test`]) {
      expect((await find(ann, email, deps)).http).toBe(429);
    }
    expect(keys).toEqual([ann.cognito_user_id, ann.cognito_user_id]);
  });

  test("401 and 400 come first, and what is refused for them is not counted", async () => {
    const ann = await person();
    const { deps, keys } = limited(async () => ({ success: false }));
    expect((await find(undefined, ann.email, deps)).http).toBe(401);
    expect((await find(ann, "ann", deps)).http).toBe(400);
    expect(keys).toEqual([]);
    expect((await find(await accessToken(crypto.randomUUID()), ann.email, deps)).http).toBe(401);
  });

  test("a limiter that is out of order limits nobody, and is logged", async () => {
    const [ann, ben] = [await person(), await person()];
    const { deps } = limited(() => Promise.reject(new Error("away")));
    const logged: string[] = [];
    deps.log = { ...deps.log, error: (event) => void logged.push(event) };
    expect((await find(ann, ben.email, deps)).data).toEqual({ user_id: ben.id });
    expect(logged).toEqual(["rate limiter"]);
  });
});
