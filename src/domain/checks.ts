/** What is broken, judged from what was found: each check is a function of facts alone. */
import { checkChannel, checkSpending } from "./check-channels.ts";
import { type Check, duration, type Facts, plural, type Report, report, secondsSince, unknown } from "./faults.ts";
import { OVERDUE_AFTER_SECONDS, TICK_SILENT_AFTER_SECONDS } from "./status.ts";

const SLOW_MS = 2_000;
const CONNECTIONS_SHARE = 0.8;
const NEARLY_QUOTA = 0.8;
/** Amazon looks into an account from 5 % bounces and 0.1 % complaints on. */
const BOUNCE_RATE = 0.04;
const BOUNCES_AT_LEAST = 5;
const COMPLAINT_RATE = 0.0008;
const COMPLAINTS_AT_LEAST = 2;
const CERTIFICATE_DAYS = 30;
const DAY_MS = 86_400_000;

export const checkTick: Check = ({
  now,
  ledger: { last_tick_at, last_run_at, oldest_overdue_at, expired_reminders },
}) => {
  const silent = last_tick_at === null ? null : secondsSince(last_tick_at, now);
  const overdue = oldest_overdue_at === null ? 0 : secondsSince(oldest_overdue_at, now);
  return report("tick", [
    [
      "silent",
      // On a new Torium the first look may come before the first tick.
      silent === null ? last_run_at !== null : silent > TICK_SILENT_AFTER_SECONDS,
      () =>
        silent === null
          ? "The tick never ran"
          : `The tick last ran ${duration(silent)} ago: nobody looks for reminders`,
    ],
    [
      "overdue",
      // One cause, one fault: while no tick runs, that is why.
      overdue > OVERDUE_AFTER_SECONDS && silent !== null && silent <= TICK_SILENT_AFTER_SECONDS,
      () => `A reminder is overdue by ${duration(overdue)} and has not gone out`,
    ],
    [
      "expired",
      expired_reminders > 0,
      () => `${plural(expired_reminders, "reminder")} came too late to be sent and expired`,
      expired_reminders,
    ],
  ]);
};

export const checkDeadLetters: Check = ({ ledger: { dead_letters } }) =>
  report(
    "dead letters",
    dead_letters.map(({ queue, count }) => [
      queue,
      count > 0,
      () => `${plural(count, "message")} of ${queue} could not be worked on and wait for a replay`,
    ]),
  );

/** Of the person nothing but that they asked: a row's target is an address of theirs. */
export const checkErasures: Check = ({ now, ledger: { erasures } }) =>
  report("erasures", [
    [
      "pending",
      erasures.since !== null,
      () =>
        `${plural(erasures.count, "step")} of erasures ${erasures.count === 1 ? "is" : "are"} not done, the oldest for ${duration(secondsSince(erasures.since!, now))}: SNS, the pool or the nightly schedule fails`,
    ],
  ]);

export const checkDatabase: Check = ({ database_ms, ledger: { connections, max_connections } }) =>
  report("database", [
    ["slow", database_ms > SLOW_MS, () => `The database took ${(database_ms / 1000).toFixed(1)} s to answer`],
    [
      "connections",
      connections >= CONNECTIONS_SHARE * max_connections,
      () => `${connections} of ${max_connections} connections to the database are taken`,
    ],
  ]);

export const checkKeys: Check = ({ keys }) =>
  keys.known
    ? report("cognito", [
        ["empty", keys.value.count === 0, () => "The user pool publishes no keys: nobody can sign in"],
      ])
    : unknown("cognito", "keys", `The user pool's keys are out of reach: nobody can sign in (${keys.error})`);

export const checkMail: Check = ({ mail, ledger: { bounces, complaints } }) => {
  if (!mail.known) return unknown("ses", "unreachable", `SES does not tell how it is (${mail.error})`);
  const { sending, standing, quota, sent } = mail.value;
  const percent = (part: number) => `${((100 * part) / Math.max(1, sent)).toFixed(2)} %`;
  return report("ses", [
    ["paused", !sending, () => "SES has paused the account: no e-mail goes out"],
    ["standing", sending && standing !== "HEALTHY", () => `SES calls the account ${standing}`],
    [
      "quota",
      quota > 0 && sent >= NEARLY_QUOTA * quota,
      () => `${sent} of the ${quota} e-mails that SES allows in 24 hours are sent`,
    ],
    [
      "bounces",
      bounces >= BOUNCES_AT_LEAST && bounces >= BOUNCE_RATE * sent,
      () => `${percent(bounces)} of the e-mails of 24 hours bounced (${bounces})`,
    ],
    [
      "complaints",
      complaints >= COMPLAINTS_AT_LEAST && complaints >= COMPLAINT_RATE * sent,
      () => `${percent(complaints)} of the e-mails of 24 hours brought a complaint (${complaints})`,
    ],
  ]);
};

export const checkPush: Check = ({ push, now }) => {
  const found = push.map(({ platform, found }): Report => {
    if (!found.known)
      return unknown("sns", `${platform} unreachable`, `SNS does not tell how ${platform} is (${found.error})`);
    const { enabled, certificate_until } = found.value;
    const days = certificate_until === null ? null : Math.floor((Date.parse(certificate_until) - now) / DAY_MS);
    return report("sns", [
      [`${platform} disabled`, !enabled, () => `The platform application of ${platform} is disabled: no push goes out`],
      [
        `${platform} certificate`,
        days !== null && days <= CERTIFICATE_DAYS,
        () =>
          days! < 0
            ? `The certificate of ${platform} has ended`
            : `The certificate of ${platform} ends in ${plural(days!, "day")}`,
      ],
    ]);
  });
  return {
    part: "sns",
    faults: found.flatMap(({ faults }) => faults),
    complete: found.every(({ complete }) => complete),
  };
};

export const checkBucket: Check = ({ bucket }) =>
  report("r2", [
    ["unreachable", !bucket.known, () => `The bucket is out of reach (${bucket.known ? "" : bucket.error})`],
  ]);

/** A bug is an event rather than a state: it is over when a run finds no more of it. */
export const checkErrors: Check = ({ ledger: { errors } }) =>
  report(
    "worker",
    errors.map(({ event, error, count, request_id }) => [
      `${event}: ${error}`,
      true,
      () => `Unexpected ${error} (${event})${request_id ? `, last in request ${request_id}` : ""}`,
      count,
    ]),
  );

const CHECKS: Check[] = [
  checkTick,
  checkChannel("sms"),
  checkChannel("email"),
  checkChannel("push"),
  checkSpending,
  checkDeadLetters,
  checkErasures,
  checkDatabase,
  checkKeys,
  checkMail,
  checkPush,
  checkBucket,
  checkErrors,
];

/** Every part looked at; a part that two checks look at is complete where both are. */
export function checkAll(facts: Facts): Report[] {
  const parts = Map.groupBy(
    CHECKS.map((check) => check(facts)),
    ({ part }) => part,
  );
  return [...parts].map(([part, reports]) => ({
    part,
    faults: reports.flatMap(({ faults }) => faults),
    complete: reports.every(({ complete }) => complete),
  }));
}
