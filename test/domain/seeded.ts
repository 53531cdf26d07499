/** Repeatable choices: the same seed makes the same case (xorshift32). */
export function seeded(seed: number) {
  let state = (seed * 2654435761) >>> 0 || 1;
  const below = (limit: number): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % limit;
  };
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const text = (alphabet: readonly string[], longest: number): string =>
    Array.from({ length: below(longest + 1) }, () => pick(alphabet)).join("");
  return { below, pick, text };
}
