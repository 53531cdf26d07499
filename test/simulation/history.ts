/** What people made of events, memberships and addresses, after each of their changes: the ground that the oracle stands on. */
import type { Database } from "./database.ts";

export type EventThen = {
  id: number;
  group_id: number;
  revision: number;
  event_timestamp: string;
  time_zone: string;
  recurrence: string | null;
  /** ms */
  planned_at: number;
  exceptions: { occurrence: string; moved_to: string | null }[];
  leads: string[];
  users: number[];
};
export type Moment = {
  /** ms */
  at: number;
  /** The database's calls are numbered: this is the one that made it so. */
  call: number;
  events: Map<number, EventThen>;
  users: Map<number, { id: number; mobile_number: string | null; email: string; switched_off: string[] }>;
  devices: { user_id: number; device_arn: string; registered_at: number }[];
  suppressed: { channel: string; address: string }[];
};

const LOOK = `
  select coalesce((select json_agg(json_build_object(
             'id', e.id, 'group_id', e.group_id, 'revision', e.revision, 'event_timestamp', to_char(e.event_timestamp, 'YYYY-MM-DD HH24:MI:SS'),
             'time_zone', e.time_zone, 'recurrence', e.recurrence, 'planned_at', extract(epoch from e.planned_at) * 1000,
             'exceptions', (select coalesce(json_agg(json_build_object('occurrence', to_char(x.event_timestamp, 'YYYY-MM-DD HH24:MI:SS'),
                                                     'moved_to', to_char(x.moved_to, 'YYYY-MM-DD HH24:MI:SS'))), '[]') from event_exceptions x where x.event_id = e.id),
             'leads', (select coalesce(json_agg(l.lead order by l.id), '[]') from event_leads l where l.event_id = e.id and not l.fallback),
             'users', (select coalesce(json_agg(p.user_id order by p.user_id), '[]') from events_users p where p.event_id = e.id))) from events e), '[]') as events,
         coalesce((select json_agg(json_build_object('id', u.id, 'mobile_number', u.mobile_number, 'email', u.email,
             'switched_off', (select coalesce(json_agg(w.channel), '[]') from notification_preferences w where w.user_id = u.id and w.kind = 'reminder'))) from users u), '[]') as users,
         coalesce((select json_agg(json_build_object('user_id', d.user_id, 'device_arn', d.device_arn, 'registered_at', extract(epoch from d.registered_at) * 1000)) from devices d), '[]') as devices,
         coalesce((select json_agg(json_build_object('channel', s.channel, 'address', s.address)) from suppressed_addresses s), '[]') as suppressed`;

type Seen = {
  events: EventThen[];
  users: { id: number; mobile_number: string | null; email: string; switched_off: string[] }[];
  devices: Moment["devices"];
  suppressed: Moment["suppressed"];
};

export async function look(database: Database, at: number, call: number): Promise<Moment> {
  const [seen] = await database.query<Seen>(LOOK);
  const { events, users, ...rest } = seen!;
  return {
    at,
    call,
    events: new Map(events.map((one) => [one.id, one])),
    users: new Map(users.map((one) => [one.id, one])),
    ...rest,
  };
}
