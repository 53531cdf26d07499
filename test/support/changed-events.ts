/** Events as tests of their changes need them: made and changed through the API. */
import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { call, type Person, person, query } from "./index.ts";
import { group } from "./pipeline.ts";

export const base = {
  name: "Dinner",
  description: "At Ada's",
  event_timestamp: "2031-11-11 18:00:00",
  reminder: "once",
  schedule_period: "1 day",
  is_budget: false,
};

/** An event of an admin, with a member beside, made as its group's admin does. */
export async function made(changed: object = {}) {
  const [admin, member] = [await person(), await person()];
  const group_id = await group(admin, member);
  const answer = await call("POST", "/event", { as: admin, json: { ...base, group_id, ...changed } });
  if (answer.http !== 200) throw new Error(JSON.stringify(answer));
  return { admin, member, group_id, id: answer.data.id as number };
}
export const put = (as: Person | undefined, json: object) => call("PUT", "/event", { ...(as && { as }), json });
export const read = async (as: Person, id: number) => (await call("GET", "/event", { as, query: { id } })).data[0];
/** What a new plan changes. */
export const standing = async (id: number) => {
  const [row] = await query<{ revision: number; planned_at: string; leads: string }>(
    sql`select revision, planned_at::text, (select string_agg(l.id || ':' || l.lead || coalesce('@' || l.next_due_at, ''), ' ' order by l.id) from event_leads l where l.event_id = e.id) as leads
        from events e where id = ${id}`,
  );
  return row!;
};
/** The answer's faults by path, which come with a 400. */
export const faults = async (as: Person, json: object) => {
  const answer = await put(as, json);
  expect(answer.http).toBe(400);
  return answer.error!.issues!.map(({ path }) => path).sort();
};
