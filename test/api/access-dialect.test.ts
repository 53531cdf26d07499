import { describe, test } from "vitest";
import { type Row, TABLE, tryRow } from "./access-table.ts";

/** Where the dialect reads these as somebody else than the caller, or drops what the row is about. */
const NAMES_ANOTHER = /^(POST|DELETE) \/group\/members$/;
const isSpokenAlike = ([route, use]: Row) => !NAMES_ANOTHER.test(route) && !(route === "PUT /groups" && use !== "");

describe("in the dialect, whoever names the admin of the group as the caller is still who the token says", () => {
  test.each(TABLE.filter(isSpokenAlike))("%s %s", (...row) =>
    tryRow(row, ({ admin }) => ({ "trm-user-id": String(admin.id), "trm-admin-id": String(admin.id) })),
  );
});
