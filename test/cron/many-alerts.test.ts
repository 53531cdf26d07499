import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { query, unique } from "../support/index.ts";
import { operators } from "../support/operators.ts";

/** Faults of their own, each of a queue of its own; answers the queues. */
async function faults(many: number): Promise<string[]> {
  const queues = Array.from({ length: many }, () => unique("queue"));
  await query(
    sql`insert into dead_letters (queue, message_id, body, reason) select q, q, '{}', '' from unnest(${sql.param(queues)}::text[]) q`,
  );
  return queues;
}

test("the end of a fault is told however many older ones last, and they are told too", async () => {
  const op = await operators();
  const of = (queue: string) =>
    op.posted.filter((content) => content.includes(`${queue} `)).map((one) => one.slice(0, 2));
  const older = await faults(25);
  for (let run = 0; run < 3; run++) await op.run();
  for (const queue of older) expect(of(queue)).toEqual(["🔴"]);
  const [newest] = await faults(1);
  await op.run();
  await query(sql`update dead_letters set replayed_at = now() where queue = ${newest!}`);
  await op.run();
  expect(of(newest!)).toEqual(["🔴", "🟢"]);
});
