/** E-mail addresses: what one is, alike at every door, and safe wherever it goes later. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { call, idToken, inbox, person, unique, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";
import { confirm, newSub, poolAnswers, rowsOf, signUp } from "../support/triggers.ts";

afterEach(() => void vi.restoreAllMocks());

const MINUTE = 60_000;
const tag = unique("odd").toLowerCase();
const ODD = [
  `tom&ann-${tag}@torium.test`,
  `a!#$%b.${tag}@torium.test`,
  `o'neil+${tag}=x@torium.test`,
  `{x}|~^\`*/?_${tag}@torium.test`,
  `zażółć-${tag}@torium.test`,
  `ola-${tag}@żółw.pl`,
  `ola-${tag}@localhost`,
];
const find = async (email: string) => call("GET", "/users/email", { as: await person(), query: { email } });

describe("an odd address that is one", () => {
  test("is unknown before sign-up and found after it, by its letters in any case", async () => {
    poolAnswers();
    for (const address of ODD) {
      expect([address, (await find(address)).http]).toEqual([address, 404]);
      const sub = newSub();
      expect([(await signUp(sub, address)).http, (await confirm(sub, address)).http]).toEqual([200, 200]);
      const found = await find(` ${address.toUpperCase()} `);
      expect([address, found.http]).toEqual([address, 200]);
    }
  });

  test("can be invited, and gets the letter; so does one whose domain has other letters, as mail spells it", async () => {
    const deps = clockedDeps({ ms: Date.now() });
    const as = await person();
    const group_id = await group(as);
    for (const [address, reached] of [
      [`tim&ann-${tag}@torium.test`, `tim&ann-${tag}@torium.test`],
      [`a!#$%c-${tag}@torium.test`, `a!#$%c-${tag}@torium.test`],
      [`Ewa-${tag}@ŻÓŁW.pl`, `ewa-${tag}@xn--w-uga1v8h.pl`],
    ] as const) {
      const json = { group_id, email: address };
      expect((await call("POST", "/group/members", { as, json, deps })).http).toBe(200);
      await receive(deps, taken(deps));
      expect([address, (await inbox("email", reached)).length]).toEqual([address, 1]);
      expect((await call("POST", "/group/members", { as, json: { group_id, email: reached } })).http).toBe(409);
      const query = { group_id, email: address };
      expect((await call("DELETE", "/group/members", { as, query })).http).toBe(200);
    }
  });

  test("has one spelling: one person, whether the domain comes in its letters or in punycode", async () => {
    poolAnswers();
    const [letters, punycode] = [`jan-${tag}@żółw.pl`, `jan-${tag}@xn--w-uga1v8h.pl`];
    await confirm(newSub(), letters);
    const [row] = await rowsOf(punycode);
    for (const spelling of [letters, punycode]) expect((await find(spelling)).data).toEqual({ user_id: row!.id });
    expect((await confirm(newSub(), punycode)).http).toBe(409);
    expect((await call("GET", "/users", { as: await idToken(newSub(), letters) })).http).toBe(401);
  });

  test("that SES never takes is refused for good, and the reminder goes by the next channel", async () => {
    const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
    const deps = clockedDeps(clock);
    const mobile_number = uniqueNumber();
    const someone = await person({ email: `żółć-${tag}@torium.test`, mobile_number });
    const event_id = await event(someone, { group_id: await group(someone), at: clock.ms + 10 * MINUTE }, deps);
    clock.ms += 9 * MINUTE;
    await tick(deps, clock.ms);
    await drain(deps, clock);
    expect(await ledger(event_id)).toMatchObject([
      { channel: "email", status: "failed", last_error: "BadRequestException" },
      { channel: "sms", status: "sent" },
    ]);
    expect(await inbox("sms", mobile_number)).toHaveLength(1);
  });
});

test("what could be read as several addresses, a name beside one or a header is refused, at every door alike", async () => {
  const as = await person();
  const group_id = await group(as);
  for (const [place, wrong] of [
    "ann",
    "@torium.test",
    "ann@",
    "a@b@torium.test",
    "<ann@torium.test>",
    "Ann <ann@torium.test>",
    "ann@torium.test,eve@torium.test",
    "ann,eve@torium.test",
    "ann;eve@torium.test",
    "all:ann@torium.test;",
    '"ann eve"@torium.test',
    "ann(eve)@torium.test",
    "ann\\@torium.test",
    "ann@[127.0.0.1]",
    "ann@torium.test/x",
    "ann@torium.test?x",
    "ann@żółw.pl/x",
    "ann@℀.pl",
    "ann@torium.test\r\nBcc: eve@torium.test",
    "ann\n@torium.test",
    "ann\u0085@torium.test",
    "ann\u2028@torium.test",
    "ann eve@torium.test",
    "a\u0000@torium.test",
    "a\u007f@torium.test",
    "a\u202e@torium.test",
    "a\ud800@torium.test",
    `${"a".repeat(243)}@torium.test`,
    `ann@${"ż".repeat(245)}.pl`,
  ].entries()) {
    const issues = [{ path: "email", message: "must be an e-mail address of at most 254 characters" }];
    const invited = await call("POST", "/group/members", { as, json: { group_id, email: wrong } });
    expect([place, wrong, invited.http, invited.error?.issues]).toEqual([place, wrong, 400, issues]);
    if (wrong.isWellFormed()) {
      const query = { group_id, email: wrong };
      expect([wrong, (await call("GET", "/users/email", { as, query })).error?.issues]).toEqual([wrong, issues]);
      expect([wrong, (await call("DELETE", "/group/members", { as, query })).error?.issues]).toEqual([wrong, issues]);
    }
    expect([wrong, (await signUp(newSub(), wrong)).http]).toEqual([wrong, 400]);
    expect([wrong, (await call("GET", "/users", { as: await idToken(newSub(), wrong) })).http]).toEqual([wrong, 401]);
  }
});
