import { describe, expect, test } from "vitest";
import { app } from "../../src/api/index.ts";
import { type Cast, cast, PARTS } from "../support/cast.ts";
import { call } from "../support/index.ts";
import { TABLE, tryRow } from "./access-table.ts";

/** Open to everybody, to a signature or to the operator alone; their own tests say how. */
const OTHER_DOORS =
  /^(POST \/hooks\/(cognito|sns)|GET \/logos\/:file|(GET|POST) \/unsubscribe|GET \/(openapi\.json|docs)|(GET|POST) \/console(\/.*)?)$/;

test("every route has its row", () => {
  const routes = app.routes
    .filter(({ method, path }) => method !== "ALL" || !path.endsWith("*"))
    .map(({ method, path }) => `${method} ${path.replace(/(.)\/$/, "$1")}`)
    .filter((route) => !OTHER_DOORS.test(route));
  expect([...new Set(TABLE.map(([route]) => route))].sort()).toEqual([...new Set(routes)].sort());
});

describe("each part hears its code, and a refusal changes nothing", () => {
  test.each(TABLE)("%s %s", (...row) => tryRow(row, () => ({})));
});

describe("a list shows what is the caller's", () => {
  /** For each of PARTS but nobody, whether the group, or what is in it, is in the list. */
  const SEEN: [path: string, seen: string, isHere: (cast: Cast, row: Record<string, unknown>) => boolean][] = [
    ["/event", "- - - - - - + +", (c, { id }) => id === c.event_id],
    ["/groups", "- - + + + - + +", (c, { group_id }) => group_id === c.group_id],
    ["/groups/invitation", "- + - - - - - -", (c, { group_id }) => group_id === c.group_id],
  ];
  test.each(SEEN)("GET %s", async (path, seen, isHere) => {
    const here = await cast();
    const heard: string[] = [];
    for (const part of PARTS) {
      const who = here[part];
      if (!who) continue;
      const query = path === "/event" ? { group_id: here.group_id } : {};
      for (const asked of [{}, { ...query, user_id: here.admin.id }]) {
        const { data } = await call<Record<string, unknown>[]>("GET", path, { as: who, query: asked });
        const found = data.filter((row) => isHere(here, row)).length === 1 ? "+" : "-";
        if ("user_id" in asked) expect(found, part).toBe(heard.at(-1));
        else heard.push(found);
      }
    }
    expect(heard.join(" ")).toBe(seen);
  });
});
