/** The load, in a process of its own: connections that ask again as soon as they are answered. */
import { answerParent } from "../bed/child.ts";
import { quantile } from "../quantile.ts";
import { type Connection, openConnection } from "./connection.ts";

/** Each connection goes through a list of its own, and from its start again where `again`; otherwise the slice is over with the first list that is. */
export type Slice = { port: number; lists: Buffer[][]; again: boolean; ms: number };
/** `ms` is the time that was really measured, with its `requests`; `answered` counts those before and after it too. Latencies in ms. */
export type Measured = { requests: number; answered: number; ms: number; p50: number; p99: number };

/** The share at the start of a slice of time that is not counted: all lanes begin at once, and their first answers come late. */
const SETTLING = 0.2;

const connections: Connection[] = [];

answerParent({
  measure: async ({ port, lists, again, ms }: Slice): Promise<Measured> => {
    // The Worker closes what is idle for some seconds: no connection waits for a later slice.
    for (const spare of connections.splice(lists.length)) spare.end();
    while (connections.length < lists.length) connections.push(await openConnection(port));
    const latencies: number[] = [];
    const started = performance.now();
    const settled = again ? started + ms * SETTLING : started;
    let last = settled;
    let over = false;
    let answered = 0;
    const lane = async (requests: Buffer[], connection: Connection) => {
      for (let n = 0; !over; n++) {
        if (n === requests.length && !again) over = true;
        if (over) return;
        const sent = performance.now();
        const { status, body } = await connection.send(requests[n % requests.length]!);
        if (status !== 200) throw new Error(`answered ${status}: ${body}`);
        answered++;
        const now = performance.now();
        if (now < settled || over) continue;
        latencies.push(now - sent);
        last = now;
        // A machine that is busy with something else may stand still for a whole slice.
        if (now > started + ms && latencies.length >= lists.length) over = true;
      }
    };
    try {
      await Promise.all(lists.map((requests, n) => lane(requests, connections[n]!)));
    } finally {
      over = true;
    }
    latencies.sort((a, b) => a - b);
    return {
      requests: latencies.length,
      answered,
      ms: last - settled,
      p50: quantile(latencies, 0.5)!,
      p99: quantile(latencies, 0.99)!,
    };
  },
});
