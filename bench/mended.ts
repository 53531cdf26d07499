/** What the bench showed to be slow, and what became of it: figures of the same machine, right before and right after. */
export type Mended = { what: string; before: string; after: string };

export const MENDED: Mended[] = [];
