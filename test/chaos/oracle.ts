/**
 * The oracle, which judges from outside. It knows RULES and what was done to the stack, and nothing of how the Worker works.
 *
 * Doubles: each accept beyond the one that settled its delivery needs an incident of its own, at which it was accepted and not yet settled: it came
 * within IN_FLIGHT_MS before, and after the last time that the ledger was told of anything sent on its channel (a queue has one consumer at a time
 * here). Of one incident there are no more than the channel's consumer holds unsettled. One incident doubles a delivery once; only lost answers may
 * meet the same one again, whose next try loses its answer too.
 */
import {
  EXPIRED_AFTER_MINUTES,
  LATE_AFTER_MINUTES,
  LOST_SMS_ANSWERS,
  STOP_SENDING_AFTER_MS,
} from "../../src/domain/rules.ts";
import type {
  Accept,
  Asked,
  Channel,
  Facts,
  LedgerDelivery,
  LedgerPerson,
  LedgerReminder,
  Reminded,
  Violation,
} from "./facts.ts";

const MINUTE_MS = 60_000;
/** A consumer sends this long at the most before it settles; the provider's last answer may take ten seconds, and waiting for its second 1.5. */
export const IN_FLIGHT_MS = STOP_SENDING_AFTER_MS + 15_000;
/** A request that was under way when the Worker died is still accepted. */
const ON_THE_WIRE_MS = 1_000;
/** A delivery is claimed no earlier than this before its moment, so whoever left before that gets nothing. */
const CLAIMED_BEFORE_DUE_MS = 2_000;

/** Everything about one reminder and one of its people. */
interface Case {
  asked: Asked;
  reminder: LedgerReminder;
  person: Reminded;
  row: LedgerPerson | undefined;
  /** By step. */
  deliveries: LedgerDelivery[];
  accepts: Accept[];
}

export function judge(facts: Facts): Violation[] {
  const violations: Violation[] = [];
  const complain = (rule: string, what: string) => void violations.push({ rule, what });
  const reminders = Map.groupBy(facts.ledger.reminders, ({ event_id }) => event_id);
  const rows = new Map(facts.ledger.people.map((one) => [`${one.event_reminders_id} ${one.user_id}`, one]));
  const deliveries = Map.groupBy(facts.ledger.deliveries, (one) => `${one.event_reminders_id} ${one.user_id}`);
  const accepts = Map.groupBy(facts.accepts, ({ event_id, to }) => `${event_id} ${to}`);
  const causes = causesOf(facts);
  const known = new Set(facts.people.flatMap(({ addresses }) => addresses));
  for (const { event_id, to, id } of facts.accepts) {
    if (!known.has(to)) complain("nobody else hears of it", `message ${id} about event ${event_id}`);
  }
  for (const asked of facts.asked) {
    const name = `${asked.name} (event ${asked.event_id})`;
    const found = reminders.get(asked.event_id) ?? [];
    if (asked.due_at > facts.ticked_to) {
      const early = facts.accepts.filter((one) => one.event_id === asked.event_id && one.accepted_at < asked.due_at);
      if (early.length > 0) complain("none is early", `${name} is not due, and ${early.length} were accepted`);
      continue;
    }
    const [reminder, ...more] = found;
    if (!reminder || more.length > 0) {
      complain("every due occurrence is in the ledger once", `${name} has ${found.length} rows`);
      continue;
    }
    if (reminder.due_at !== asked.due_at) complain("due is when it was asked for", name);
    if (reminder.status === "pending") complain("nothing is pending past the sweep", `${name}, the reminder`);
    if (reminder.status === "suppressed") complain("what stands is reminded", `${name}: ${reminder.reason}`);
    for (const person of facts.people) {
      const key = `${reminder.id} ${person.user_id}`;
      const one: Case = {
        asked,
        reminder,
        person,
        row: rows.get(key),
        deliveries: (deliveries.get(key) ?? []).toSorted((a, b) => a.step - b.step),
        accepts: person.addresses
          .flatMap((to) => accepts.get(`${asked.event_id} ${to}`) ?? [])
          .toSorted((a, b) => a.accepted_at - b.accepted_at),
      };
      const about = `${name}, person ${person.user_id}`;
      const tell = (rule: string, what = "") => complain(rule, what ? `${about}: ${what}` : about);
      judgeLedger(one, tell);
      judgeAccepts(one, facts, tell);
      judgeDoubles(one, causes, tell);
    }
  }
  return violations;
}

type Tell = (rule: string, what?: string) => void;

const expiresAt = ({ starts_at, due_at }: Asked) => Math.max(starts_at, due_at) + EXPIRED_AFTER_MINUTES * MINUTE_MS;

