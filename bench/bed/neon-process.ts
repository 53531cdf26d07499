/** The Neon endpoint in a process of its own, counting. */
import { startNeonEndpoint } from "../../dev/neon.ts";
import { answerParent } from "./child.ts";

/** `calls` are round trips; a batch is one call of several statements. */
export type RoundTrips = { calls: number; statements: number };

let counted: RoundTrips = { calls: 0, statements: 0 };
const endpoint = await startNeonEndpoint({
  port: 0,
  onQuery: (statements) => {
    counted.calls++;
    counted.statements += statements;
  },
});

answerParent({
  url: () => endpoint.url,
  /** Since the last time that this was asked. */
  counted: () => {
    const before = counted;
    counted = { calls: 0, statements: 0 };
    return before;
  },
});
