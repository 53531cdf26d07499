import { expect, test } from "vitest";
import { examine } from "../../bench/growth/examine.ts";
import { unindexedReferences } from "../../bench/growth/plans.ts";
import { makeWorlds } from "../../bench/growth/world.ts";

test("beside 20,000 events and as many deliveries, every verb finds what it needs through an index and touches few rows", async () => {
  const { worlds, at, stop } = await makeWorlds([{ events: 20_000, ledger: 20_000, beside: true }], () => {});
  try {
    const [world] = worlds;
    expect(await unindexedReferences(world!.client)).toEqual([]);
    const examined = await examine(world!, at, 0);
    expect(examined.length).toBeGreaterThan(60);
    expect(examined.flatMap(({ name, faults }) => faults.map((fault) => `${name} ${fault}`))).toEqual([]);
  } finally {
    await stop();
  }
});
