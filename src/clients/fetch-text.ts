/** A call whose answer is read here, so that one time limit holds for all of it. */

export type TextAnswer = Pick<Response, "ok" | "status" | "headers"> & { text: string };

/**
 * Throws a `TimeoutError` after `ms`, and what `fetch` throws. The timer ends with the call: one that outlived it would count against the platform's
 * 10,000, and hold the call's remains in memory.
 */
export async function fetchText(url: string, init: RequestInit, ms: number): Promise<TextAnswer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("no whole answer in time", "TimeoutError")), ms);
  try {
    const answer = await fetch(url, { ...init, signal: late.signal });
    // What was refused is refused, though its words did not come whole.
    const text = answer.ok ? await answer.text() : await answer.text().catch(() => "");
    return { ok: answer.ok, status: answer.status, headers: answer.headers, text };
  } finally {
    clearTimeout(timer);
  }
}
