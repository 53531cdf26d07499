import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { pruneBatch } from "../../src/domain/pruning.ts";
import { type Person, person, query, testDeps } from "../support/index.ts";

const NOW = Date.parse("2026-05-02T03:17:00.000Z");
const DAY = 86_400_000;

const use = ({ id }: Person, kind: string, ...ms: number[]) =>
  query(
    sql`insert into usage (user_id, kind, used_at)
        values (${id}, ${kind}::usage_kind, ${sql.param(ms.map((at) => new Date(at).toISOString()))}::timestamptz[])`,
  );
const kinds = ({ id }: Person) => query(sql`select kind from usage where user_id = ${id} order by kind`);

test("whoever has done nothing for a day is forgotten, in one round trip; whatever may still count is kept", async () => {
  const [ann, ben] = [await person(), await person()];
  await use(ann, "comment", NOW - 3 * DAY, NOW - DAY);
  await use(ann, "invitation", NOW - 3 * DAY, NOW - DAY + 1);
  await use(ben, "unknown_invitation", NOW + 1000, NOW - 2 * DAY);
  const deps = testDeps();
  expect(await pruneBatch(deps.db, "usage", NOW)).toEqual({ gone: 1, more: false });
  expect(deps.roundTrips()).toBe(1);
  expect(await kinds(ann)).toEqual([{ kind: "invitation" }]);
  expect(await kinds(ben)).toEqual([{ kind: "unknown_invitation" }]);
});

test("a person's uses go with them", async () => {
  const ann = await person();
  await use(ann, "comment", NOW);
  await query(sql`delete from users where id = ${ann.id}`);
  expect(await kinds(ann)).toEqual([]);
});
