import { deletePoolUser, poolSub } from "../clients/cognito.ts";
import { snsClient } from "../clients/sns.ts";
import type { Deps } from "../deps.ts";
import { claimOutside, forgetOutside, forgetTraces, wasErased } from "../domain/erasure-remains.ts";
import { BATCHES, pruneBatch } from "../domain/pruning.ts";

/** A schedule may run for fifteen minutes; what is left over is found the next night. */
const PRUNE_FOR_MS = 5 * 60_000;
const ERASURES_AT_ONCE = 100;

/** Finishes erasures, then deletes what is past its keeping. A part that fails holds up none of the others. Safe to repeat, and to run twice at once. */
export async function prune(deps: Deps, now: number, clock: number): Promise<void> {
  const { db, log, settings } = deps;
  const inTime = () => deps.now() < clock + PRUNE_FOR_MS;
  const faults: unknown[] = [];
  const part = async (name: string, batch: () => Promise<{ gone: number; more: boolean }>) => {
    let gone = 0;
    try {
      for (let more = true; more && inTime(); ) {
        const done = await batch();
        gone += done.gone;
        more = done.more;
      }
    } catch (error) {
      faults.push(error);
      log.error("prune", error, { of: name });
    }
    if (gone > 0) log.info("prune", { of: name, gone });
  };

  await part("erasures", async () => {
    const outside = await claimOutside(db, deps.now(), ERASURES_AT_ONCE);
    const failed = await forgetOutside(db, outside, {
      endpoint: (arn) => snsClient(settings).deleteEndpoint(arn),
      // The first try may have done it, and its answer been lost: whoever signed up under the name since is somebody else.
      pool_user: async (name) => {
        const sub = await poolSub(settings, name);
        if (sub !== null && (await wasErased(db, sub))) await deletePoolUser(settings, name);
      },
    });
    for (const fault of failed) log.error("erasure", fault);
    return { gone: outside.length - failed.length, more: outside.length === ERASURES_AT_ONCE };
  });
  await part("traces", async () => {
    const looked = await forgetTraces(db, deps.now(), ERASURES_AT_ONCE);
    return { gone: looked, more: looked === ERASURES_AT_ONCE };
  });
  for (const name of Object.keys(BATCHES)) await part(name, () => pruneBatch(db, name, now));
  if (faults.length > 0) throw faults[0];
}
