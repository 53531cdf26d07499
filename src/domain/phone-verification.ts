/**
 * Whose number it is: a six-digit code by SMS, kept only as a keyed hash, good for ten minutes and five tries, and only until a newer one
 * is sent. Every limit is counted in the database under locks, since requests come at once.
 */
import { type SQL, sql } from "drizzle-orm";
import type { Outcome } from "../clients/aws.ts";
import { type Db, rows } from "../clients/neon.ts";
import type { Settings } from "../env.ts";
import { AppError, invalid } from "../errors.ts";
import { hmac } from "../hmac.ts";
import { type Caller, me, transactAs } from "./access.ts";
import { parseMobile } from "./phone.ts";
import { alertOfBudget, giveBack, priceOfSms, spendingMonth } from "./sms-spending.ts";
import { codeSms, localeOf } from "./texts/index.ts";

const TRIES = 5;
const MINUTES = 10;

type CodeSettings = Pick<
  Settings,
  | "CODE_PEPPER"
  | "DEFAULT_LOCALE"
  | "SMS_COUNTRIES"
  | "SMS_PRICES_USD"
  | "SMS_MONTHLY_BUDGET_USD"
  | "LIMIT_PHONE_CODES_A_DAY"
  | "LIMIT_PHONE_CODES_A_DAY_PER_NUMBER"
>;

/** A code that is written down and counted, and not yet sent. `at` is RFC 3339. */
export type PendingCode = { id: number; number: string; text: string; cost_usd: string; at: string };

/**
 * Counts one more code for the caller and the number, and its price. Throws invalid_input at `mobile_number`, rate_limited, or unavailable
 * where the month's money is spent: that is no fault of the caller's, who has asked no more often than allowed.
 */
export async function reserveCode(
  db: Db,
  caller: Caller,
  mobileNumber: string,
  settings: CodeSettings,
  now: number,
): Promise<PendingCode> {
  const mobile = parseMobile(mobileNumber, settings.SMS_COUNTRIES);
  if ("reason" in mobile) throw invalid("mobile_number", mobile.reason);
  const { number } = mobile;
  const at = new Date(now).toISOString();
  const code = randomCode();
  // The language is known only with the answer: counted is the dearer of the two.
  const cost_usd = [codeSms(code, "en"), codeSms(code, "pl")]
    .map((text) => priceOfSms(text, number, settings))
    .reduce((a, b) => (Number(a) > Number(b) ? a : b));
  const budget = sql`${settings.SMS_MONTHLY_BUDGET_USD}::numeric`;
  const reserved = await transactAs<{
    id: number | null;
    locale: string | null;
    retry_after: number | null;
    month_ends_in: number;
  }>(
    db,
    lock(sql`${personKey(caller)}`),
    lock(sql`${numberKey(number)}`),
    sql`with ${me(caller)}, wait as (
          select ${secondsToWait(sql`(select id from me)`, sql`${number}`, settings, at)} as seconds
        ), spent as (
          insert into sms_spending (month, spent_usd)
          select ${spendingMonth(at)}, ${cost_usd}::numeric from me, wait where seconds is null and ${cost_usd}::numeric <= ${budget}
          on conflict (month) do update set spent_usd = sms_spending.spent_usd + excluded.spent_usd
            where sms_spending.spent_usd + excluded.spent_usd <= ${budget}
          returning month, spent_usd
        ), ${alertOfBudget(
          at,
          sql`coalesce((select spent_usd from spent), 0)`,
          sql`exists (select from me, wait where seconds is null and not exists (select from spent))`,
          settings.SMS_MONTHLY_BUDGET_USD,
        )}, kept as (
          insert into phone_verifications (user_id, mobile_number, code_hmac, created_at, expires_at)
          select me.id, ${number}::text, ${await codeHmac(settings.CODE_PEPPER[0]!, caller, code)}::text,
                 ${at}::timestamptz, ${at}::timestamptz + make_interval(mins => ${MINUTES})
          from me, spent
          returning id
        )
        select (select id from me) as caller, (select locale from me) as locale, (select id from kept) as id, (select seconds from wait) as retry_after,
               extract(epoch from (${spendingMonth(at)} + interval '1 month') at time zone 'UTC' - ${at}::timestamptz)::float8 as month_ends_in`,
  );
  const { id, locale, retry_after, month_ends_in } = reserved;
  if (id !== null) {
    return { id, number, text: codeSms(code, localeOf(locale, settings.DEFAULT_LOCALE)), cost_usd, at };
  }
  if (retry_after !== null) {
    throw new AppError("rate_limited", "No further code can be sent yet", { retryAfter: retry_after });
  }
  throw new AppError("unavailable", "No more codes can be sent this month", { retryAfter: month_ends_in });
}

/**
 * Settles what became of the SMS. One that SNS did not accept is not counted, so that the next may follow at once; its price is given back
 * unless the answer was lost, since it may have been sent. Throws what the caller is to be told.
 */
