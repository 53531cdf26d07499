/** The public heartbeat: JSON for machines, a page for a browser. */
import { Hono } from "hono";
import { accepts } from "hono/accepts";
import type { Deps } from "../deps.ts";
import { readStatus, type Status, unreachableStatus } from "../domain/status.ts";
import { AppError } from "../errors.ts";
import { type Api, ok } from "./envelope.ts";
import { statusPage } from "./status-page.ts";

const KEPT_SECONDS = 10;
/** Who asks whether Torium is well waits no longer for a database that is silent. */
const PATIENCE_MS = 1_500;

export const status = new Hono<Api>().get("/", async (c) => {
  const found = await statusOf(c.var.deps);
  const wanted = accepts(c, {
    header: "Accept",
    supports: ["application/json", "text/html"],
    default: "application/json",
  });
  const answer = wanted === "text/html" ? await statusPage(found) : ok(found);
  answer.headers.set("cache-control", `public, max-age=${KEPT_SECONDS}`);
  answer.headers.append("vary", "accept");
  return answer;
});

/** By the settings, of which an isolate has one; also that the database is away is kept, so that a crowd does not wait for it one by one. */
const kept = new WeakMap<Deps["settings"], Status>();

async function statusOf({ settings, db, now, wait, log }: Deps): Promise<Status> {
  const asked = now();
  const last = kept.get(settings);
  if (last && asked - Date.parse(last.at) < KEPT_SECONDS * 1000) return last;
  const silent = wait(PATIENCE_MS).then(() => null);
  const found = await Promise.race([readStatus(db, asked), silent]).catch((error: unknown) => {
    if (!(error instanceof AppError && error.code === "unavailable")) throw error;
    return null;
  });
  if (!found) log.warn("status without the database");
  const told = found ?? unreachableStatus(asked);
  kept.set(settings, told);
  return told;
}
