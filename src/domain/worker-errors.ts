/** What failed unexpectedly, counted: the kind of error and the request it was in, and nothing of what it was about. */
import { sql } from "drizzle-orm";
import { type Db, rows } from "../clients/neon.ts";
import type { Unexpected } from "../log.ts";
import { rfc3339 } from "./time.ts";

/** `now`: ms on the machine's clock. One round trip. */
export async function keepWorkerError(db: Db, { event, error, request_id }: Unexpected, now: number): Promise<void> {
  await rows(
    db,
    sql`insert into worker_errors (event, error, request_id, created_at) values (${event}, ${error}, ${request_id}, ${rfc3339(now)})`,
  );
}
