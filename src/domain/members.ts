/** Who is in a group. */
import { sql } from "drizzle-orm";
import type { Db } from "../clients/neon.ts";
import { notFound } from "../errors.ts";
import { type Caller, me, type Role, rowAs } from "./access.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

export type Member = { user_id: number; username: string; email: string; status: Role };

/** The others in a group of the caller's, by id. */
export async function listMembers(
  db: Db,
  caller: Caller,
  { group_id, limit, after }: { group_id: number } & Paging<[number]>,
): Promise<Page<Member, [number]>> {
  const { role, list } = await rowAs<{ role: Role | null; list: Member[] }>(
    db,
    sql`with ${me(caller)}, member as (
          select group_id, user_id, status from group_members where group_id = ${group_id} and user_id = (select id from me)
        )
        select (select id from me) as caller, (select status from member) as role, (
          select coalesce(json_agg(x order by x.user_id), '[]')
          from (
            select m.user_id, u.username, u.email, m.status
            from member mine join group_members m on m.group_id = mine.group_id join users u on u.id = m.user_id
            where m.user_id <> mine.user_id and m.user_id > ${after?.[0] ?? 0}
            order by m.user_id limit ${limit + 1}
          ) x
        ) as list`,
  );
  if (role === null) throw notFound("group");
  return pageOf(list, limit, (last) => [last.user_id]);
}