export async function settleCode(db: Db, { id, cost_usd, at }: PendingCode, outcome: Outcome, now: number) {
  if (outcome.outcome === "sent") {
    await rows(
      db,
      sql`update phone_verifications set sent_at = ${new Date(now).toISOString()}::timestamptz where id = ${id}`,
    );
    return;
  }
  const cost = outcome.outcome === "lost" ? sql`0` : sql`${cost_usd}::numeric * (select count(*) from gone)`;
  await rows(
    db,
    sql`with gone as (delete from phone_verifications where id = ${id} returning id) ${giveBack(cost, at)}`,
  );
  if (outcome.outcome === "refused" && outcome.error.startsWith("OptedOut")) {
    const issues = [{ path: "mobile_number", message: "has opted out of SMS from us" }];
    throw new AppError("conflict", "The number does not accept SMS from us", { issues });
  }
  if (outcome.outcome === "refused" && outcome.error.startsWith("InvalidParameter")) {
    throw invalid("mobile_number", "is refused by the mobile network");
  }
  throw new AppError("unavailable", "The SMS could not be sent now", { retryAfter: 5, cause: outcome });
}

/**
 * Takes the newest code: the number becomes the caller's, whoever had it before, and SMS their preference. Throws invalid_input for a wrong,
 * used or expired code, rate_limited once its tries are used up.
 */
export async function verifyNumber(
  db: Db,
  caller: Caller,
  code: string,
  settings: CodeSettings,
  now: number,
): Promise<void> {
  const at = new Date(now).toISOString();
  const hmacs = await Promise.all(settings.CODE_PEPPER.map((pepper) => codeHmac(pepper, caller, code)));
  const right = sql`n.code_hmac in (${sql.join(
    hmacs.map((one) => sql`${one}`),
    sql`, `,
  )})`;
  const newest = sql`select v.* from phone_verifications v join users u on u.id = v.user_id
    where u.cognito_user_id = ${caller.cognito_user_id} order by v.id desc limit 1`;
  const { verified, exhausted, retry_after } = await transactAs<{
    verified: boolean;
    exhausted: boolean;
    retry_after: number | null;
  }>(
    db,
    lock(sql`${personKey(caller)}`),
    sql`select pg_advisory_xact_lock(hashtextextended(${numberKey("")} || n.mobile_number, 0)) from (${newest}) n`,
    // Two people who take each other's number at once: their rows are locked in one order.
    sql`select id from users where cognito_user_id = ${caller.cognito_user_id} or mobile_number = (select mobile_number from (${newest}) n)
        order by id for update`,
    sql`with ${me(caller)}, newest as (${newest}), tried as (
          update phone_verifications v
          set tries = v.tries + 1, used_at = case when ${right} then ${at}::timestamptz end
          from newest n, me
          where v.id = n.id and n.used_at is null and n.expires_at > ${at}::timestamptz and n.tries < ${TRIES}
          returning v.mobile_number, v.used_at
        ), proven as (
          select mobile_number from tried where used_at is not null
        ), freed as (
          update users u set mobile_number = null from proven p where u.mobile_number = p.mobile_number and u.id <> (select id from me)
          returning u.id
        ), moved as (
          update users u set mobile_number = p.mobile_number, reminder_preferences = 'SMS'
          from proven p, (select count(*) from freed) first where u.id = (select id from me)
        ), welcome as (
          delete from suppressed_addresses s using proven p where s.channel = 'sms' and s.address = p.mobile_number
        )
        select (select id from me) as caller, exists (select from proven) as verified,
               coalesce((select tries >= ${TRIES} and used_at is null and expires_at > ${at}::timestamptz from newest), false) as exhausted,
               ${secondsToWait(sql`(select id from me)`, sql`(select mobile_number from newest)`, settings, at)} as retry_after`,
  );
  if (verified) return;
  if (exhausted) {
    throw new AppError("rate_limited", "Too many wrong codes: ask for a new one", { retryAfter: retry_after ?? 1 });
  }
  throw invalid("code", "is wrong or has expired");
}

/** Seconds until one more code may go to this person and this number; null where it may go now. */
const secondsToWait = (user: SQL, number: SQL, settings: CodeSettings, at: string): SQL => {
  const sentBefore = (whose: SQL, count: number) =>
    sql`(select v.created_at from phone_verifications v where ${whose} order by v.created_at desc offset ${count - 1} limit 1)`;
  const byPerson = sql`v.user_id = ${user}`;
  const byNumber = sql`v.mobile_number = ${number}`;
  return sql`(select case when w.until > ${at}::timestamptz then extract(epoch from w.until - ${at}::timestamptz)::float8 end
    from (select greatest(${sentBefore(byPerson, 1)} + interval '1 minute',
                          ${sentBefore(byPerson, settings.LIMIT_PHONE_CODES_A_DAY)} + interval '24 hours',
                          ${sentBefore(byNumber, settings.LIMIT_PHONE_CODES_A_DAY_PER_NUMBER)} + interval '24 hours') as until) w)`;
};

const lock = (key: SQL): SQL => sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
const personKey = ({ cognito_user_id }: Caller) => `phone code of ${cognito_user_id}`;
const numberKey = (number: string) => `phone code to ${number}`;

/** The caller is part of what is hashed: a code works for nobody else. */
const codeHmac = (pepper: string, { cognito_user_id }: Caller, code: string) =>
  hmac(pepper, `phone code\n${cognito_user_id}\n${code}`);

const CODES = 1_000_000;
const FAIR = 2 ** 32 - (2 ** 32 % CODES);

/** Six digits, each code as likely as any other: what would favour the low ones is drawn again. */
function randomCode(): string {
  const [drawn] = crypto.getRandomValues(new Uint32Array(1));
  return drawn! < FAIR ? String(drawn! % CODES).padStart(6, "0") : randomCode();
}
