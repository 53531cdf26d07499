/** Goes through every part, and tells Discord what broke and what is well again: every five minutes, and when the operator asks. */
import { beat } from "../clients/heartbeat.ts";
import type { Deps } from "../deps.ts";
import { readLedger } from "../domain/alert-facts.ts";
import { keepFaults } from "../domain/alerts.ts";
import { checkAll } from "../domain/checks.ts";
import { forgetOutage, OUTAGE, rememberedOutage, tellOutage } from "./outage.ts";
import { askOutside } from "./probes.ts";
import { tellDiscord } from "./tell-discord.ts";

const AGAIN_AFTER_MS = 1_000;
/** An answer that takes longer is asked for once more: the first one may have woken the database. */
const SLOW_MS = 1_000;

/** `first` false: another look at the same time counted. `faults`: part/key. `told` false: something is left to be told. */
export type Looked = { first: boolean; faults: string[]; told: boolean };

/** `clock`: when it began, ms. */
export async function look(deps: Deps, clock: number): Promise<Looked> {
  const { settings, bindings, db, now, log } = deps;
  const found = await askDatabase(deps);
  if (!found) return { first: false, faults: [OUTAGE], told: await tellOutage(deps, clock) };
  const [outside, remembered] = await Promise.all([askOutside(deps), rememberedOutage(bindings.LOGOS)]);
  const reports = checkAll({
    now: found.at,
    ledger: found.ledger,
    database_ms: found.ms,
    sms_budget_usd: settings.SMS_MONTHLY_BUDGET_USD,
    ...outside,
    bucket: remembered,
  });
  const outage = remembered.known ? remembered.value : null;
  const webhook = settings.DISCORD_WEBHOOK_URL;
  const first = await keepFaults(db, found.at, {
    reports,
    runs: found.ledger,
    outage,
    told: webhook !== undefined,
  });
  if (first && outage) await forgetOutage(bindings.LOGOS);
  const told = webhook ? await tellDiscord(deps, webhook) : true;
  const faults = reports.flatMap((report) => report.faults).map(({ part, key }) => `${part}/${key}`);
  log.info("alerts", { first, faults: faults.join(","), told, ms: now() - found.at });
  // Whoever is not told by Discord must hear the silence of the heartbeat.
  if (told && settings.HEARTBEAT_URL && !(await beat(settings.HEARTBEAT_URL))) log.warn("heartbeat not heard");
  return { first, faults, told };
}

/** Null where it is out of reach, twice; or answers with a fault, of which nobody would hear otherwise. */
async function askDatabase(deps: Deps) {
  const ask = async () => {
    const at = deps.now();
    const ledger = await readLedger(deps.db, at);
    return { at, ledger, ms: deps.now() - at };
  };
  try {
    const first = await ask();
    return first.ms > SLOW_MS ? await ask() : first;
  } catch (error) {
    deps.log.warn("database asked again", { error: error instanceof Error ? error.name : typeof error });
  }
  await deps.wait(AGAIN_AFTER_MS);
  try {
    return await ask();
  } catch (error) {
    deps.log.error("database away", error);
    return null;
  }
}
