import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { accessToken, call, person, query } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const base = {
  name: "Dinner",
  description: "",
  is_budget: false,
  recurrence: "FREQ=DAILY",
  reminders: [0],
  event_timestamp: "2031-01-01 10:00:00",
};

test("two exceptions of one occurrence are refused by name", async () => {
  const admin = await person();
  const occurrence = "2031-01-02 10:00:00";
  const exceptions = [
    { occurrence, moved_to: null },
    { occurrence, moved_to: "2031-01-02 11:00:00" },
  ];
  const answer = await call("POST", "/event", {
    as: admin,
    json: { ...base, group_id: await group(admin), exceptions },
  });
  expect(answer.http).toBe(400);
  expect(answer.error?.issues?.[0]?.path).toContain("exceptions.1");
});

test("a cursor with a year that the database does not know is refused", async () => {
  const someone = await person();
  const cursor = btoa(JSON.stringify(["0000-01-01T00:00:00Z", 1]));
  for (const path of ["/event", "/groups/invitation"]) {
    expect(await call("GET", path, { as: someone, query: { cursor } })).toMatchObject({
      http: 400,
      error: { issues: [{ path: "cursor" }] },
    });
  }
});

test("a list pages over names with letters beyond Latin-1", async () => {
  await query(
    sql`insert into organizations (name, url, logo_link) values ('AA Bank Spółdzielczy', 'https://bank.test', 'x.png')`,
  );
  const first = await call("GET", "/organizations", { query: { limit: 1 } });
  expect(first.http).toBe(200);
  const second = await call("GET", "/organizations", { query: { limit: 1, cursor: first.page!.next_cursor } });
  expect(second.data[0].id).not.toBe(first.data[0].id);
});

test("a manual reminder of an event that never takes place is a conflict, and the day is not used up", async () => {
  const admin = await person();
  const exceptions = [{ occurrence: base.event_timestamp, moved_to: null }];
  const json = { ...base, group_id: await group(admin), recurrence: "FREQ=DAILY;COUNT=1", exceptions };
  const { data } = await call("POST", "/event", { as: admin, json });
  expect((await call("POST", "/event/notify", { as: admin, json: { event_id: data.id } })).http).toBe(409);
  expect(await query(sql`select notified_at from events where id = ${data.id}`)).toEqual([{ notified_at: null }]);
});

test("400 comes before 403: a standard member who names a stranger hears of the stranger", async () => {
  const [admin, member, stranger] = [await person(), await person(), await person()];
  const json = { ...base, group_id: await group(admin, member), users: [stranger.id] };
  expect((await call("POST", "/event", { as: member, json })).http).toBe(400);
});

test("401 comes before 413 and 404: an unsigned hook that is too large, an erased person at an unknown address", async () => {
  expect((await call("POST", "/hooks/cognito", { body: "x".repeat(70_000) })).http).toBe(401);
  const sub = crypto.randomUUID();
  await query(
    sql`insert into erased_people (cognito_user_id_sha256) values (encode(sha256(convert_to(${sub}, 'UTF8')), 'hex'))`,
  );
  expect((await call("GET", "/nowhere", { as: await accessToken(sub) })).http).toBe(401);
  expect((await call("GET", "/nowhere", { as: await person() })).http).toBe(404);
});
