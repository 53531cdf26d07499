/** Whether what was deployed answers. */

/** Time in ms. */
export type Waiting = {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  now: () => number;
  sleep: (ms: number) => Promise<unknown>;
};

/** A new address takes some minutes until every place knows it, a new version seconds. */
const PATIENCE_MS = 5 * 60_000;
const EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 10_000;

/** Until the Worker is up, and says that it reaches its database. Throws with what it said last. */
export async function waitUntilWell(publicUrl: string, { fetch, now, sleep }: Waiting): Promise<void> {
  const until = now() + PATIENCE_MS;
  for (const path of ["/health", "/status"]) {
    let fault = await askOnce(publicUrl + path, fetch);
    while (fault !== null) {
      if (now() >= until) throw new Error(`${publicUrl}${path} ${fault}`);
      await sleep(EVERY_MS);
      fault = await askOnce(publicUrl + path, fetch);
    }
  }
}

/** Null: well. */
async function askOnce(url: string, fetch: Waiting["fetch"]): Promise<string | null> {
  try {
    const headers = { accept: "application/json" };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const body = (await answer.json().catch(() => null)) as {
      data?: { database?: { reachable: boolean } } | null;
    } | null;
    if (!answer.ok) return `answers ${answer.status}`;
    if (!body) return "answers with something else than JSON";
    // /health says nothing of the database.
    return body.data?.database?.reachable === false ? "says that the database is out of reach" : null;
  } catch (error) {
    return `is out of reach: ${(error as Error).message}`;
  }
}
