/** The people, groups and addresses that a run begins with. */
import type { Database } from "./database.ts";
import type { ProviderFault } from "./provider.ts";
import type { Random } from "./random.ts";

export type Person = {
  id: number;
  mobile_number: string | null;
  preference: "SMS" | "EMAIL" | "PUSH" | null;
  locale: string | null;
  time_zone: string | null;
};
export type Arranged = {
  people: Person[];
  /** Member ids of each group; the first is its admin. */
  groups: number[][];
  /** Addresses that the provider refuses for good. */
  dead: Map<string, ProviderFault>;
};

export const callerOf = (id: number) => ({ cognito_user_id: `person-${id}`, email: null, name: null });
export const emailOf = (id: number) => `person${id}@torium.test`;
export const arnOf = (platform: string, number: number) =>
  `arn:aws:sns:eu-central-1:000000000000:endpoint/${platform}/torium/00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

export async function arrange(database: Database, random: Random, at: number): Promise<Arranged> {
  const dead = new Map<string, ProviderFault>();
  const refuse = (address: string, probability: number, ...faults: ProviderFault[]) => {
    if (random.chance(probability)) dead.set(address, random.pick(faults));
  };
  const hostile = random.chance(0.5) ? 0.25 : 0;
  const devices: object[] = [];
  const people = Array.from({ length: random.int(1, 8) }, (_, index): Person => {
    const id = index + 1;
    const mobile_number = random.chance(0.6) ? `+4879000000${id}` : null;
    if (mobile_number) refuse(mobile_number, hostile, "opted_out", "bad");
    refuse(emailOf(id), hostile / 2, "bad");
    for (let number = random.pick([0, 0, 1, 1, 2]); number > 0; number--) {
      const device_arn = arnOf(random.pick(["GCM", "APNS"]), id * 10 + number);
      refuse(device_arn, hostile, "disabled", "not_found");
      devices.push({
        user_id: id,
        platform: device_arn.includes("APNS") ? "apns" : "fcm",
        device_token: `token-${id}-${number}`,
        device_arn,
      });
    }
    return {
      id,
      mobile_number,
      preference: random.pick([null, "EMAIL", "PUSH", ...(mobile_number ? (["SMS", "SMS"] as const) : [])]),
      locale: random.pick([null, "en", "pl"]),
      time_zone: random.pick([null, "Europe/Warsaw", "America/New_York"]),
    };
  });
  const ids = people.map(({ id }) => id);
  const groups = [ids, ...(random.chance(0.3) ? [random.shuffled(ids).slice(0, random.int(1, ids.length))] : [])];
  const members = groups.flatMap((group, index) =>
    group.map((user_id, place) => ({
      group_id: index + 1,
      user_id,
      status: place === 0 ? "admin" : random.pick(["standard", "standard", "moderator", "admin"]),
    })),
  );
  const suppressed = people.filter(() => random.chance(0.06)).map(({ id }) => ({ address: emailOf(id) }));
  const moment = new Date(at).toISOString();
  const json = JSON.stringify;
  await database.query(
    `insert into users (cognito_user_id, email, username, mobile_number, reminder_preferences, locale, time_zone, confirmed_at)
     select 'person-' || p.id, 'person' || p.id || '@torium.test', 'Person ' || p.id, p.mobile_number, p.preference::preference, p.locale, p.time_zone, $2
     from jsonb_to_recordset($1::jsonb) as p (id bigint, mobile_number text, preference text, locale text, time_zone text) order by p.id`,
    [json(people), moment],
  );
  await database.query(
    `insert into groups (name, description, admin_id)
     select 'Group ' || g.ord, '', (g.value ->> 0)::bigint from jsonb_array_elements($1::jsonb) with ordinality g (value, ord) order by g.ord`,
    [json(groups)],
  );
  await database.query(
    `with member as (
       insert into group_members (group_id, user_id, status)
       select m.group_id, m.user_id, m.status::member_status from jsonb_to_recordset($1::jsonb) as m (group_id bigint, user_id bigint, status text)
     ), device as (
       insert into devices (user_id, platform, device_token, device_arn, registered_at)
       select d.user_id, d.platform::platform, d.device_token, d.device_arn, $4
       from jsonb_to_recordset($2::jsonb) as d (user_id bigint, platform text, device_token text, device_arn text)
     )
     insert into suppressed_addresses (channel, address, reason)
     select 'email', s.address, 'unsubscribed' from jsonb_to_recordset($3::jsonb) as s (address text)`,
    [json(members), json(devices), json(suppressed), moment],
  );
  return { people, groups, dead };
}
