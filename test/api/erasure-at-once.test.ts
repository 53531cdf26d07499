import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { arrangedEvent } from "../support/arranged.ts";
import { call, type Person, person, query, testDeps, uniqueNumber } from "../support/index.ts";
import { remove, state } from "../support/membership.ts";
import { intercept } from "../support/network.ts";
import { clockedDeps, event, group, tick } from "../support/pipeline.ts";
import { send, event as trigger } from "../support/triggers.ts";

const erase = (as: Person, deps = testDeps()) => call("DELETE", "/users", { as, deps });
const left = ({ id }: Person) => query(sql`select id from users where id = ${id}`);

test("two erasures at once, and one beside what the person is doing: each is done or refused, and nothing of them stays", async () => {
  const [someone, other] = [await person(), await person()];
  const group_id = await group(someone, other);
  const json = { name: "Late", description: "" };
  const answers = await Promise.all([
    erase(someone),
    erase(someone),
    call("POST", "/groups", { as: someone, json }),
    call("POST", "/users/mobile", { as: someone, json: { mobile_number: uniqueNumber() } }),
    erase(other),
  ]);
  for (const { http } of answers) expect([200, 401]).toContain(http);
  expect(await left(someone)).toEqual([]);
  expect(await left(other)).toEqual([]);
  expect(await state(group_id)).toBeUndefined();
  expect(await query(sql`select id from groups where admin_id = ${someone.id}`)).toEqual([]);
});

test("people who share groups erase themselves, leave and are reminded at once: nobody waits for ever, and each group that lives has an admin who owns it", async () => {
  const people = await Promise.all(Array.from({ length: 6 }, () => person()));
  const [stays, leaves] = [await person(), await person()];
  const groups: number[] = [];
  const clock = { ms: Date.now() };
  for (let turn = 0; turn < 4; turn++) {
    const members = [...people.slice(turn), ...people.slice(0, turn)] as [Person, ...Person[]];
    const group_id = await group(...members, leaves, ...(turn < 3 ? [stays] : []));
    groups.push(group_id);
    await event(members[0], { group_id, at: clock.ms + 60_000 }, clockedDeps(clock));
    const { id } = await arrangedEvent(group_id, members);
    await call("POST", "/event/comment", { as: members[1]!, json: { event_id: id, comment: "Hi" } });
  }
  const work = [
    ...people.map((one) => erase(one)),
    ...groups.map((group_id) => remove(leaves, group_id, leaves)),
    tick(clockedDeps(clock), clock.ms).then(() => ({ http: 200 })),
  ];
  const codes = (await Promise.all(work)).map(({ http }) => http);
  expect(codes.slice(0, people.length)).toEqual(people.map(() => 200));
  // The last admin of a moment cannot leave while others stay.
  for (const code of codes) expect([200, 409]).toContain(code);
  for (const one of people) expect(await left(one)).toEqual([]);
  for (const group_id of groups.slice(0, 3)) {
    const found = (await state(group_id))!;
    expect(found.roles[found.admin_id]).toBe("admin");
  }
});

test("a confirmation that comes at the same time brings no row back, and is no fault", async () => {
  const someone = await person();
  const sub = someone.cognito_user_id;
  const inviter = await person();
  await query(
    sql`insert into group_invitation_logs (group_id, email, invited_by) values (${await group(inviter)}, ${someone.email}, ${inviter.id})`,
  );
  intercept("http://pool.test", () => Response.json({}));
  const body = JSON.stringify(
    trigger("PostConfirmation_ConfirmSignUp", sub, { sub, email: someone.email, email_verified: "true" }),
  );
  const [erased, confirmed] = await Promise.all([erase(someone), send(body)]);
  vi.restoreAllMocks();
  expect(erased.http).toBe(200);
  expect([200, 401]).toContain(confirmed.http);
  expect(await left(someone)).toEqual([]);
  expect(await query(sql`select id from users where email = ${someone.email}`)).toEqual([]);
});
