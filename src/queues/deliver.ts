/**
 * What the three channels share: claim the whole batch, send at most six at once, settle, and only then acknowledge. Retries and
 * fallbacks are in the ledger when they are woken by a message; the sweep of the next tick stands behind each.
 */
import type { Outcome } from "../clients/aws.ts";
import type { Deps } from "../deps.ts";
import { type Channel, type Claimed, claimDeliveries, type Settling, settleDeliveries } from "../domain/deliveries.ts";
import { LATE_AFTER_MINUTES, nextTrySeconds, type RetryClass, STOP_SENDING_AFTER_MS } from "../domain/rules.ts";
import { CONNECTIONS, eachAtMost } from "./concurrency.ts";
import type { Delivery } from "./delivery.ts";
import { type Outgoing, split } from "./enqueue.ts";
import type { MessageOf } from "./messages.ts";
import { CLAIM_PAUSES_MS, persist, SETTLE_PAUSES_MS } from "./persist.ts";
import { handOn, wake } from "./wake.ts";

/** The queue counts whole seconds: the rest of one is waited for here, more goes back to the queue. */
const WAITS_FOR_MS = 1_500;

type SendType = "send-sms" | "send-email" | "send-push";
type Recipient<Type extends SendType> = Extract<MessageOf<SendType>, { type: Type }>["recipients"][number];

export type ChannelSender<Type extends SendType> = {
  type: Type;
  channel: Channel;
  addressOf: (recipient: Recipient<Type>) => string;
  /** Decimal USD that one message costs, on time or late, where it is counted. */
  costOf?: (recipient: Recipient<Type>, late: boolean) => string | null;
  send: (claimed: Claimed, recipient: Recipient<Type>) => Promise<Outcome>;
  /** Whether the provider's code means that the address is dead for good. */
  isDead: (code: string) => boolean;
  /** Rows settled at once; a crash may double what was accepted since the last settle. */
  settleEvery: number;
};

type Work<Type extends SendType> = { claimed: Claimed; recipient: Recipient<Type> };
type Answered<Type extends SendType> = Work<Type> & { settling: Settling };

export async function deliver<Type extends SendType>(
  deliveries: Delivery<Type>[],
  deps: Deps,
  sender: ChannelSender<Type>,
): Promise<void> {
  const recipients = new Map<number, Recipient<Type>>();
  for (const { message } of deliveries) {
    for (const one of (message as MessageOf<SendType>).recipients) {
      const newest = recipients.get(one.event_reminders_logs_id)?.revision ?? 0;
      if ((one.revision ?? 0) >= newest) recipients.set(one.event_reminders_logs_id, one as Recipient<Type>);
    }
  }
  const token = crypto.randomUUID();
  const started = deps.now();
  const claiming = [...recipients.values()].map((one) => ({
    event_reminders_logs_id: one.event_reminders_logs_id,
    address: sender.addressOf(one),
    cost_usd: sender.costOf?.(one, false) ?? null,
    late_cost_usd: sender.costOf?.(one, true) ?? null,
    revision: one.revision ?? null,
  }));
  // Repeated with the same token, a claim whose answer was lost finds its own rows; and with the same moment, it counts in the month in which it is given back.
  const claimed = await persist(deps, CLAIM_PAUSES_MS, () =>
    claimDeliveries(deps.db, sender.channel, claiming, {
      token,
      now: started,
      budget_usd: deps.settings.SMS_MONTHLY_BUDGET_USD,
    }),
  );
  if (claimed.some(({ budget_alert }) => budget_alert)) deps.log.warn("sms budget runs out");
  const work = claimed
    .filter((one) => !one.settled)
    .map((one) => ({ claimed: one, recipient: recipients.get(one.event_reminders_logs_id)! }))
    .sort((a, b) => a.claimed.send_at - b.claimed.send_at);
  const counts: Record<string, number> = { suppressed: claimed.length - work.length };
  const settle = async (answered: Answered<Type>[]) => {
    for (const { settling } of answered) counts[settling.status] = (counts[settling.status] ?? 0) + 1;
    const settlings = answered.map(({ settling }) => settling);
    const fallbacks = await persist(deps, SETTLE_PAUSES_MS, () =>
      settleDeliveries(deps.db, sender.channel, settlings, { token, claimedAt: started, now: deps.now() }),
    );
    await wake(deps, [...retries(answered, deps.now(), sender.type), ...fallbacks.map(handOn)]);
  };
  const answered: Answered<Type>[] = [];
  let settled = Promise.resolve();
  // Who hangs holds a connection and nobody else; while some are settled nothing new is sent, so that a crash doubles no more than these and those under way.
  await eachAtMost(CONNECTIONS, work, async (one) => {
    await settled;
    answered.push({ ...one, settling: await attempt(one, deps, sender, started) });
    if (answered.length < sender.settleEvery) return;
    settled = settle(answered.splice(0));
    await settled;
  });
  if (answered.length > 0) await settle(answered);
  for (const delivery of deliveries) delivery.ack();
  deps.log.info("delivered", { channel: sender.channel, claimed: claimed.length, of: claiming.length, ...counts });
}

