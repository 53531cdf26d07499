/** A Discord webhook. https://discord.com/developers/docs/resources/webhook, and .../topics/rate-limits */
import * as z from "zod";

const TIMEOUT_MS = 10_000;
const MAX_CONTENT = 2_000;

/**
 * told: Discord has it. limited: not now, in so many ms. refused: this message never. failed: Discord is away, or its answer was lost.
 */
export type Telling =
  | { outcome: "told"; id: string }
  | { outcome: "limited"; retry_after_ms: number }
  | { outcome: "refused" | "failed"; error: string };

export type Discord = {
  post(content: string): Promise<Telling>;
  /** A message that somebody deleted counts as told. */
  edit(id: string, content: string): Promise<Telling>;
};

const Message = z.object({ id: z.string() });
const Limited = z.object({ retry_after: z.number().nonnegative() });

export function discordClient(webhook: string): Discord {
  async function call(method: string, path: string, content: string): Promise<Telling> {
    const url = new URL(webhook);
    url.pathname += path;
    url.searchParams.set("wait", "true");
    try {
      const answer = await fetch(url, {
        method,
        headers: { "content-type": "application/json" },
        // Nothing in a message may call people by @everyone.
        body: JSON.stringify({ content: content.slice(0, MAX_CONTENT), allowed_mentions: { parse: [] } }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const body: unknown = await answer.json().catch(() => null);
      if (answer.ok) return { outcome: "told", id: Message.parse(body).id };
      if (answer.status === 429) return { outcome: "limited", retry_after_ms: retryAfter(answer, body) };
      const error = `http_${answer.status}`;
      // 401, 403 and 404 are about the webhook itself, 5xx about Discord: another message would fare no better.
      return { outcome: answer.status === 400 || answer.status === 413 ? "refused" : "failed", error };
    } catch (error) {
      return {
        outcome: "failed",
        error: error instanceof Error && error.name === "TimeoutError" ? "timeout" : "network",
      };
    }
  }

  return {
    post: (content) => call("POST", "", content),
    async edit(id, content) {
      const told = await call("PATCH", `/messages/${encodeURIComponent(id)}`, content);
      return told.outcome === "failed" && told.error === "http_404" ? { outcome: "told", id } : told;
    },
  };
}

/** Seconds, with a fraction, in the body; whole ones in the header where something before Discord answers. */
function retryAfter(answer: Response, body: unknown): number {
  const seconds = Limited.safeParse(body).data?.retry_after ?? Number(answer.headers.get("retry-after") || 5);
  return Math.ceil((Number.isFinite(seconds) && seconds >= 0 ? seconds : 5) * 1000);
}
