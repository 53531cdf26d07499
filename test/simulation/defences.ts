// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of source, in which templates stand as they are

/**
 * The defences of the pipeline, each with the change of its source that switches it off while it is loaded. A run without one must break a rule:
 * that proves the oracle.
 */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/** `find` stands exactly once in the file. */
type Patch = { file: string; find: string; replace: string };
export type Defence = { what: string; patches: Patch[] /** Run in the database first. */; sql?: string };

const DUE = "src/domain/due.ts";
const DUE_CLAIMS = "src/domain/due-claims.ts";
const PICKING = "src/domain/picking.ts";
const DELIVERIES = "src/domain/deliveries.ts";
const DELIVER = "src/queues/deliver.ts";
const RULES = "src/domain/rules.ts";
const without = (file: string, find: string, replace = ""): Patch => ({ file, find, replace });

export const DEFENCES: Record<string, Defence> = {
  "unique-key": {
    what: "one row for each occurrence of each reminder",
    sql: "alter table event_reminders drop constraint event_reminders_key",
    patches: [
      without(
        DUE_CLAIMS,
        "on conflict (event_id, event_timestamp, reminder, kind, user_id) do update",
        "on conflict (id) do update",
      ),
    ],
  },
  claim: {
    what: "what another consumer holds is not claimed",
    patches: [
      without(
        DELIVERIES,
        "and (l.lease_until is null or l.lease_until <= ${instant(now)} or l.lease_token = ${token}::uuid)",
      ),
    ],
  },
  "claim-token": {
    what: "a claim repeated after a lost answer is one's own",
    patches: [without(DELIVERIES, " or l.lease_token = ${token}::uuid)", ")")],
  },
  "settle-token": {
    what: "only who holds a lease settles",
    patches: [without(DELIVERIES, 'and l.lease_token = ${token}::uuid and ${isPending("l")}', 'and ${isPending("l")}')],
  },
  "sweep-reminders": {
    what: "the tick finds reminders whose people nobody picks",
    patches: [
      without(
        DUE,
        "where status = 'pending' and next_attempt_at <= ${at} and next_attempt_at <> ${later}",
        "where false and next_attempt_at <> ${later}",
      ),
    ],
  },
  "sweep-deliveries": {
    what: "the tick finds deliveries that nobody is at",
    patches: [
      without(
        DUE,
        "where status = 'pending' and next_attempt_at <= ${at} and next_attempt_at <> ${rfc3339(clock)}::timestamptz",
        "where false and next_attempt_at <> ${rfc3339(clock)}::timestamptz",
      ),
    ],
  },
  "recheck-event": {
    what: "a claim looks whether the event stands as it was",
    patches: [
      without(DELIVERIES, "when e.revision <> er.revision then 'event_moved'", "when false then 'event_moved'"),
    ],
  },
  "recheck-person": {
    what: "a claim looks whether the person still takes part",
    patches: [without(DELIVERIES, "when eu.user_id is null then 'no_participant'")],
  },
  "recheck-address": {
    what: "a claim looks whether the address is still theirs",
    patches: [
      without(DELIVERIES, "u.mobile_number is distinct from f.address", "false"),
      without(DELIVERIES, "d.device_arn is distinct from f.address", "false"),
    ],
  },
  "late-rule": {
    what: "what began an hour ago is reminded no more",
    patches: [
      without(
        DELIVERIES,
        "when greatest(er.starts_at, er.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) <= greatest(er.claimed_at, ${instant(now)}) then 'expired'",
      ),
      without(
        PICKING,
        "when greatest(er.starts_at, er.due_at) + make_interval(mins => ${EXPIRED_AFTER_MINUTES}) <= greatest(er.claimed_at, ${at}) then 'expired' end as verdict",
        "end as verdict",
      ),
      without(DELIVER, " || deps.now() >= claimed.expires_at"),
    ],
  },
  "late-note": {
    what: "a reminder over 15 minutes late says so",
    patches: [without(RULES, "LATE_AFTER_MINUTES = 15", "LATE_AFTER_MINUTES = 15_000")],
  },
  "settle-before-ack": {
    what: "a message is acknowledged after its outcome is written",
    patches: [
      without(DELIVER, "  for (const delivery of deliveries) delivery.ack();\n"),
      without(
        DELIVER,
        "  const token = crypto.randomUUID();\n",
        "  for (const delivery of deliveries) delivery.ack();\n  const token = crypto.randomUUID();\n",
      ),
    ],
  },
  "retry-throttled": {
    what: "a throttled message is tried again",
    patches: [
      without("src/clients/aws.ts", 'return { outcome: "throttled", error };', 'return { outcome: "refused", error };'),
    ],
  },
  "retry-lost": {
    what: "an attempt whose answer was lost counts as one that may have been accepted",
    patches: [without(DELIVER, 'lost: outcome.outcome === "lost",', "lost: false,")],
  },
  "lost-sms": {
    what: "an SMS whose answer was lost goes once more at the most",
    patches: [without(RULES, "LOST_SMS_ANSWERS = 2", "LOST_SMS_ANSWERS = 99")],
  },
  early: {
    what: "a message that comes before its moment is held back",
    patches: [
      without(DELIVER, "if (early > WAITS_FOR_MS)", "if (early > 1e12)"),
      without(DELIVER, "if (early > 0) await deps.wait(early);"),
    ],
  },
  "give-back": {
    what: "an SMS that was not accepted costs nothing",
    patches: [
      without(
        DELIVERIES,
        "returning case when o.status <> 'sent' and not o.lost then o.charged_usd end as given_back",
        "returning null::numeric as given_back",
      ),
    ],
  },
  "last-try": {
    what: "however long the delays have grown, a try before the hour is over",
    patches: [without(RULES, 'kind !== "quota" && delay > last', "false")],
  },
  "notify-once": {
    what: "a manual reminder once in 24 hours",
    patches: [without("src/domain/events.ts", "NOTIFY_AGAIN_AFTER_HOURS = 24", "NOTIFY_AGAIN_AFTER_HOURS = 0")],
  },
};

const root = new URL("../../", import.meta.url);

/** Has a defence left out of what is loaded from now on. Throws where its source is not as it was when the patch was written. */
export function leaveOut({ patches }: Defence): void {
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      const own = patches.filter(({ file }) => url === new URL(file, root).href);
      if (own.length === 0) return loaded;
      return { ...loaded, source: own.reduce(patched, String(loaded.source)), shortCircuit: true };
    },
  });
}

function patched(source: string, { file, find, replace }: Patch): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`${fileURLToPath(new URL(file, root))} holds ${places} times, not once: ${find}`);
  return source.replace(find, () => replace);
}
