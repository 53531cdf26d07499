/** Whether a channel does its work, and whether there is money for it. */
import { type Check, duration, plural, report, secondsSince } from "./faults.ts";

const SHARE_OF_FAILED = 0.2;
const FAILED_AT_LEAST = 5;
const LATE_SECONDS = 60;
const LATE_AT_LEAST = 3;
const NEARLY_SPENT = 0.8;

/** Not about one address: what the provider says of the account itself, or the network. */
const OF_THE_ACCOUNT =
  /^(AccessDenied|Authorization|NotAuthorized|Signature|InvalidClientToken|Unrecognized|ExpiredToken|RequestExpired|MailFromDomain|ConfigurationSet|KMS)/;
/** Faults of their own, which another check tells. */
const TOLD_ELSEWHERE = /^(budget_spent|AccountS|SendingPaused|PlatformApplicationDisabled)/;
const THROTTLED = /^(Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|LimitExceeded|http_429|http_503)/;

/** How one channel does: failures for good, failures that are tried again, throttling, lateness, and what expired. */
export const checkChannel =
  (channel: "sms" | "email" | "push"): Check =>
  ({ now, ledger }) => {
    const settled = ledger.settled.filter((one) => one.channel === channel);
    const waiting = ledger.waiting.filter((one) => one.channel === channel);
    const count = (list: { count: number }[]) => list.reduce((sum, one) => sum + one.count, 0);
    const failures = settled.filter(({ outcome, error }) => outcome === "failed" && !TOLD_ELSEWHERE.test(error ?? ""));
    const failed = count(failures);
    const tried = failed + count(settled.filter(({ outcome }) => outcome === "sent"));
    const ours = count(failures.filter(({ error }) => OF_THE_ACCOUNT.test(error ?? "")));
    const throttled = waiting.filter(({ error }) => THROTTLED.test(error));
    const failing = waiting.filter(({ error }) => !THROTTLED.test(error));
    const expired = count(settled.filter(({ outcome }) => outcome === "expired"));
    const late = ledger.lateness.find((one) => one.channel === channel);
    const oldest = (list: { since: string }[]) =>
      duration(Math.max(...list.map(({ since }) => secondsSince(since, now))));
    return report(channel, [
      [
        "failing",
        ours > 0 || (failed >= FAILED_AT_LEAST && failed >= SHARE_OF_FAILED * tried),
        () => `${failed} of ${plural(tried, "delivery", "deliveries")} failed for good: ${codes(failures)}`,
      ],
      [
        "retrying",
        failing.length > 0,
        () =>
          `${plural(count(failing), "delivery", "deliveries")} failed and wait for another attempt, the oldest for ${oldest(failing)}: ${codes(failing)}`,
      ],
      [
        "throttled",
        throttled.length > 0,
        () =>
          `The provider throttles: ${plural(count(throttled), "delivery", "deliveries")} wait, the oldest for ${oldest(throttled)}`,
      ],
      [
        "late",
        late !== undefined && late.p95 > LATE_SECONDS && late.late >= LATE_AT_LEAST,
        () =>
          `${plural(late?.late ?? 0, "delivery", "deliveries")} went out over a minute late; 95 of 100 within ${duration(late?.p95 ?? 0)}`,
      ],
      [
        "expired",
        expired > 0,
        () => `${plural(expired, "delivery", "deliveries")} could not be sent in time and expired`,
      ],
    ]);
  };

/** The month is the key, as where the row is written at the moment that the money runs out. */
export const checkSpending: Check = ({ ledger: { month, sms_spent_usd, settled }, sms_budget_usd }) => {
  const share = Number(sms_spent_usd) / Number(sms_budget_usd);
  const refused = settled.some(({ channel, error }) => channel === "sms" && error === "budget_spent");
  return report("sms", [
    [
      month,
      share >= NEARLY_SPENT || refused,
      () =>
        `SMS of ${month} have cost ${Number(sms_spent_usd).toFixed(2)} of ${sms_budget_usd} USD${refused ? "; other channels take over" : ""}`,
    ],
  ]);
};

/** The most frequent codes. */
const codes = (list: { error: string | null; count: number }[]) =>
  [...list]
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ error, count }) => `${error ?? "no code"} ×${count}`)
    .join(", ");
