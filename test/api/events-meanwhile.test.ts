import { describe, expect, test } from "vitest";
import { base, made, put, read } from "../support/changed-events.ts";
import { call, type Person, person } from "../support/index.ts";
import { meanwhile } from "../support/meanwhile.ts";
import { group } from "../support/pipeline.ts";

describe("a manual reminder that waits for somebody else's change of the event", () => {
  const notified = async (admin: Person, event_id: number, change: string) => {
    const notify = () => call("POST", "/event/notify", { as: admin, json: { event_id } });
    return (await meanwhile(change, [notify]))[0]!;
  };

  test("finds no event where it was deleted", async () => {
    const { admin, id } = await made();
    const answer = await notified(admin, id, `delete from events where id = ${id}`);
    expect(answer).toMatchObject({ http: 404, error: { code: "not_found" } });
    expect(answer.headers.get("retry-after")).toBeNull();
  });

  test("is refused by what the role is by then", async () => {
    const { admin, id, group_id } = await made();
    const change = `update events set notified_at = now() where id = ${id};
      update group_members set status = 'standard' where group_id = ${group_id} and user_id = ${admin.id}`;
    expect((await notified(admin, id, change)).http).toBe(403);
  });

  test("is told when it is allowed again where another was faster", async () => {
    const { admin, id } = await made();
    const answer = await notified(admin, id, `update events set notified_at = now() where id = ${id}`);
    expect(answer.http).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(86_000);
  });

  test("goes out where the change was of something else", async () => {
    const { admin, id } = await made();
    const answer = await notified(admin, id, `update events set name = 'Supper' where id = ${id}`);
    expect(answer).toMatchObject({ http: 200, roundTrips: 1 });
  });
});

describe("a new event while members leave", () => {
  const planned = async (admin: Person, group_id: number, change: string, more: object = {}) => {
    const post = () => call("POST", "/event", { as: admin, json: { ...base, group_id, ...more } });
    return (await meanwhile(change, [post]))[0]!;
  };
  const without = (group_id: number, left: Person) =>
    `delete from group_members where group_id = ${group_id} and user_id = ${left.id}`;

  test("that names nobody is for those who stay", async () => {
    const [admin, staying, leaving] = [await person(), await person(), await person()];
    const group_id = await group(admin, staying, leaving);
    const answer = await planned(admin, group_id, without(group_id, leaving));
    expect(answer.http).toBe(200);
    const { users } = await read(admin, answer.data.id);
    expect(users.map(({ id }: { id: number }) => id)).toEqual([admin.id, staying.id]);
  });

  test("that names who left is refused at their place", async () => {
    const [admin, leaving] = [await person(), await person()];
    const group_id = await group(admin, leaving);
    const answer = await planned(admin, group_id, without(group_id, leaving), { users: [admin.id, leaving.id] });
    expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "users.1" }] } });
  });

  test("of a group that is deleted finds none", async () => {
    const admin = await person();
    const group_id = await group(admin);
    expect((await planned(admin, group_id, `delete from groups where id = ${group_id}`)).http).toBe(404);
  });

  test("a change that names who left is refused at their place too", async () => {
    const { admin, member, group_id, id } = await made({ users: [] });
    const change = () => put(admin, { id, users: [member.id] });
    const [answer] = await meanwhile(without(group_id, member), [change]);
    expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: "users.0" }] } });
  });
});

test("ten who change one event's time at once all succeed, one after another; alone it takes as many calls as ever", async () => {
  const { admin, id } = await made();
  const days = Array.from({ length: 10 }, (_, n) => `2031-11-${20 + n} 09:00:00`);
  const answers = await meanwhile(
    `perform from events where id = ${id} for update`,
    days.map((event_timestamp) => () => put(admin, { id, event_timestamp })),
  );
  expect(answers.map(({ http }) => http)).toEqual(days.map(() => 200));
  expect(days).toContain((await read(admin, id)).event_timestamp);
  const alone = [{ name: "Supper" }, { event_timestamp: "2031-12-01 09:00:00" }];
  const calls = [];
  for (const change of alone) calls.push((await put(admin, { id, ...change })).roundTrips);
  expect(calls).toEqual([1, 2]);
});
