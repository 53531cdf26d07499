/**
 * A small world that really exists: ids of every kind are drawn from the same few numbers, so that many a request reaches its row. Written anew
 * after each request that changed it, so that every request meets the same.
 */
import { sql } from "drizzle-orm";
import { connect, transactAll } from "../../src/clients/neon.ts";
import { accessToken, settings } from "../support/index.ts";

/** 1 is the group of everybody below; 2 of the stranger alone. Event 1 and comment 1 are in it, event 2 and comment 2 in the other. */
const FIRST = 1_000_000;
export const ID = {
  first: FIRST,
  second: FIRST + 1,
  /** People alone have more. */
  people: [FIRST, FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 4, FIRST + 5],
  nothing: FIRST + 99,
};

const PEOPLE = ["admin", "moderator", "standard", "invited", "stranger", "unconfirmed"] as const;
export const CALLERS = ["admin", "moderator", "standard", "invited", "stranger", "nobody", "forged", "none"] as const;
export type Caller = (typeof CALLERS)[number];

const run = crypto.randomUUID().slice(0, 8);
export const emailOf = (who: string) => `${who}-${run}@torium.test`;
const subOf = (who: string) => `${run}-${who}`;
export const EMAILS = [...PEOPLE, "unknown"].map(emailOf);

/** `nobody` has a good token and no row, `forged` a bad one. */
const tokens = new Map<Caller, string>();
for (const who of CALLERS) if (who !== "none") tokens.set(who, await accessToken(subOf(who)));
tokens.set("forged", `${tokens.get("admin")!.slice(0, -8)}AAAAAAAA`);
export const tokenOf = (who: Caller): string | undefined => tokens.get(who);

const db = connect(settings.DATABASE_URL, { fetchEndpoint: settings.NEON_FETCH_ENDPOINT });

const people = PEOPLE.map((who, place) => ({
  id: ID.people[place],
  cognito_user_id: subOf(who),
  email: emailOf(who),
  username: who,
  confirmed: who !== "unconfirmed",
}));
const [admin, moderator, standard, invited, stranger] = ID.people;

/** Everything as it was at first. */
export const restoreWorld = (): Promise<unknown> =>
  transactAll(
    db,
    sql`delete from groups`,
    sql`delete from users`,
    sql`delete from erased_people`,
    sql`delete from organizations`,
    sql`delete from event_reminders`,
    sql`insert into organizations (id, name, url, logo_link) values (${ID.first}, 'A bank', 'https://bank.test', 'bank.png')`,
    sql`insert into users (id, cognito_user_id, email, username, confirmed_at)
        select id, cognito_user_id, email, username, case when confirmed then now() end
        from json_to_recordset(${JSON.stringify(people)}::json) as p(id bigint, cognito_user_id text, email text, username text, confirmed boolean)`,
    sql`insert into phone_verifications (user_id, mobile_number, code_hmac, created_at, expires_at)
        select id, '+48791234500', 'of no code', '2026-10-01Z', '2050-01-01Z' from users`,
    sql`insert into groups (id, name, description, admin_id)
        values (${ID.first}, 'Everybody', '', ${admin}), (${ID.second}, 'Another', '', ${stranger})`,
    sql`insert into group_members (group_id, user_id, status)
        values (${ID.first}, ${admin}, 'admin'), (${ID.first}, ${moderator}, 'moderator'), (${ID.first}, ${standard}, 'standard'),
               (${ID.second}, ${stranger}, 'admin')`,
    sql`insert into group_invitation_logs (id, group_id, user_id, invited_by) values (${ID.first}, ${ID.first}, ${invited}, ${admin})`,
    sql`insert into events (id, group_id, name, description, event_timestamp, time_zone, starts_at, recurrence, schedule_period, is_budget, planned_at, upcoming)
        select id, id, 'Event', '', '2050-01-01 12:00', 'Europe/Warsaw', '2050-01-01 11:00Z', 'FREQ=WEEKLY', '1 week', false, now(),
               '[{"event_timestamp": "2050-01-01 12:00:00", "starts_at": "2050-01-01T11:00:00Z"}]'
        from unnest(${sql.param([ID.first, ID.second])}::bigint[]) id`,
    sql`insert into events_users (event_id, group_id, user_id)
        values (${ID.first}, ${ID.first}, ${admin}), (${ID.first}, ${ID.first}, ${standard}), (${ID.second}, ${ID.second}, ${stranger})`,
    sql`insert into event_leads (event_id, lead) values (${ID.first}, '0'), (${ID.second}, '0')`,
    sql`insert into events_comments (id, event_id, user_id, comment, handed_on_at)
        values (${ID.first}, ${ID.first}, ${standard}, 'One', now()), (${ID.second}, ${ID.second}, ${stranger}, 'Two', now())`,
  );
