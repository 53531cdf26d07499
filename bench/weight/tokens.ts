import type { Bed } from "../bed.ts";
import { median } from "../quantile.ts";

const TOKENS = 100;
const TIMES = 200;

/** µs for a token, the median of several rounds. */
export async function tokenCosts({ api, token }: Bed, rounds: number): Promise<{ first: number; repeated: number }> {
  await timed(api, await manyTokens(token), 1);
  const costs = { first: [] as number[], repeated: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const fresh = await manyTokens(token);
    const read = await timed(api, fresh, 0);
    costs.first.push(((await timed(api, fresh, 1)) - read) / TOKENS);
    costs.repeated.push(((await timed(api, fresh, TIMES)) - read) / (TOKENS * TIMES));
  }
  return { first: median(costs.first), repeated: median(costs.repeated) };
}

const manyTokens = (token: Bed["token"]) =>
  Promise.all(Array.from({ length: TOKENS }, () => token(crypto.randomUUID())));

async function timed(api: string, tokens: string[], times: number): Promise<number> {
  const body = JSON.stringify(tokens);
  const started = performance.now();
  const answer = await fetch(`${api}/bench/verify?times=${times}`, { method: "POST", body });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`verifying answered ${answer.status}: ${said}`);
  return (performance.now() - started) * 1000;
}
