/** Numbers as the first app's forms let them through. */
import { describe, expect, test } from "vitest";
import { call, person } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const inApp = { "trm-screen": "1" };

describe("a budget", () => {
  async function planner() {
    const admin = await person();
    const group_id = await group(admin);
    const plan = { event_timestamp: "2031-11-11 18:00:00.00", reminder: "once", schedule_period: "1 day" };
    return async (budget: string) => {
      const json = { name: "x", description: "", ...plan, group_id, is_budget: true, budget };
      const made = await call("POST", "/event", { as: admin, headers: inApp, json });
      if (made.status.code !== 200) return made.error?.issues?.map(({ path }) => path);
      const [event] = (await call("GET", "/event", { as: admin, query: { id: made.data.id } })).data;
      const changed = await call("PUT", "/event", { as: admin, headers: inApp, json: { id: made.data.id, budget } });
      expect(changed.status.code).toBe(200);
      return event.budget;
    };
  }

  test("is read as Dart reads a number, where that is plain", async () => {
    const read = await planner();
    for (const [said, meant] of [
      ["100.", "100.00"],
      [".5", "0.50"],
      ["+5", "5.00"],
      [" +5.25 ", "5.25"],
      ["0.", "0.00"],
      [" 99.50", "99.50"],
    ] as const) {
      expect([said, await read(said)]).toEqual([said, meant]);
    }
  });

  test("that is finer than money, a power or no number is refused by its name", async () => {
    const read = await planner();
    for (const odd of ["99.999", "1e3", ".", "+", "5,5", "++5", "-5", "5 5", "1.2.", ".5.", `${"1".repeat(60_000)}x`]) {
      expect([odd, await read(odd)]).toEqual([odd, ["budget"]]);
    }
  });
});

test("an id of 16 digits is an id, as text too, up to the largest", async () => {
  const as = await person();
  for (const [said, code] of [
    ["1000000000000000", 404],
    ["9007199254740991", 404],
    ["9007199254740993", 400],
    ["9999999999999999", 400],
  ] as const) {
    const told = await call("POST", "/event/notify", { as, headers: inApp, json: { event_id: said } });
    const plain = await call("POST", "/event/notify", { as, body: `{"event_id":${said}}` });
    expect([said, told.status.code, plain.status.code]).toEqual([said, code, code]);
    const header = { ...inApp, "trm-event-id": said };
    expect((await call("GET", "/event/comment", { as, headers: header })).status.code).toBe(code);
  }
});
