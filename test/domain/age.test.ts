import { expect, it } from "vitest";
import { shortAge } from "../../src/domain/age.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 11, 18);

it.each([
  [-HOUR, "1s ago"],
  [0, "1s ago"],
  [1999, "1s ago"],
  [2 * SECOND, "2s ago"],
  [MINUTE - 1, "59s ago"],
  [MINUTE, "1min ago"],
  [HOUR - 1, "59min ago"],
  [HOUR, "1h ago"],
  [DAY - 1, "23h ago"],
  [DAY, "1d ago"],
  [7 * DAY - 1, "6d ago"],
  [7 * DAY, "1w ago"],
  [30 * DAY, "4w ago"],
  [31 * DAY, "1mon ago"],
  [365 * DAY - 1, "11mon ago"],
  [365 * DAY, "1y ago"],
  [3650 * DAY, "10y ago"],
])("an age of %i ms reads %s", (age, text) => {
  expect(shortAge(NOW - age, NOW)).toBe(text);
  expect(shortAge(new Date(NOW - age), new Date(NOW))).toBe(text);
});
