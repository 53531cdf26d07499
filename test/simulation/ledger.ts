/** The ledger as a run leaves it. */
import type { Database } from "./database.ts";

/** Instants in ms. */
export type Reminder = {
  id: number;
  event_id: number;
  event_timestamp: string;
  reminder: string;
  kind: "automatic" | "manual";
  due_at: number;
  starts_at: number;
  revision: number;
  claimed_at: number;
  status: "pending" | "picked" | "suppressed" | "expired";
  reason: string | null;
  settled_at: number | null;
};
export type Picked = { event_reminders_id: number; user_id: number; picked: boolean; reason: string };
export type Delivery = {
  id: number;
  event_reminders_id: number;
  user_id: number;
  channel: "sms" | "email" | "push" | "none";
  step: number;
  device_id: number | null;
  reason: string;
  status: "pending" | "sent" | "failed" | "suppressed" | "expired";
  attempts: number;
  unknown_outcomes: number;
  leased: boolean;
  last_error: string | null;
  provider_message_id: string | null;
  cost_usd: string | null;
  settled_at: number | null;
};
export type Ledger = {
  reminders: Reminder[];
  picked: Picked[];
  deliveries: Delivery[];
  spent_usd: string;
  dead_letters: { queue: string; message_id: string; reason: string }[];
  comments_pending: number;
  invitations_pending: number;
};

const ms = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;
const list = (select: string, order: string) =>
  `(select coalesce(json_agg(row_to_json(x) order by ${order}), '[]') from (${select}) x)`;

const READ = `select
  ${list(
    `select id, event_id, to_char(event_timestamp, 'YYYY-MM-DD HH24:MI:SS') as event_timestamp, reminder, kind, ${ms("due_at")} as due_at, ${ms("starts_at")} as starts_at,
                 revision, ${ms("claimed_at")} as claimed_at, status, reason, ${ms("settled_at")} as settled_at from event_reminders`,
    "id",
  )} as reminders,
  ${list("select event_reminders_id, user_id, picked, reason from event_reminders_users", "event_reminders_id, user_id")} as picked,
  ${list(
    `select id, event_reminders_id, user_id, channel, step, device_id, reason, status, attempts, unknown_outcomes, lease_until is not null as leased, last_error,
                 provider_message_id, cost_usd::text, ${ms("settled_at")} as settled_at from event_reminders_logs`,
    "event_reminders_id, user_id, step, id",
  )} as deliveries,
  (select coalesce(sum(spent_usd), 0)::text from sms_spending) as spent_usd,
  ${list("select queue, message_id, reason from dead_letters", "queue")} as dead_letters,
  (select count(*)::int from events_comments where next_attempt_at is not null) as comments_pending,
  (select count(*)::int from group_invitation_logs where delivery_status = 'pending' and status = 'open') as invitations_pending`;

export const readLedger = async (database: Database): Promise<Ledger> => (await database.query<Ledger>(READ))[0]!;
