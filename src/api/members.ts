import { Hono } from "hono";
import * as z from "zod";
import { ROLES } from "../domain/access.ts";
import { answerInvitation, type Invitee, invite } from "../domain/invitations.ts";
import { changeRole, listMembers, removeMember } from "../domain/members.ts";
import { wake } from "../queues/wake.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { groupId, userId } from "./fields.ts";
import { email, encodeCursor, id, input, page } from "./validate.ts";

const isObject = (value: unknown) => typeof value === "object" && value !== null;

type Named = { user_id?: number | undefined; email?: string | undefined };

/** Asked even where another field is wrong, so that every fault is named at once. */
const namesOne = <Schema extends z.ZodType<Named>>(schema: Schema): Schema =>
  schema.refine((given) => (given.user_id === undefined) !== (given.email === undefined), {
    path: ["user_id"],
    message: "either user_id or email is needed, and not both",
    when: ({ value }) => isObject(value),
  });
const nameOf = ({ user_id, email }: Named): Invitee => (user_id === undefined ? { email: email! } : { user_id });

const NewInvitation = namesOne(
  z.object({
    group_id: groupId.json,
    user_id: userId.json.describe("Who is invited; or else their email.").optional(),
    email: email.describe("Whose address is invited, with an account or without.").optional(),
  }),
).meta({ id: "NewInvitation" });
const GroupMembers = z.object({ group_id: groupId.query, ...page(z.tuple([id])) });
const Member = namesOne(
  z.object({
    group_id: groupId.query,
    user_id: userId.query.describe("Who leaves, is removed, or is invited no more; or else their email.").optional(),
    email: email.describe("The address of whom it is about; an invitation may wait for it.").optional(),
  }),
);
const RoleChange = z
  .object({
    group_id: groupId.json,
    user_id: userId.json,
    status: z.enum(ROLES).meta({ description: "Their role from now on.", examples: ["moderator"] }),
  })
  .meta({ id: "RoleChange" });
const answer = z.enum(["confirmed", "rejected"]).meta({ description: "Yes or no.", examples: ["confirmed"] });
const InvitationAnswer = z.object({ group_id: groupId.json, status: answer }).meta({ id: "InvitationAnswer" });

export const members = new Hono<Api>()
  .get("/", input("query", GroupMembers), async (c) => {
    const { group_id, limit, cursor: after = null } = c.req.valid("query");
    const { list, next } = await act(c, (caller, { db }) => listMembers(db, caller, { group_id, limit, after }));
    return ok(list, { next_cursor: next && encodeCursor(next) });
  })
  .post("/", input("json", NewInvitation), async (c) => {
    const { group_id, user_id, email } = c.req.valid("json");
    const { settings, now } = c.var.deps;
    const at = now();
    const { LIMIT_INVITATIONS_A_DAY: aDay, LIMIT_UNKNOWN_INVITATIONS_A_DAY: unknownADay } = settings;
    const limits = { aDay, unknownADay };
    const made = await act(c, (caller, { db }) =>
      invite(db, caller, { group_id, ...nameOf({ user_id, email }) }, limits, at),
    );
    const timestamp = new Date(at).toISOString();
    const address = made.user_id === null && email !== undefined ? { email } : {};
    const message = {
      type: "send-push-group-invitation",
      version: 1,
      ...made,
      group_id,
      timestamp,
      ...address,
    } as const;
    await wake(c.var.deps, [{ message }]);
    return ok({ group_invitation_logs_id: made.group_invitation_logs_id });
  })
  .patch("/status", input("json", InvitationAnswer), async (c) => {
    await act(c, (caller, { db, now }) => answerInvitation(db, caller, c.req.valid("json"), now()));
    return ok(null);
  })
  .delete("/", input("query", Member), async (c) => {
    const { group_id, ...someone } = c.req.valid("query");
    await act(c, (caller, { db, now }) => removeMember(db, caller, { group_id, ...nameOf(someone) }, now()));
    return ok(null);
  })
  .patch("/role", input("json", RoleChange), async (c) => {
    await act(c, (caller, { db, now }) => changeRole(db, caller, c.req.valid("json"), now()));
    return ok(null);
  });
