/** What must not outlive the bench, whichever way it ends. */

const ends = new Set<() => Promise<unknown>>();

/** Answers the same end, which from now on runs once: when it is called, or when everything is ended. */
export function untilTheEnd(end: () => Promise<unknown>): () => Promise<void> {
  let ended: Promise<unknown> | undefined;
  const once = async () => {
    ends.delete(once);
    ended ??= end();
    await ended;
  };
  ends.add(once);
  return once;
}

/** The last begun ends first. Throws after all, where one did. */
export async function endEverything(): Promise<void> {
  const faults: unknown[] = [];
  for (const end of [...ends].reverse()) await end().catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
