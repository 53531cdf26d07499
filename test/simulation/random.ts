/** Chance from a seed: the same seed and stream give the same draws, and no stream disturbs another. */
export type Random = {
  /** At least 0, below 1. */
  next(): number;
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  pick<Item>(list: readonly Item[]): Item;
  shuffled<Item>(list: readonly Item[]): Item[];
};

export function randomOf(seed: number, stream: string): Random {
  let a = seed >>> 0;
  let b = 0x9e3779b9;
  let c = 0;
  let d = 1;
  for (const letter of stream) b = Math.imul(b ^ letter.charCodeAt(0), 0x85ebca6b) >>> 0;
  // sfc32, of Chris Doty-Humphrey's PractRand.
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let turn = 0; turn < 16; turn++) next();
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    chance: (probability) => next() < probability,
    int,
    pick: (list) => list[int(0, list.length - 1)]!,
    shuffled: (list) => {
      const shuffled = [...list];
      for (let place = shuffled.length - 1; place > 0; place--) {
        const other = int(0, place);
        [shuffled[place], shuffled[other]] = [shuffled[other]!, shuffled[place]!];
      }
      return shuffled;
    },
  };
}
