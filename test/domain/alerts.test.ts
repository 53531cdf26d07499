import { describe, expect, test } from "vitest";
import { checkAll } from "../../src/domain/checks.ts";
import type { Facts, Ledger, Report } from "../../src/domain/faults.ts";

const NOW = Date.parse("2026-11-11T12:00:00Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();
const inDays = (days: number) => new Date(NOW + days * 86_400_000).toISOString();

const WELL: Ledger = {
  last_tick_at: ago(20),
  last_run_at: ago(300),
  oldest_overdue_at: null,
  expired_reminders: 0,
  settled: [{ channel: "email", outcome: "sent", error: null, count: 100 }],
  lateness: [{ channel: "email", p95: 0.4, late: 0 }],
  waiting: [],
  dead_letters: [],
  erasures: { count: 0, since: null },
  errors: [],
  month: "2026-11",
  sms_spent_usd: "12.00000",
  bounces: 1,
  complaints: 0,
  connections: 12,
  max_connections: 100,
};

const MAIL = { sending: true, standing: "HEALTHY", quota: 50_000, sent: 1_000 };

type Change = Partial<Omit<Facts, "ledger">> & { ledger?: Partial<Ledger> };

const facts = ({ ledger, ...changed }: Change = {}): Facts => ({
  now: NOW,
  database_ms: 40,
  sms_budget_usd: "50",
  keys: { known: true, value: { count: 2 } },
  mail: { known: true, value: MAIL },
  push: [
    { platform: "FCM", found: { known: true, value: { enabled: true, certificate_until: null } } },
    { platform: "APNs", found: { known: true, value: { enabled: true, certificate_until: inDays(200) } } },
  ],
  bucket: { known: true, value: null },
  ...changed,
  ledger: { ...WELL, ...ledger },
});

const reports = (changed?: Change): Report[] => checkAll(facts(changed));
const names = (found: Report[]) => found.flatMap(({ faults }) => faults.map(({ part, key }) => `${part}/${key}`));
const faults = (changed?: Change) => names(reports(changed));

const settled = (channel: string, outcome: string, error: string | null, count: number) => ({
  channel,
  outcome,
  error,
  count,
});
const waits = (channel: string, error: string) => [{ channel, error, count: 3, since: ago(90) }];
const mail = (changed: Partial<typeof MAIL>): Change => ({ mail: { known: true, value: { ...MAIL, ...changed } } });
const apns = (enabled: boolean, certificate_until: string | null): Change => ({
  push: [{ platform: "APNs", found: { known: true, value: { enabled, certificate_until } } }],
});
const ledger = (changed: Partial<Ledger>): Change => ({ ledger: changed });

test("where all is well nothing is broken, and every part was looked at whole", () => {
  expect(faults()).toEqual([]);
  expect(reports().every(({ complete }) => complete)).toBe(true);
});

/** What breaks it, and what is just not broken yet. */
const CASES: [string, Change, Change][] = [
  ["tick/silent", ledger({ last_tick_at: ago(181) }), ledger({ last_tick_at: ago(180) })],
  ["tick/silent", ledger({ last_tick_at: null }), ledger({ last_tick_at: null, last_run_at: null })],
  ["tick/overdue", ledger({ oldest_overdue_at: ago(181) }), ledger({ oldest_overdue_at: ago(179) })],
  ["tick/expired", ledger({ expired_reminders: 1 }), {}],
  [
    "email/failing",
    ledger({ settled: [settled("email", "sent", null, 20), settled("email", "failed", "MessageRejected", 5)] }),
    ledger({ settled: [settled("email", "sent", null, 21), settled("email", "failed", "MessageRejected", 5)] }),
  ],
  [
    "email/failing",
    ledger({ settled: [settled("email", "failed", "MailFromDomainNotVerifiedException", 1)] }),
    ledger({ settled: [settled("email", "failed", "MessageRejected", 4)] }),
  ],
  [
    "push/failing",
    ledger({ settled: [settled("push", "failed", "AuthorizationError", 1)] }),
    ledger({ settled: [settled("push", "failed", "EndpointDisabled", 4)] }),
  ],
  ["sms/throttled", ledger({ waiting: waits("sms", "Throttling") }), {}],
  ["sms/retrying", ledger({ waiting: waits("sms", "http_500") }), {}],
  ["push/retrying", ledger({ waiting: waits("push", "timeout") }), {}],
  [
    "email/late",
    ledger({ lateness: [{ channel: "email", p95: 61, late: 3 }] }),
    ledger({ lateness: [{ channel: "email", p95: 61, late: 2 }] }),
  ],
  [
    "email/expired",
    ledger({ settled: [settled("email", "expired", "expired", 2)] }),
    ledger({ settled: [settled("email", "suppressed", "event_moved", 2)] }),
  ],
  ["sms/2026-11", ledger({ sms_spent_usd: "40.00000" }), ledger({ sms_spent_usd: "39.99999" })],
  ["sms/2026-11", ledger({ settled: [settled("sms", "failed", "budget_spent", 1)] }), {}],
  ["dead letters/send-sms", ledger({ dead_letters: [{ queue: "send-sms", count: 2 }] }), {}],
  ["erasures/pending", ledger({ erasures: { count: 1, since: ago(86_401) } }), {}],
  ["database/slow", { database_ms: 2_001 }, { database_ms: 2_000 }],
  ["database/connections", ledger({ connections: 80 }), ledger({ connections: 79 })],
  ["cognito/keys", { keys: { known: false, error: "timeout" } }, {}],
  ["cognito/empty", { keys: { known: true, value: { count: 0 } } }, {}],
  ["ses/unreachable", { mail: { known: false, error: "AccessDenied" } }, {}],
  ["ses/paused", mail({ sending: false }), {}],
  ["ses/standing", mail({ standing: "PROBATION" }), {}],
  ["ses/quota", mail({ sent: 40_000 }), mail({ sent: 39_999 })],
  ["ses/quota", mail({ quota: 200, sent: 160 }), mail({ quota: -1, sent: 40_000 })],
  ["ses/bounces", ledger({ bounces: 40 }), ledger({ bounces: 39 })],
  ["ses/complaints", ledger({ complaints: 2 }), ledger({ complaints: 1 })],
  ["sns/APNs unreachable", { push: [{ platform: "APNs", found: { known: false, error: "NotFound" } }] }, {}],
  ["sns/APNs disabled", apns(false, null), apns(true, null)],
  ["sns/APNs certificate", apns(true, inDays(30)), apns(true, inDays(31))],
  ["r2/unreachable", { bucket: { known: false, error: "network" } }, {}],
  ["worker/bug: TypeError", ledger({ errors: [{ event: "bug", error: "TypeError", count: 4, request_id: "r" }] }), {}],
];

describe("each check fires and recovers", () => {
  test.each(CASES)("%s", (name, broken, well) => {
    expect(faults(broken)).toContain(name);
    expect(faults(well)).not.toContain(name);
  });
});

test("a part that does not answer is broken itself, and nothing of it is taken for mended", () => {
  for (const [part, change] of [
    ["ses", { mail: { known: false, error: "timeout" } }],
    ["cognito", { keys: { known: false, error: "network" } }],
    ["sns", { push: [{ platform: "FCM", found: { known: false, error: "network" } }] }],
  ] as [string, Change][]) {
    expect(reports(change).find((one) => one.part === part)).toMatchObject({ complete: false });
    expect(reports(change).filter(({ complete }) => !complete)).toHaveLength(1);
  }
});

test("the budget's row and the channel's faults are one part, so that neither closes the other", () => {
  expect(reports().map(({ part }) => part)).toEqual([...new Set(reports().map(({ part }) => part))]);
  const both = ledger({ sms_spent_usd: "45.00000", waiting: waits("sms", "Throttling") });
  expect(faults(both)).toEqual(["sms/throttled", "sms/2026-11"]);
});

test("one cause is one fault: what another check tells is not told again", () => {
  expect(faults(ledger({ last_tick_at: ago(900), oldest_overdue_at: ago(800) }))).toEqual(["tick/silent"]);
  expect(faults(mail({ sending: false, standing: "SHUTDOWN" }))).toEqual(["ses/paused"]);
  for (const code of [
    "SendingPausedException",
    "AccountSuspendedException",
    "PlatformApplicationDisabled",
    "budget_spent",
  ])
    expect(faults(ledger({ settled: [settled("email", "failed", code, 50)] }))).toEqual([]);
});

test("messages say what and how much", () => {
  const messages = (changed: Change) => reports(changed).flatMap((one) => one.faults.map(({ message }) => message));
  expect(messages(ledger({ last_tick_at: ago(3 * 3600 + 300) }))).toEqual([
    "The tick last ran 3 h 5 min ago: nobody looks for reminders",
  ]);
  expect(messages(ledger({ waiting: waits("sms", "http_500") }))).toEqual([
    "3 deliveries failed and wait for another attempt, the oldest for 90 s: http_500 ×3",
  ]);
  expect(messages(ledger({ erasures: { count: 3, since: ago(26 * 3600) } }))).toEqual([
    "3 steps of erasures are not done, the oldest for 26 h 0 min: SNS, the pool or the nightly schedule fails",
  ]);
  expect(messages(apns(true, inDays(-1)))).toEqual(["The certificate of APNs has ended"]);
});