/** Settled exactly once: sent, or expired where its hour was past, or suppressed for who left. */
function judgeLedger({ asked, reminder, person, row, deliveries }: Case, tell: Tell): void {
  for (const { status, leased, channel } of deliveries) {
    if (status === "pending") tell("nothing is pending past the sweep", channel);
    if (leased) tell("nothing is leased past the sweep", channel);
  }
  const sent = deliveries.filter(({ status }) => status === "sent").length;
  if (sent > 1) tell("each is settled exactly once", `${sent} deliveries are sent`);
  const stale = expiresAt(asked) <= reminder.claimed_at;
  if (stale && sent > 0) tell("what is past its hour is not sent");
  const last = deliveries.at(-1);
  if (person.left) return;
  if (!row) {
    tell("every eligible person is in the ledger");
  } else if (!last) {
    if (!(row.reason === "expired" && stale)) tell("each is settled exactly once", `no delivery, reason ${row.reason}`);
  } else if (last.status === "expired") {
    if (expiresAt(asked) > Math.max(reminder.claimed_at, last.settled_at ?? 0)) tell("nothing expires before its hour");
  } else if (last.status === "failed" || last.status === "suppressed") {
    tell("who stays is reached", `${last.status} on ${last.channel}: ${last.last_error}`);
  }
}

/** What the provider accepted: the settled one at least, none before its moment, the late ones with their note, nothing after somebody left. */
function judgeAccepts({ asked, reminder, person, deliveries, accepts }: Case, facts: Facts, tell: Tell): void {
  for (const { channel, provider_message_id } of deliveries.filter(({ status }) => status === "sent")) {
    const settled = accepts.find(({ id }) => id === provider_message_id);
    if (!settled) tell("what is sent was accepted", `message ${provider_message_id}`);
    else if (settled.channel !== channel) tell("what is sent was accepted", `by ${settled.channel}, not ${channel}`);
  }
  const sms = accepts.filter(({ channel }) => channel === "sms").length;
  if (sms > LOST_SMS_ANSWERS) tell("an SMS is sent once more at the most", `${sms} were accepted`);
  const moment = asked.due_at - aheadAt(facts, reminder.claimed_at);
  for (const { id, accepted_at, says_late } of accepts) {
    if (accepted_at < moment) tell("none is early", `message ${id} by ${moment - accepted_at} ms`);
    const afterClaim = reminder.claimed_at - asked.due_at;
    const late = LATE_AFTER_MINUTES * MINUTE_MS;
    if (afterClaim > late && !says_late) tell("what is late says so", `message ${id}`);
    if (Math.max(afterClaim, accepted_at - asked.due_at) <= late && says_late)
      tell("what is in time does not say that it is late", `message ${id}`);
    if (!person.left) continue;
    const { done_at } = person.left;
    const inFlight = moment < done_at + CLAIMED_BEFORE_DUE_MS && accepted_at <= done_at + IN_FLIGHT_MS;
    if (accepted_at > done_at && !inFlight) tell("who has left gets nothing", `message ${id}`);
  }
}

/** How far ahead of the machine's clock the schedules ran when it was `now` on theirs. */
const aheadAt = ({ shifts }: Facts, now: number): number =>
  shifts.findLast(({ at, ahead }) => at + ahead <= now)?.ahead ?? 0;

type Cause = Record<Channel, { from: number; to: number; room: number }> & {
  /** Whether it may double the same delivery more than once. */
  again: boolean;
};

/** From when to when a message must have been accepted on each channel to be doubled by an incident, and how many. */
function causesOf({ incidents, ledger }: Facts): Cause[] {
  const settled = Map.groupBy(
    ledger.deliveries.filter(({ status, settled_at }) => status === "sent" && settled_at !== null),
    ({ channel }) => channel,
  );
  return incidents.map(({ kind, from, to, doubles }) => {
    const of = (channel: Channel) => {
      if (kind === "answers lost") return { from, to, room: doubles[channel] };
      const before = kind === "worker killed" ? to : from;
      const last = (settled.get(channel) ?? []).reduce(
        (latest, { settled_at }) => (settled_at! < before ? Math.max(latest, settled_at!) : latest),
        0,
      );
      return { from: Math.max(from - IN_FLIGHT_MS, last), to: to + ON_THE_WIRE_MS, room: doubles[channel] };
    };
    return { sms: of("sms"), email: of("email"), push: of("push"), again: kind === "answers lost" };
  });
}

function judgeDoubles({ deliveries, accepts }: Case, causes: Cause[], tell: Tell): void {
  const settled = new Set(deliveries.filter(({ status }) => status === "sent").map((one) => one.provider_message_id));
  const used = new Set<Cause>();
  for (const { id, channel, accepted_at } of accepts) {
    if (settled.has(id)) continue;
    const fitting = causes.filter((one) => {
      const { from, to, room } = one[channel];
      return (one.again || !used.has(one)) && room > 0 && accepted_at >= from && accepted_at <= to;
    });
    // Lost answers fit at any time: what something else explains is left to that.
    const cause = fitting.find(({ again }) => !again) ?? fitting[0];
    if (!cause) {
      tell("a double has a cause", `message ${id} by ${channel} at ${new Date(accepted_at).toISOString()}`);
      continue;
    }
    used.add(cause);
    cause[channel].room -= 1;
  }
}
