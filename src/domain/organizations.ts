/** The banks that people pay with: a reminder of a budget event carries the reader's. */
import { type SQL, sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";
import { type Page, type Paging, pageOf } from "./page.ts";

/** `logo_link` is the name of a file. */
export type Organization = { id: number; name: string; url: string; logo_link: string };

/** By name. */
export async function listOrganizations(
  db: Db,
  { limit, after }: Paging<[string]>,
): Promise<Page<Organization, [string]>> {
  const behind: SQL = after ? sql`where name > ${after[0]}` : sql``;
  const list = await rows<Organization>(
    db,
    sql`select id, name, url, logo_link from organizations ${behind} order by name limit ${limit + 1}`,
  );
  return pageOf(list, limit, (last) => [last.name]);
}
