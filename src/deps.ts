/** What a door hands inward: built once an invocation, nothing ambient. */
import { connect, type Db } from "./clients/neon.ts";
import { keepWorkerError } from "./domain/worker-errors.ts";
import type { Settings } from "./env.ts";
import { consoleLog, countingErrors, type Log, type Unexpected } from "./log.ts";

/** The bindings of wrangler.toml that the code uses; settings come parsed, beside them. */
export type Bindings = Pick<
  Env,
  | "ASSETS"
  | "LOGOS"
  | "SCHEDULE_NOTIFICATIONS"
  | "SEND_SMS"
  | "SEND_EMAIL"
  | "SEND_PUSH"
  | "SEND_PUSH_GROUP_INVITATION"
  | "SCHEDULE_PUSH_COMMENTS"
  | "LIMIT_EMAIL_LOOKUPS"
  | "LIMIT_SIGN_UPS"
  | "LIMIT_OPERATOR_SIGN_INS"
>;

export type Deps = {
  settings: Settings;
  bindings: Bindings;
  db: Db;
  log: Log;
  /** The clock, in ms. */
  now: () => number;
  wait: (ms: number) => Promise<unknown>;
  /** Calls to the database so far in this invocation. */
  roundTrips: () => number;
};

/** `later` holds the invocation open for work that nobody waits for; without it, unexpected errors are logged and not counted. */
export function buildDeps(settings: Settings, bindings: Bindings, later?: (work: Promise<unknown>) => void): Deps {
  let roundTrips = 0;
  return {
    settings,
    bindings,
    db: connect(settings.DATABASE_URL, {
      fetchEndpoint: settings.NEON_FETCH_ENDPOINT,
      onRoundTrip: () => void roundTrips++,
    }),
    log: later ? countingErrors(consoleLog, (unexpected) => later(keep(settings, unexpected))) : consoleLog,
    now: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    roundTrips: () => roundTrips,
  };
}

/** By the best effort: a bug must not become two. Outside of the invocation's own round trips. */
async function keep(settings: Settings, unexpected: Unexpected): Promise<void> {
  try {
    const db = connect(settings.DATABASE_URL, { fetchEndpoint: settings.NEON_FETCH_ENDPOINT });
    await keepWorkerError(db, unexpected, Date.now());
  } catch {
    consoleLog.warn("error not counted", { of: unexpected.event });
  }
}
