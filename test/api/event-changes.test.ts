import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { faults, made, put, read, standing } from "../support/changed-events.ts";
import { query } from "../support/index.ts";

describe("PUT /event", () => {
  test("changes name, description, budget and participants in one round trip, and leaves the plan as it stands", async () => {
    const { admin, member, id } = await made();
    const before = await standing(id);
    const was = await read(admin, id);
    const users = [member.id, member.id];
    const json = { id, name: " Supper ", description: "", is_budget: true, budget: 99.5, users };
    expect(await put(admin, json)).toMatchObject({ http: 200, data: null, roundTrips: 1, sent: [] });
    expect(await read(admin, id)).toBeUndefined();
    expect(await read(member, id)).toEqual({
      ...was,
      status: "standard",
      name: "Supper",
      description: "",
      is_budget: true,
      budget: "99.50",
      users: [{ id: member.id, email: member.email, username: member.username }],
    });
    expect(await standing(id)).toEqual(before);
  });

  test("an absent field keeps its value: a change of nothing changes nothing", async () => {
    const { admin, id, group_id } = await made({ is_budget: true, budget: "12.30", reminders: [60, 5] });
    const [was, before] = [await read(admin, id), await standing(id)];
    for (const json of [{ id }, { id, group_id }]) expect(await put(admin, json)).toMatchObject({ roundTrips: 1 });
    expect(await read(admin, id)).toEqual(was);
    expect(await standing(id)).toEqual(before);
  });

  test("a budget is ignored unless there is one, goes when it is turned off, and stays exact through currencies", async () => {
    const { admin, id } = await made({ is_budget: true, budget: "100.00" });
    const money = async (json: object) => {
      expect(await put(admin, { id, ...json })).toMatchObject({ http: 200 });
      const { is_budget, budget, currency } = await read(admin, id);
      return [is_budget, budget, currency];
    };
    expect(await money({ budget: "7.05" })).toEqual([true, "7.05", "PLN"]);
    expect(await faults(admin, { id, currency: "JPY" })).toEqual(["budget"]);
    expect(await money({ budget: 700, currency: "JPY" })).toEqual([true, "700", "JPY"]);
    expect(await money({ budget: "800" })).toEqual([true, "800", "JPY"]);
    expect(await faults(admin, { id, budget: "7.5" })).toEqual(["budget"]);
    expect(await money({ currency: "PLN" })).toEqual([true, "800.00", "PLN"]);
    expect(await money({ is_budget: false, budget: "a lot" })).toEqual([false, null, "PLN"]);
    expect(await money({ budget: "5" })).toEqual([false, null, "PLN"]);
    expect(await faults(admin, { id, is_budget: true })).toEqual(["budget"]);
    expect(await faults(admin, { id, is_budget: true, budget: null })).toEqual(["budget"]);
    expect(await faults(admin, { id, is_budget: true, budget: "-1" })).toEqual(["budget"]);
    expect(await money({ is_budget: true, budget: "0.10", currency: "EUR" })).toEqual([true, "0.10", "EUR"]);
  });

  test("participants who stay keep what is theirs, and there may be none", async () => {
    const { admin, member, id } = await made();
    await query(sql`update events_users set rsvp = 'maybe' where event_id = ${id} and user_id = ${member.id}`);
    await put(admin, { id, users: [member.id] });
    const rows = () => query(sql`select user_id, rsvp from events_users where event_id = ${id} order by user_id`);
    expect(await rows()).toEqual([{ user_id: member.id, rsvp: "maybe" }]);
    expect((await put(admin, { id, users: [] })).http).toBe(200);
    expect(await rows()).toEqual([]);
  });

  test("every fault is named at once: of the fields, and of what they mean for this event", async () => {
    const [{ admin, member, id }, other] = [await made(), await made()];
    expect(
      await faults(admin, {
        id: 0,
        group_id: "x",
        name: " ",
        description: 5,
        event_timestamp: "2031-11-11 24:30:00",
        time_zone: "Europe/Nowhere",
        reminder: "daily",
        schedule_period: { toString: 1 },
        is_budget: true,
        budget: "a lot",
        currency: "XXZ",
        users: [0],
        exceptions: [{ occurrence: "never", moved_to: null }],
        reminders: [-1],
      }),
    ).toEqual(
      "budget currency description event_timestamp exceptions.0.occurrence group_id id name reminder reminders.0 schedule_period time_zone users.0".split(
        " ",
      ),
    );
    expect(await faults(admin, {})).toEqual(["id"]);
    const before = await read(admin, id);
    expect(
      await faults(admin, {
        id,
        name: "Not written",
        group_id: other.group_id,
        event_timestamp: "2031-11-12 18:00:00",
        recurrence: "FREQ=WEEKLY;BYDAY=TU",
        is_budget: true,
        users: [admin.id, other.admin.id, member.id, 9e15],
      }),
    ).toEqual(["budget", "group_id", "recurrence", "users.1", "users.3"]);
    expect(await read(admin, id)).toEqual(before);
  });
});
