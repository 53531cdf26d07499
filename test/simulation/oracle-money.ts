/**
 * What SMS cost: each claim that charged a row counts once, however often it was repeated, unless its holder settled it as not accepted, or its
 * repetition found it not to be sent. So an
 * SMS that was sent counts, one whose answer was lost counts, one whose worker died counts, and one that was refused or throttled does not.
 */
import type { Case } from "./oracle.ts";
import type { Claim, Record_, Settle } from "./record.ts";

const SCALE = 100_000;

export function judgeMoney({ record, ledger, budget_usd }: Case): string[] {
  const broken: string[] = [];
  const spent = units(ledger.spent_usd);
  const expected = spentUntil(record, Number.POSITIVE_INFINITY);
  if (spent !== expected) broken.push(`SMS for ${spent / SCALE} USD are counted, and ${expected / SCALE} were spent`);
  const rows = ledger.deliveries.reduce((sum, { cost_usd }) => sum + units(cost_usd ?? "0"), 0);
  if (spent !== rows) broken.push(`SMS for ${spent / SCALE} USD are counted, and the deliveries hold ${rows / SCALE}`);
  const months = new Set(record.claims.map(({ at }) => new Date(at).toISOString().slice(0, 7))).size;
  for (const { call } of record.claims)
    if (spentUntil(record, call) > units(budget_usd) * months)
      return [...broken, `more was spent than ${budget_usd} USD a month`];
  return broken;
}

/** Whether a claim had to leave out an SMS for want of money. */
export function wasTooDear({ record, budget_usd }: Case, row: number): boolean {
  return record.claims.some(({ call, rows }) => {
    if (!rows.some((one) => one.id === row && one.refusal === "budget_spent")) return false;
    const asked = rows.reduce((sum, { cost_usd }) => sum + units(cost_usd ?? "0"), 0);
    return spentUntil(record, call - 1) + asked > units(budget_usd);
  });
}

/** What is counted after the database's call of a number. */
function spentUntil({ claims, settles }: Record_, last: number): number {
  const charges = new Map<string, number[]>();
  const moves = [
    ...claims.map(({ call, token, rows }) => ({
      call,
      rows: rows.map((row) => ({ key: `${row.id} ${token}`, charge: chargeOf(row) })),
    })),
    ...settles.map(({ call, rows }) => ({
      call,
      rows: rows.map((row) => ({ key: `${row.id} ${row.token}`, charge: isUncounted(row) ? "back" : null })),
    })),
  ];
  for (const { call, rows } of moves.sort((a, b) => a.call - b.call)) {
    if (call > last) break;
    for (const { key, charge } of rows) {
      if (charge === "back") charges.get(key)?.pop();
      else if (charge !== null) charges.set(key, [...(charges.get(key) ?? []), charge as number]);
    }
  }
  return [...charges.values()].flat().reduce((sum, charge) => sum + charge, 0);
}

/** Repeated after a lost answer, a claim may find that nothing is to be sent, and nothing was. */
const chargeOf = ({ cost_usd, settled, refusal, again }: Claim["rows"][number]): number | "back" | null => {
  if (cost_usd === null) return null;
  if (settled) return again ? "back" : null;
  return refusal === null && !again ? units(cost_usd) : null;
};

const isUncounted = ({ effective, status, lost, refused }: Settle["rows"][number]) =>
  effective && status !== "sent" && !lost && !refused;

const units = (usd: string) => Math.round(Number(usd) * SCALE);
