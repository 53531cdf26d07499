import { expect, test } from "vitest";
import { checkChannel } from "../../src/domain/check-channels.ts";
import type { Facts } from "../../src/domain/faults.ts";

test("what expired is seen by two runs, and its number not added up twice", () => {
  const settled = [{ channel: "email", outcome: "expired", error: "expired", count: 3 }];
  const ledger = { settled, waiting: [], lateness: [] };
  const { faults } = checkChannel("email")({ now: 0, ledger } as unknown as Facts);
  expect(faults).toMatchObject([{ key: "expired", count: 1 }]);
  expect(faults[0]!.message).toMatch(/^3 deliveries/);
});
