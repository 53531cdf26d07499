import { expect, test } from "vitest";
import readme from "../../README.md?raw";
import * as keeping from "../../src/domain/keeping.ts";

test("the README tells how long things are kept as it is", () => {
  const rows = readme
    .split("## Keep and erase")[1]!
    .split("\n## ")[0]!
    .match(/^\| .+ \| .*\d.* \|$/gm)!;
  const told = rows.flatMap((row) =>
    [...row.matchAll(/(\d+) (months|days|hours)/g)].map(([, n, unit]) => `${n} ${unit}`),
  );
  const kept = Object.entries(keeping).map(([name, n]) => `${n} ${/[A-Z]+$/.exec(name)![0].toLowerCase()}`);
  expect(told.sort()).toEqual(kept.sort());
});
