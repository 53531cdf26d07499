/** Somebody of a first Torium's group comes under another name while their group changes: who locks what first is the same for both. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { call, idToken, person, query, unique } from "../support/index.ts";
import { meanwhile } from "../support/meanwhile.ts";
import { group } from "../support/pipeline.ts";

test("a group's deletion and a member's first request wait for each other in turn, and both succeed", async () => {
  const admin = await person();
  const group_id = await group(admin);
  // In the group, invited into it once more by their address, and not confirmed here yet.
  const [sub, email] = [crypto.randomUUID(), `${unique("expected")}@torium.test`.toLowerCase()];
  await query(
    sql`with made as (
          insert into users (cognito_user_id, email, username) values (${sub}, ${email}, 'As it was') returning id
        ), joined as (
          insert into group_members (group_id, user_id, status) select ${group_id}, id, 'standard' from made
        )
        insert into group_invitation_logs (group_id, email, invited_by, delivery_status, next_attempt_at)
        values (${group_id}, ${email}, ${admin.id}, 'sent', null)`,
  );
  const signIn = async () => call("GET", "/users", { as: await idToken(sub, email) });
  const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  const remove = async () => {
    while ((await query(waiting)).length === 0);
    return call("DELETE", "/groups", { as: admin, query: { id: group_id } });
  };
  const invitation = `perform from group_invitation_logs where group_id = ${group_id} for update`;
  const answers = await meanwhile(invitation, [signIn, remove]);
  expect(answers.map(({ http }) => http)).toEqual([200, 200]);
});
