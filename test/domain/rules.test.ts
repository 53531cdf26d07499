import { describe, expect, it } from "vitest";
import { nextTrySeconds } from "../../src/domain/rules.ts";

describe("the next try of a delivery", () => {
  it("is the delay of its class while there is time", () => {
    expect(nextTrySeconds("failed", 1, 3600, 0)).toBe(5);
    expect(nextTrySeconds("failed", 7, 7200, 0)).toBe(3600);
  });
  it.each([3000, 3600, 3601, 3700])(
    "is a last one, with room for the sweep, where %i s are left and the delay is an hour",
    (left) => {
      expect(nextTrySeconds("lost", 5, left, 0)).toBe(left - 150);
    },
  );
  it("is not brought forward to right after another", () => {
    expect(nextTrySeconds("lost", 5, 200, 0)).toBe(3600);
  });
  it("after SES's daily quota stays hours away, however little is left", () => {
    expect(nextTrySeconds("quota", 1, 3600, 0)).toBe(10_800);
  });
});
