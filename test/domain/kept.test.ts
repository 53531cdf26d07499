import { expect, test } from "vitest";
import { kept } from "../../src/domain/kept.ts";

test("what was made is not made again, until so many others were", () => {
  const made: string[] = [];
  const lengthOf = kept(2, (key) => {
    made.push(key);
    return key.length;
  });
  expect(["a", "bb", "a", "bb"].map(lengthOf)).toEqual([1, 2, 1, 2]);
  expect(made).toEqual(["a", "bb"]);
  expect(["ccc", "ccc", "a"].map(lengthOf)).toEqual([3, 3, 1]);
  expect(made).toEqual(["a", "bb", "ccc", "a"]);
});

test("what fails is tried again, and an empty result is kept like any other", () => {
  let tries = 0;
  const wordOf = kept(2, (key) => {
    tries++;
    if (key === "bad") throw new RangeError("no such thing");
    return "";
  });
  expect(() => wordOf("bad")).toThrow(RangeError);
  expect(() => wordOf("bad")).toThrow(RangeError);
  expect([wordOf("x"), wordOf("x")]).toEqual(["", ""]);
  expect(tries).toBe(3);
});
