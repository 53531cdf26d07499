/** Everybody who takes part is reminded once of each occurrence, by each lead, or the ledger says why not, and rightly so. */
import type { Delivery, Reminder } from "./ledger.ts";
import { during, expiresAt, type Planned, type Version, windowOf } from "./model.ts";
import type { Case } from "./oracle.ts";

/** By how many attempts, the longest that a delivery may wait for its next one, in seconds. */
const LONGEST_DELAY_SECONDS = [60, 60, 60, 180, 720, 1_080];
/** A lease, the sweep, a tick, the time-outs of the database. */
const UNHINDERED_SECONDS = 420;

/** A statement is run later than the moment that it names, which is its sender's. */
const STATEMENT_MS = 25_000;

/** By when a reminder must be written down: some ticks after its moment, or after the last thing that went wrong before its plan ended. */
function unhindered({ faults }: Case, { due_at }: Moments, { to }: Version): number {
  const last = Math.max(due_at, ...faults.filter((at) => at >= due_at - 150_000 && at <= to));
  return last + UNHINDERED_SECONDS * 1000;
}

type Moments = Pick<Planned, "due_at" | "starts_at" | "fallback">;

export function judgePeople(found: Case): string[] {
  const { ledger, versions, end } = found;
  const broken: string[] = [];
  const rows = new Map(
    ledger.reminders.map((one) => [`${one.event_id} ${one.event_timestamp} ${one.reminder} ${one.kind}`, one]),
  );
  for (const version of versions) {
    for (const planned of version.reminders) {
      // What nobody stood by until its moment, or what lies behind the run's end, is no promise.
      if (planned.due_at >= version.to || expiresAt(planned) > end) continue;
      const row = rows.get(`${version.event.id} ${planned.event_timestamp} ${planned.reminder} automatic`);
      const where = `event ${version.event.id}, ${planned.event_timestamp}, lead ${planned.reminder}`;
      if (row) broken.push(...judgeReminder(found, version, planned, row, where));
      else if (version.to > (found.isCalm ? planned.due_at + 60_000 : unhindered(found, planned, version)))
        broken.push(`nothing was written of ${where}`);
    }
  }
  for (const row of ledger.reminders) {
    if (row.kind !== "manual") continue;
    const version = versions.find((one) => one.event.id === row.event_id && one.event.revision === row.revision);
    if (!version) broken.push(`manual reminder ${row.id} is of no plan`);
    else
      broken.push(
        ...judgeReminder(
          found,
          { ...version, from: row.due_at },
          { ...row, fallback: false },
          row,
          `manual reminder ${row.id}`,
        ),
      );
  }
  return broken;
}

function judgeReminder(found: Case, version: Version, planned: Moments, row: Reminder, where: string): string[] {
  const { ledger, record } = found;
  const broken: string[] = [];
  const from = windowOf(version, planned);
  const everybody = new Set(
    during(record.moments, from, from).flatMap(({ events }) => events.get(version.event.id)?.users ?? []),
  );
  for (const user_id of everybody) {
    const chain = ledger.deliveries.filter((one) => one.event_reminders_id === row.id && one.user_id === user_id);
    const last = chain.at(-1);
    const settled = last?.settled_at ?? row.settled_at ?? Number.POSITIVE_INFINITY;
    const until = Math.max(settled + (found.isCalm ? 0 : STATEMENT_MS), planned.due_at);
    if (version.to <= until || !stays(found, version, user_id, from, until)) continue;
    if (planned.fallback && wasReminded(found, row, user_id)) continue;
    const whose = `${where}, person ${user_id} (reminder ${row.id})`;
    const person = ledger.picked.find((one) => one.event_reminders_id === row.id && one.user_id === user_id);
    if (!person) broken.push(`${whose}: nothing says whether they were picked`);
    else if (!last) {
      if (person.picked) broken.push(`${whose}: picked, and no delivery`);
      else if (person.reason !== "expired") broken.push(`${whose}: not picked, ${person.reason}`);
      else broken.push(...judgeExpired(found, planned, [], settled, whose));
    } else broken.push(...judgeEnd(found, planned, chain, last, whose));
  }
  return broken;
}

/** Whether another lead has told a person of the very occurrence, whatever its name was then, so that none need go at its start. */
const wasReminded = ({ ledger, reminders }: Case, row: Reminder, user_id: number): boolean =>
  ledger.deliveries.some((one) => {
    const other = reminders.get(one.event_reminders_id)!;
    return (
      one.user_id === user_id &&
      one.status === "sent" &&
      other.id !== row.id &&
      other.event_id === row.event_id &&
      other.starts_at === row.starts_at
    );
  });

/** Whether a person takes part all the time in an event that stays as it is. */
const stays = ({ record }: Case, { event }: Version, user_id: number, from: number, until: number): boolean =>
  during(record.moments, from, until).every(({ events }) => {
    const then = events.get(event.id);
    return then?.revision === event.revision && then.users.includes(user_id);
  });

function judgeEnd(found: Case, planned: Moments, chain: Delivery[], last: Delivery, whose: string): string[] {
  for (const one of chain.slice(0, -1))
    if (one.status !== "failed" && one.status !== "suppressed")
      return [`${whose}: delivery ${one.id} is ${one.status} and another follows it`];
  if (last.status === "sent" || last.status === "pending") return [];
  if (last.status === "expired") return judgeExpired(found, planned, chain, last.settled_at!, whose);
  // Whether a channel was rightly given up is looked at beside the channels.
  if (last.status === "failed" && last.channel === "none") return [];
  return [`${whose}: ends with delivery ${last.id}, ${last.status} by ${last.channel}: ${last.last_error}`];
}

/** What expired was hindered by faults for so long that no attempt could come before its hour was over. */
function judgeExpired({ faults }: Case, planned: Moments, chain: Delivery[], settled: number, whose: string): string[] {
  const expires = expiresAt(planned);
  if (settled < expires) return [`${whose}: expired ${(expires - settled) / 1000} s before its hour was over`];
  const last = Math.max(...faults.filter((at) => at >= planned.due_at - 150_000 && at < expires), 0);
  const attempts = Math.max(...chain.map((one) => one.attempts), 0);
  const hindered =
    last + (UNHINDERED_SECONDS + LONGEST_DELAY_SECONDS[Math.min(attempts, LONGEST_DELAY_SECONDS.length - 1)]!) * 1000;
  if (last > 0 && hindered >= expires) return [];
  return [
    `${whose}: expired, though nothing went wrong in the ${Math.round((expires - Math.max(last, planned.due_at)) / 1000)} s before its hour was over`,
  ];
}
