import { expect, test } from "vitest";
import { KeptPages } from "../../src/domain/kept-pages.ts";

const MINUTE = 60_000;
const told = (page: string, more: object = {}) => ({
  mark: `mark of ${page}`,
  page,
  characters: page.length,
  from: 0,
  until: Infinity,
  ...more,
});
/** So many letters, and room for so many entries with keys of one letter. */
const room = (characters: number, entries: number) => new KeptPages<string>(characters + entries * 1_001);
const all = (pages: KeptPages<string>, keys: string[], now = 0) => keys.map((key) => pages.get(key, now)?.page);

test("the last page of a key is answered with its mark", () => {
  const pages = room(100, 9);
  expect(pages.get("a", 0)).toBeUndefined();
  pages.keep("a", told("old"));
  pages.keep("a", told("new"));
  expect(pages.get("a", 0)).toMatchObject({ page: "new", mark: "mark of new" });
});

test("what was not asked for the longest time goes first, by how long the pages are together", () => {
  const pages = room(10, 3);
  for (const key of ["a", "b", "c"]) pages.keep(key, told(key.repeat(3)));
  expect(pages.get("a", 0)?.page).toBe("aaa");
  pages.keep("d", told("dddd"));
  expect(all(pages, ["a", "b", "c", "d"])).toEqual(["aaa", undefined, "ccc", "dddd"]);
  // A page that takes the place of its former one counts once.
  for (let n = 0; n < 9; n++) pages.keep("a", told("xyz"));
  expect(all(pages, ["a", "c", "d"])).toEqual(["xyz", "ccc", "dddd"]);
});

test("what is longer than all that may be kept is not kept, and takes nobody's place but its own", () => {
  const pages = room(10, 1);
  pages.keep("a", told("aaa"));
  pages.keep("b", told("b".repeat(11)));
  expect(all(pages, ["a", "b"])).toEqual(["aaa", undefined]);
  pages.keep("a", told("a".repeat(11)));
  pages.keep("c", told("c".repeat(10)));
  expect(all(pages, ["a", "c"])).toEqual([undefined, "c".repeat(10)]);
});

test("short pages of many keys do not pile up", () => {
  const pages = new KeptPages<string>(2_000_000);
  const keys = Array.from({ length: 5_000 }, (_, n) => `key ${n}`);
  for (const key of keys) pages.keep(key, told(""));
  const left = all(pages, keys).filter((page) => page !== undefined);
  expect(left.length).toBeGreaterThan(1_900);
  expect(left.length).toBeLessThan(2_000);
});

test.each([
  ["before it was told", { from: 10 }, 9],
  ["once time has changed it", { until: MINUTE }, MINUTE],
  ["five minutes after it was told", {}, 5 * MINUTE],
])("a page is not answered %s", (_, more, now) => {
  const pages = room(10, 1);
  pages.keep("a", told("aaa", more));
  expect(pages.get("a", now)).toBeUndefined();
  pages.keep("a", told("aaa", more));
  expect(pages.get("a", now === 9 ? 10 : now - 1)?.page).toBe("aaa");
});

test("what would be told no more is forgotten when another page comes, though there is room", () => {
  const pages = room(100, 9);
  pages.keep("a", told("aaa"));
  pages.keep("b", told("bbb", { until: MINUTE }));
  pages.keep("c", told("ccc", { from: MINUTE }));
  pages.keep("d", told("ddd", { from: 5 * MINUTE }));
  expect(all(pages, ["a", "b"])).toEqual([undefined, undefined]);
  expect(all(pages, ["c", "d"], 5 * MINUTE)).toEqual(["ccc", "ddd"]);
});
