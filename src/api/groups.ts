import { Hono } from "hono";
import * as z from "zod";
import { changeGroup, createGroup, deleteGroup, listGroups } from "../domain/groups.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { groupId, userId } from "./fields.ts";
import { encodeCursor, id, input, page, text } from "./validate.ts";

const fields = z.object({
  name: text(1, 50).meta({ description: "What it is called.", examples: ["Flat 12"] }),
  description: text(0, 200).meta({ description: "What it is for; may be empty.", examples: ["Ola, Jan and Ewa"] }),
});
const NewGroup = fields.meta({ id: "NewGroup" });
const GroupChange = fields
  .extend({
    id: groupId.json,
    admin_id: userId.json
      .describe("The owner from now on: a member, who becomes an admin. Absent: as it is.")
      .optional(),
  })
  .meta({ id: "GroupChange" });

export const groups = new Hono<Api>()
  .post("/", input("json", NewGroup), async (c) => {
    const { group_id } = await act(c, (caller, { db }) => createGroup(db, caller, c.req.valid("json")));
    return ok({ group_id });
  })
  .get("/", input("query", z.object(page(z.tuple([id])))), async (c) => {
    const { limit, cursor: after = null } = c.req.valid("query");
    const { list, next } = await act(c, (caller, { db }) => listGroups(db, caller, { limit, after }));
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .put("/", input("json", GroupChange), async (c) => {
    await act(c, (caller, { db, now }) => changeGroup(db, caller, c.req.valid("json"), now()));
    return ok(null);
  })
  .delete("/", input("query", z.object({ id: groupId.query })), async (c) => {
    await act(c, (caller, { db }) => deleteGroup(db, caller, c.req.valid("query").id));
    return ok(null);
  });
