/** What must not outlive the bench, whichever way it ends. */

const ends = new Set<() => Promise<unknown>>();

/** Answers the same end, which from now on runs once: when it is called, or when everything is ended. */
export function untilTheEnd(end: () => Promise<unknown>): () => Promise<void> {
  let ended: Promise<unknown> | undefined;
  const once = async () => {
    ended ??= end();
    // Until it is over, whoever ends everything waits for it too.
    await ended.finally(() => ends.delete(once));
  };
  ends.add(once);
  return once;
}

/** The last begun ends first, and what was begun meanwhile too. Throws after all, where one did. */
export async function endEverything(): Promise<void> {
  const faults: unknown[] = [];
  while (ends.size > 0) await endAll([...ends]).catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}

/** One after another, from the last; one that throws keeps none of the others from ending. */
export async function endAll(parts: (() => Promise<unknown>)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const end of parts.reverse()) await end().catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
