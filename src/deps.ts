/** What a door hands inward: built once an invocation, nothing ambient. */
import { connect, type Db } from "./clients/neon.ts";
import type { Settings } from "./env.ts";
import { consoleLog, type Log } from "./log.ts";

/** The bindings of wrangler.toml that the code uses; settings come parsed, beside them. */
export type Bindings = Pick<
  Env,
  | "LOGOS"
  | "SCHEDULE_NOTIFICATIONS"
  | "SEND_SMS"
  | "SEND_EMAIL"
  | "SEND_PUSH"
  | "SEND_PUSH_GROUP_INVITATION"
  | "SCHEDULE_PUSH_COMMENTS"
  | "LIMIT_EMAIL_LOOKUPS"
  | "LIMIT_SIGN_UPS"
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

export function buildDeps(settings: Settings, bindings: Bindings): Deps {
  let roundTrips = 0;
  return {
    settings,
    bindings,
    db: connect(settings.DATABASE_URL, {
      fetchEndpoint: settings.NEON_FETCH_ENDPOINT,
      onRoundTrip: () => void roundTrips++,
    }),
    log: consoleLog,
    now: () => Date.now(),
    wait: (ms) => scheduler.wait(ms),
    roundTrips: () => roundTrips,
  };
}
