/** Reads whose pages the isolate keeps: whether the database told a page, or let the one stand that was told before. */
import type { Db } from "../../src/clients/neon.ts";
import { call, type Person, testDeps } from "./index.ts";

/** GET `path`; `anew` has for each question to the database whether it told the page. */
export async function askedOf(path: string, as: Person, parameters: object = {}, given = testDeps()) {
  const answers: { page?: unknown }[] = [];
  const query = async (text: string, values: unknown[]) => {
    const told = (await given.db.$client.query(text, values)) as { told: { page?: unknown } }[];
    answers.push(told[0]!.told);
    return told;
  };
  const db = Object.assign(Object.create(given.db) as Db, { $client: { query } });
  const answer = await call("GET", path, { as, query: { ...parameters }, deps: { ...given, db } });
  return { ...answer, anew: answers.map((told) => told?.page !== undefined) };
}
