/** What a run is judged by: what was asked for, what was done to the stack, and what the ledger and the inbox say afterwards. Instants in unix ms. */
import type { Message } from "../../dev/client.ts";

export type Channel = Message["channel"];

export interface Reminded {
  user_id: number;
  /** Every address at which the inbox may show something for them. */
  addresses: string[];
  /** When they asked to leave the group, and when the Worker had answered; null who stayed. */
  left: { asked_at: number; done_at: number } | null;
}

/** One event with one reminder for everybody. */
export interface Asked {
  event_id: number;
  name: string;
  starts_at: number;
  due_at: number;
}

/** Something that may have made the Worker forget what the provider had accepted, from the first to the last such moment. */
export interface Incident {
  kind: "worker killed" | "database away" | "answers lost";
  from: number;
  to: number;
  /** Messages that it may double, by channel: what a consumer holds unsettled, or the answers that were lost. */
  doubles: Record<Channel, number>;
}

/** From `at` on, schedules ran for a moment `ahead` ms later than the machine's. */
export interface Shift {
  at: number;
  ahead: number;
}

export interface LedgerReminder {
  id: number;
  event_id: number;
  due_at: number;
  starts_at: number;
  claimed_at: number;
  status: "pending" | "picked" | "suppressed" | "expired";
  reason: string | null;
}

export interface LedgerPerson {
  event_reminders_id: number;
  user_id: number;
  picked: boolean;
  reason: string;
}

export interface LedgerDelivery {
  id: number;
  event_reminders_id: number;
  user_id: number;
  channel: Channel | "none";
  step: number;
  status: "pending" | "sent" | "failed" | "suppressed" | "expired";
  last_error: string | null;
  provider_message_id: string | null;
  leased: boolean;
  settled_at: number | null;
}

export interface Ledger {
  reminders: LedgerReminder[];
  people: LedgerPerson[];
  deliveries: LedgerDelivery[];
}

/** A message about an event, as the stand-in accepted it. */
export interface Accept {
  id: string;
  event_id: number;
  channel: Channel;
  to: string;
  accepted_at: number;
  says_late: boolean;
}

export interface Facts {
  people: Reminded[];
  asked: Asked[];
  incidents: Incident[];
  /** Oldest first; the first holds from the beginning. */
  shifts: Shift[];
  /** The last moment, on the schedules' clock, for which a tick was run. */
  ticked_to: number;
  ledger: Ledger;
  accepts: Accept[];
}

export interface Violation {
  rule: string;
  what: string;
}
