/** Keeps what is slow to build and is asked for again, at most so many: what clients choose cannot pile up in an isolate. */
export function kept<T>(limit: number, build: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return (key) => {
    let value = made.get(key);
    if (value === undefined) {
      if (made.size >= limit) made.clear();
      value = build(key);
      made.set(key, value);
    }
    return value;
  };
}
