/**
 * An outage of the database, of which no table can tell: an object in the bucket remembers since when it lasts and what Discord was told, so that one
 * outage is one message whichever isolate the next run meets. Its name is none that the door of the logos knows.
 */
import * as z from "zod";
import type { Asked } from "../clients/aws.ts";
import { discordClient } from "../clients/discord.ts";
import type { Deps } from "../deps.ts";
import type { Outage } from "../domain/alerts.ts";
import { lastingText } from "./wording.ts";

const NAME = "torium-alerts/database-outage.json";
/** A run that was to tell and did not come back. */
const POSTING_MS = 240_000;

const Kept = z.object({ since: z.number(), discord_message_id: z.string().nullable(), posting_until: z.number() });
type Kept = z.infer<typeof Kept>;

const FAULT = { part: "database", key: "unreachable", message: "The database is out of reach: nothing works" };
export const OUTAGE = `${FAULT.part}/${FAULT.key}`;

type Bucket = Deps["bindings"]["LOGOS"];

/** What the bucket remembers; null where no outage is told of. Also shows that the bucket answers. */
export async function rememberedOutage(bucket: Bucket): Promise<Asked<(Outage & { etag: string }) | null>> {
  try {
    const found = await read(bucket);
    if (!found) return { known: true, value: null };
    const { since, discord_message_id } = found.kept;
    return { known: true, value: { ...FAULT, since, discord_message_id, etag: found.etag } };
  } catch {
    return { known: false, error: "network" };
  }
}

export const forgetOutage = (bucket: Bucket): Promise<void> => bucket.delete(NAME);

/**
 * Tells of it once; `noticed`: when the run began that found nobody there, ms. Where the bucket is away too it is told at each run, rather than never.
 * False where somebody is to be told and is not yet.
 */
export async function tellOutage({ bindings, settings, now, log }: Deps, noticed: number): Promise<boolean> {
  const bucket = bindings.LOGOS;
  const clock = now();
  let since = noticed;
  let remembers = true;
  try {
    const found = await read(bucket);
    if (found?.kept.discord_message_id) return true;
    if (found && found.kept.posting_until > clock) return false;
    since = found?.kept.since ?? noticed;
    const claim = { since, discord_message_id: null, posting_until: clock + POSTING_MS };
    const only = found ? { etagMatches: found.etag } : new Headers({ "if-none-match": "*" });
    if (!(await bucket.put(NAME, JSON.stringify(claim), { onlyIf: only }))) return false;
  } catch (error) {
    remembers = false;
    log.warn("outage not remembered", { error: error instanceof Error ? error.name : typeof error });
  }
  if (!settings.DISCORD_WEBHOOK_URL) return true;
  const told = await discordClient(settings.DISCORD_WEBHOOK_URL).post(
    lastingText({ ...FAULT, count: 1, opened_at: since }),
  );
  log.info("outage told", { outcome: told.outcome });
  if (!remembers) return told.outcome === "told";
  const kept: Kept = { since, discord_message_id: told.outcome === "told" ? told.id : null, posting_until: 0 };
  await bucket.put(NAME, JSON.stringify(kept)).catch(() => log.warn("outage not remembered"));
  return told.outcome === "told";
}

async function read(bucket: Bucket): Promise<{ kept: Kept; etag: string } | null> {
  const object = await bucket.get(NAME);
  if (!object) return null;
  const kept = Kept.safeParse(await object.json().catch(() => null)).data;
  // What cannot be read is as good as none, but stands in the way: it is taken for a claim that ran out.
  return {
    kept: kept ?? { since: object.uploaded.getTime(), discord_message_id: null, posting_until: 0 },
    etag: object.etag,
  };
}
