/** What a part of the bench hands on: figures, each beside its ceiling or rival of the same run. */

/** `count`s and `ratio`s are what another machine can be held to; a `measure` is of this machine and this hour. */
export type Figure = {
  name: string;
  kind: "count" | "ratio" | "measure";
  value: number;
  /** As it is printed after the value; "" for a ratio. */
  unit: string;
  /** The ceiling or the rival, in the same unit; null where there is none. */
  beside: { name: string; value: number } | null;
  goal: { text: string; met: boolean } | null;
  /** Of a ratio. Absent: more is better. */
  better?: "less";
  /** Of a ratio: so much worse, as a share of what it was, it may be. Absent: as others. */
  tolerance?: number;
};

export type Section = {
  /** Stable, for `--only` and for comparing with the committed results. */
  id: string;
  title: string;
  figures: Figure[];
  /** What a reader must know to believe the figures, a sentence each. */
  notes: string[];
};

/** `quick` is a size for CI: under a minute for all parts together. */
export type Size = "full" | "quick";

export type Part = {
  id: string;
  title: string;
  measure: (size: Size, say: (line: string) => void) => Promise<Section>;
};
