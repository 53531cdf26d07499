import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { made, put, read } from "../support/changed-events.ts";
import { call, query } from "../support/index.ts";

describe("DELETE /event", () => {
  test("works whatever hangs on it, in one round trip, and a second time finds nothing", async () => {
    const { admin, member, id } = await made({
      recurrence: "FREQ=DAILY",
      exceptions: [{ occurrence: "2031-11-12 18:00:00", moved_to: null }],
    });
    await call("POST", "/event/comment", { as: member, json: { event_id: id, comment: "Hello" } });
    await call("POST", "/event/notify", { as: admin, json: { event_id: id } });
    const gone = await call("DELETE", "/event", { as: admin, query: { id } });
    expect(gone).toMatchObject({ http: 200, data: null, roundTrips: 1 });
    expect(await read(admin, id)).toBeUndefined();
    expect((await call("DELETE", "/event", { as: admin, query: { id } })).http).toBe(404);
    expect((await put(admin, { id, name: "Back" })).http).toBe(404);
    expect(await query(sql`select from event_reminders where event_id = ${id}`)).toHaveLength(1);
  });

  test("in the app's dialect the id comes in a body or a header", async () => {
    const { admin, id } = await made();
    const headers = { "trm-user-id": String(admin.id) };
    const deleted = (more: object) => call("DELETE", "/event", { as: admin, headers, ...more });
    expect(await deleted({ json: {} })).toMatchObject({ http: 200, status: { code: 400 } });
    expect(await deleted({ json: { id: String(id) } })).toMatchObject({ status: { code: 200 }, data: null });
    const other = await made();
    const header = { headers: { "trm-id": String(other.id) } };
    expect(await call("DELETE", "/event", { as: other.admin, ...header })).toMatchObject({ status: { code: 200 } });
    expect(await read(other.admin, other.id)).toBeUndefined();
  });

  test("two at once: one deletes", async () => {
    const { admin, id } = await made();
    const answers = await Promise.all([1, 2].map(() => call("DELETE", "/event", { as: admin, query: { id } })));
    expect(answers.map(({ http }) => http).sort()).toEqual([200, 404]);
  });
});
