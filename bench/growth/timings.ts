/** How long the same thing takes in worlds of several sizes, by turns, so that whatever disturbs the machine disturbs all of them. */

import { findDue } from "../../src/domain/due.ts";
import { listEvents } from "../../src/domain/event-list.ts";
import { median } from "../quantile.ts";
import { CAST_EVENTS, CAST_GROUPS, PEOPLE_A_GROUP } from "./fill.ts";
import { runRound, STAGES, type Stage } from "./rounds.ts";
import { caller } from "./statements.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;

/** Milliseconds of `work` in each world, the median of so many turns after some that do not count. */
async function byTurns(
  worlds: World[],
  turns: number,
  work: (world: World, turn: number) => Promise<unknown>,
): Promise<number[]> {
  const spent: number[][] = worlds.map(() => []);
  const warmUp = Math.ceil(turns / 10);
  for (let turn = -warmUp; turn < turns; turn++) {
    for (const place of inTurn(worlds.length, turn)) {
      const started = performance.now();
      await work(worlds[place]!, turn + warmUp);
      if (turn >= 0) spent[place]!.push(performance.now() - started);
    }
  }
  return spent.map(median);
}

/** The places 0 to `count` - 1, each turn beginning with another one. */
const inTurn = (count: number, turn: number): number[] =>
  Array.from({ length: count }, (_, n) => (n + turn + count * 1_000) % count);

/** A tick that finds nothing due, an hour before anything is. */
export const timeIdleTicks = (worlds: World[], at: number, turns: number): Promise<number[]> =>
  byTurns(worlds, turns, ({ db }) => findDue(db, "schedule-events", at - HOUR_MS, at - HOUR_MS));

/** GET /event of another person each time, and by another limit, so that nobody is told what they were told before. */
export const timeLists = (worlds: World[], at: number, turns: number): Promise<number[]> =>
  byTurns(worlds, turns, async ({ db }, turn) => {
    const person = 1 + ((turn * 13) % (CAST_GROUPS * PEOPLE_A_GROUP));
    const { list } = await listEvents(db, caller(person), { limit: 1_000 + turn, after: null }, at);
    const { length } = list.read();
    if (length !== CAST_EVENTS) throw new Error(`${length} events were listed, not ${CAST_EVENTS}`);
  });

/** For each stage and world the median over the rounds. Uses up rounds 0 to `rounds` - 1; the first does not count. */
export async function timeRounds(worlds: World[], at: number, rounds: number): Promise<Record<Stage, number[]>> {
  const spent = worlds.map((): Record<Stage, number>[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const place of inTurn(worlds.length, round)) {
      const one = await runRound(worlds[place]!.db, at, round);
      if (round > 0) spent[place]!.push(one);
    }
  }
  return Object.fromEntries(
    STAGES.map((stage) => [stage, spent.map((list) => median(list.map((one) => one[stage])))]),
  ) as Record<Stage, number[]>;
}
