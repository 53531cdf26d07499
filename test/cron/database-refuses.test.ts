import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { rows } from "../../src/clients/neon.ts";
import { readStatus } from "../../src/domain/status.ts";
import { type TestDeps, testDeps } from "../support/index.ts";
import { operators } from "../support/operators.ts";

beforeEach(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

const refusing = (deps: TestDeps, code: string): TestDeps => {
  const refuse = () => Promise.reject(Object.assign(new Error("refused"), { code }));
  return { ...deps, db: { execute: refuse, batch: refuse } as unknown as TestDeps["db"] };
};

test.each(["28P01", "28000", "3D000"])("a database that lets nobody in (%s) is out of reach", async (code) => {
  const { db } = refusing(testDeps(), code);
  await expect(rows(db, sql`select 1`)).rejects.toMatchObject({ code: "unavailable" });
  await expect(readStatus(db, Date.now())).rejects.toMatchObject({ code: "unavailable" });
});

test.each(["28P01", "42P01", "57014"])(
  "one that answers the alerts with a fault (%s) is told once, and once when it is well",
  async (code) => {
    const op = await operators();
    const about = () => op.posted.filter((content) => content.includes("**database**")).map((one) => one.slice(0, 2));
    for (let run = 0; run < 2; run++) await op.run(refusing(op.depsOf(), code), { tick: false });
    expect(about()).toEqual(["🔴"]);
    expect(op.beats()).toBe(0);
    for (let run = 0; run < 2; run++) await op.run();
    expect(about()).toEqual(["🔴", "🟢"]);
  },
);