async function attempt<Type extends SendType>(
  { claimed, recipient }: Work<Type>,
  deps: Deps,
  sender: ChannelSender<Type>,
  started: number,
): Promise<Settling> {
  const settling = (changed: Partial<Settling> & Pick<Settling, "status">): Settling => ({
    event_reminders_logs_id: claimed.event_reminders_logs_id,
    error: null,
    provider_message_id: null,
    next_attempt_at: null,
    lost: false,
    untried: false,
    charged_usd: claimed.refusal === null ? claimed.cost_usd : null,
    dead_address: null,
    ...changed,
  });
  const again = (seconds: number) => new Date(deps.now() + seconds * 1000).toISOString();
  if (claimed.refusal === "address_changed") return settling({ status: "suppressed", error: claimed.refusal });
  if (claimed.refusal)
    return settling({ status: "failed", error: claimed.refusal, lost: claimed.refusal === "answer_lost" });
  // The lease must outlast the sending, and the hour may end while others are sent: what does not fit goes back at once, untried.
  if (deps.now() - started > STOP_SENDING_AFTER_MS || deps.now() >= claimed.expires_at)
    return settling({ status: "pending", error: "out_of_time", next_attempt_at: again(0), untried: true });
  const early = claimed.send_at - deps.now();
  if (early > WAITS_FOR_MS)
    return settling({ status: "pending", error: "too_early", next_attempt_at: again(early / 1000), untried: true });
  if (early > 0) await deps.wait(early);
  // It may have become late since it was claimed, while a database or those before it took their time.
  const late = claimed.late || deps.now() - claimed.send_at > LATE_AFTER_MINUTES * 60_000;
  const outcome = await sender.send({ ...claimed, late }, recipient);
  switch (outcome.outcome) {
    case "sent":
      return settling({ status: "sent", provider_message_id: outcome.provider_message_id });
    case "refused":
      return settling({
        status: "failed",
        error: outcome.error,
        dead_address: sender.isDead(outcome.error) ? claimed.address : null,
      });
    default: {
      const left = (claimed.expires_at - deps.now()) / 1000;
      const seconds = nextTrySeconds(outcome.outcome satisfies RetryClass, claimed.attempts, left);
      const tooLate = seconds >= left;
      if (outcome.outcome === "quota" && tooLate) return settling({ status: "failed", error: outcome.error });
      return settling({
        status: "pending",
        error: outcome.error,
        next_attempt_at: again(seconds),
        lost: outcome.outcome === "lost",
      });
    }
  }
}

function retries<Type extends SendType>(answered: Answered<Type>[], now: number, type: Type): Outgoing[] {
  const waiting = answered
    .filter(({ settling }) => settling.status === "pending")
    .map(({ claimed, recipient, settling }) => ({ claimed, recipient, at: settling.next_attempt_at! }));
  const groups = Map.groupBy(waiting, ({ claimed, at }) => {
    const delaySeconds = Math.max(0, Math.ceil((Date.parse(at) - now) / 1000));
    return `${claimed.event_reminders_id} ${delaySeconds}`;
  });
  return [...groups].flatMap(([key, group]) =>
    split(group.map(({ recipient }) => recipient)).map((recipients) => ({
      delaySeconds: Number(key.split(" ")[1]),
      message: {
        type,
        version: 1,
        event_reminders_id: group[0]!.claimed.event_reminders_id,
        event_timestamp: group[0]!.claimed.event_timestamp,
        recipients,
      } as MessageOf<Type>,
    })),
  );
}
