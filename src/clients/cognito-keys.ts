/** The user pool's published keys (RFC 7517). */
import * as z from "zod";
import { type Asked, unanswered } from "./aws.ts";

const TIMEOUT_MS = 5_000;
const Keys = z.object({ keys: z.array(z.object({ kid: z.string() })) });

export async function publishedKeys(url: string): Promise<Asked<{ count: number }>> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body: unknown = await answer.json().catch(() => null);
    if (!answer.ok) return { known: false, error: `http_${answer.status}` };
    return { known: true, value: { count: Keys.parse(body).keys.length } };
  } catch (error) {
    return unanswered(error);
  }
}
