/** Virtual time: what waits is ordered by its moment, and each is let go only when all running code has come to rest. */
export type Timer = { at: number; order: number; run: () => void | Promise<void>; cancelled: boolean };

export class Scheduler {
  /** ms */
  now: number;
  #order = 0;
  readonly #heap: Timer[] = [];

  constructor(start: number) {
    this.now = start;
  }

  at(moment: number, run: Timer["run"]): Timer {
    const timer = { at: Math.max(this.now, Math.round(moment)), order: this.#order++, run, cancelled: false };
    this.#push(timer);
    return timer;
  }

  in(ms: number, run: Timer["run"]): Timer {
    return this.at(this.now + ms, run);
  }

  /** Lets everything go that waits until a moment, in order. */
  async run(until: number): Promise<void> {
    for (let next = this.#heap[0]; next && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.now = next.at;
      await next.run();
      await rest();
    }
    this.now = Math.max(this.now, until);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let place = heap.push(timer) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent]!, timer)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(last, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
  }
}

const isBefore = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

/**
 * Everything that leaves the process is parked, hashing is done at once, and a database call is waited for by whoever lets it go: so what
 * runs is microtasks alone, and all of them have run when the next turn of the event loop begins.
 */
const rest = () => new Promise<void>((rested) => setImmediate(rested));
