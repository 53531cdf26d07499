/** Tells Discord what the alerts have to say: a message a fault, edited while it lasts, and one when it is over. */
import { type Discord, discordClient, type Telling } from "../clients/discord.ts";
import type { Deps } from "../deps.ts";
import { claimUntold, settleTold, type Told, type Untold } from "../domain/alerts.ts";
import { lastingText, overText } from "./wording.ts";

/** As long as a run waits for Discord's limit altogether; what is left is for the next one. */
const PATIENCE_MS = 30_000;
const SETTLE_PAUSES_MS = [300, 2_000, 10_000];

type Step = { telling: Telling; told: Omit<Told, "id"> };

/** False where something is left to be told. */
export async function tellDiscord(deps: Deps, webhook: string): Promise<boolean> {
  const discord = patient(deps, discordClient(webhook));
  const untold = await claimUntold(deps.db, deps.now());
  let left = 0;
  for (const [index, alert] of untold.entries()) {
    const { telling, told } = await tell(discord, alert);
    await settle(deps, [{ id: alert.id, ...told }]);
    if (telling.outcome === "told") continue;
    deps.log.warn("alert not told", {
      alert: alert.id,
      outcome: telling.outcome,
      error: "error" in telling ? telling.error : null,
    });
    left++;
    if (telling.outcome === "refused") continue;
    // Discord is away or will hear no more for now: the others are let go for the next run.
    const others = untold.slice(index + 1).map(({ id }) => ({ id, posted: null, discord_message_id: null }));
    if (others.length > 0) await settle(deps, others);
    left += others.length;
    break;
  }
  if (untold.length > 0) deps.log.info("alerts told", { told: untold.length - left, left });
  return left === 0;
}

const NOTHING = { posted: null, discord_message_id: null };

async function tell(discord: Discord, alert: Untold): Promise<Step> {
  const { closed_at, posted, discord_message_id: id, quiet } = alert;
  if (closed_at === null) {
    const text = lastingText(alert, alert.seen_at);
    if (posted && id) return { telling: await discord.edit(id, text), told: NOTHING };
    const telling = await discord.post(text);
    return { telling, told: telling.outcome === "told" ? { posted: "open", discord_message_id: telling.id } : NOTHING };
  }
  const text = overText(alert, closed_at);
  const over = { posted: "closed", discord_message_id: null } as const;
  // Who acknowledged it, or wants silence, gets no new message; what stands in the channel is put right.
  if (quiet && !id) return { telling: { outcome: "told", id: "" }, told: over };
  const telling = quiet && id ? await discord.edit(id, text) : await discord.post(text);
  if (telling.outcome !== "told") return { telling, told: NOTHING };
  if (!quiet && id) await discord.edit(id, text);
  return { telling, told: over };
}

/** Waits where Discord says how long, and tries again, while the patience lasts. A limit of nothing, said again and again, is asked for ever more seldom. */
function patient({ wait }: Deps, discord: Discord): Discord {
  let left = PATIENCE_MS;
  let least = 100;
  const persisting = async (call: () => Promise<Telling>): Promise<Telling> => {
    for (;;) {
      const telling = await call();
      if (telling.outcome !== "limited") return telling;
      const pause = Math.max(least, telling.retry_after_ms);
      if (pause > left) return telling;
      left -= pause;
      least *= 2;
      await wait(pause);
    }
  };
  return {
    post: (content) => persisting(() => discord.post(content)),
    edit: (id, content) => persisting(() => discord.edit(id, content)),
  };
}

/** What Discord has must be written down, or it would be told again. */
async function settle(deps: Deps, told: Told[]): Promise<void> {
  for (const pause of SETTLE_PAUSES_MS) {
    try {
      return await settleTold(deps.db, told);
    } catch {
      await deps.wait(pause);
    }
  }
  await settleTold(deps.db, told);
}
