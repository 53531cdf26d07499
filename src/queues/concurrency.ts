/** The platform's limit of connections that wait for an answer at once. */
export const CONNECTIONS = 6;

/** Works through the items in order, at most `limit` at a time. Where work throws, the others end first; then the first fault is thrown. */
export async function eachAtMost<Item>(
  limit: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  // One iterator for all lanes: each takes the next item that nobody took.
  const waiting = items.values();
  const lane = async () => {
    for (const item of waiting) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, lane));
  const fault = ended.find((one) => one.status === "rejected");
  if (fault) throw fault.reason;
}
