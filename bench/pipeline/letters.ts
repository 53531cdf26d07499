/** What SES's call for many letters would win: one consumer's letters a second by one call each, as Torium sends them, beside fifty in a call. */
import { CONNECTIONS } from "../../src/queues/concurrency.ts";
import type { Bed } from "../bed.ts";
import type { Figure } from "../figures.ts";

/** As many as one call may have (docs.aws.amazon.com/ses, SendBulkEmail). */
const A_CALL = 50;
/** A full call on each connection, twice. */
const LETTERS = 2 * CONNECTIONS * A_CALL;
const ROUNDS = 3;
/** What SES grants a new account; it counts letters, not calls (docs/scale.md has the source). */
const GRANTED = 14;

export const LETTERS_NOTE =
  "Fifty letters in a call are not what Torium does. The stand-in takes as long for a call of fifty as for one letter, which SES does not promise, so this is the most that it could win. SES grants letters a second and counts them whatever calls they come in, and by one call each a consumer is beyond a new account's already; a lost answer would leave fifty letters of which nobody knows whether they went out, and have them sent again. CPU is by Linux in ticks of 10 ms, of which so few calls take some ten.";

export async function measureLetters(bed: Bed, latency: number, say: (line: string) => void): Promise<Figure[]> {
  await bed.provider.answerAfter(latency);
  const single = { seconds: 0, cpuUs: 0 };
  const together = { seconds: 0, cpuUs: 0 };
  // Compiled code and warm connections; then by turns.
  await send(bed, 1);
  await send(bed, A_CALL);
  for (let round = 0; round < ROUNDS; round++) {
    add(single, await send(bed, 1));
    add(together, await send(bed, A_CALL));
  }
  const rate = ({ seconds }: Sent) => (ROUNDS * LETTERS) / seconds;
  const cpu = ({ cpuUs }: Sent) => cpuUs / (ROUNDS * LETTERS);
  const title = `e-mail, one consumer, provider ${latency} ms`;
  say(
    `${title}: ${rate(single).toFixed(0)} letters/s by one call each, ${rate(together).toFixed(0)} by ${A_CALL} in a call`,
  );
  const measure = { kind: "measure", goal: null } as const;
  const cpuFigure: Figure = {
    ...measure,
    name: `${title}: ${A_CALL} letters a call, CPU of workerd for a letter`,
    value: cpu(together),
    unit: "µs",
    beside: { name: "one call a letter", value: cpu(single) },
  };
  return [
    {
      ...measure,
      name: `${title}: one call a letter`,
      value: rate(single),
      unit: "letters/s",
      beside: { name: "a new SES account's", value: GRANTED },
    },
    {
      ...measure,
      name: `${title}: ${A_CALL} letters a call`,
      value: rate(together),
      unit: "letters/s",
      beside: { name: "one call a letter", value: rate(single) },
    },
    ...(single.cpuUs > 0 ? [cpuFigure] : []),
  ];
}

/** `cpuUs` is 0 where the system does not tell. */
type Sent = { seconds: number; cpuUs: number };

const add = (sum: Sent, one: Sent) => {
  sum.seconds += one.seconds;
  sum.cpuUs += one.cpuUs;
};

async function send(bed: Bed, aCall: number): Promise<Sent> {
  const cpu = () => bed.cpuUs().get("workerd") ?? 0;
  const [started, before] = [performance.now(), cpu()];
  const answer = await fetch(`${bed.api}/bench/letters?letters=${LETTERS}&a_call=${aCall}`);
  if (!answer.ok) throw new Error(`letters answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  return { seconds: (performance.now() - started) / 1000, cpuUs: cpu() - before };
}
