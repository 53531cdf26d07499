/** Who may what: each route, by each part that one can have in a group and its event. */
import { sql } from "drizzle-orm";
import { expect } from "vitest";
import { type Cast, cast, holdings, PARTS } from "../support/cast.ts";
import { call, inbox, type Person, person, query, unique, uniqueNumber } from "../support/index.ts";

/** A query for GET and DELETE, else a body. `self` is who asks; for nobody it is some member. */
type Input = (cast: Cast, self: Person) => object | Promise<object>;
/** The route, what is special about this use of it, the code for each of PARTS, the input. */
export type Row = [route: string, use: string, codes: string, input?: Input];

const EVENT = { name: "Dinner", description: "", event_timestamp: "2050-05-05 18:00:00", is_budget: false };
const PLAN = { ...EVENT, reminder: "once", schedule_period: "1 day" };
const GROUP = { name: "Renamed", description: "" };
const NOT_THERE = 9e15;

/** The code that a person was sent to verify a number, a new one. */
async function codeOf(someone: Person): Promise<string> {
  const mobile_number = uniqueNumber();
  await call("POST", "/users/mobile", { as: someone, json: { mobile_number } });
  return /\b\d{6}\b/.exec((await inbox("sms", mobile_number)).at(-1)!.text)![0];
}

async function organization(): Promise<number> {
  const [made] = await query<{ id: number }>(
    sql`insert into organizations (name, url, logo_link) values (${unique("Bank")}, 'https://bank.test/', 'a.png') returning id`,
  );
  return made!.id;
}

// nobody stranger invited standard moderator admin elsewhere participant author
export const TABLE: Row[] = [
  ["POST /event", "", "401 404 404 403 200 200 404 403 403", (c) => ({ ...PLAN, group_id: c.group_id })],
  [
    "POST /event",
    "with a participant of another group",
    "401 404 404 400 400 400 404 400 400",
    (c) => ({ ...PLAN, group_id: c.group_id, users: [c.participant.id, c.elsewhere.id] }),
  ],
  [
    "POST /event",
    "with a participant who is only invited",
    "401 404 404 400 400 400 404 400 400",
    (c) => ({ ...PLAN, group_id: c.group_id, users: [c.invited.id] }),
  ],
  ["POST /event", "of another group", "401 404 404 404 404 404 200 404 404", (c) => ({ ...PLAN, ...idsOf(c.other) })],
  ["GET /event", "", "401 200 200 200 200 200 200 200 200"],
  ["GET /event", "of the group", "401 200 200 200 200 200 200 200 200", (c) => ({ group_id: c.group_id })],
  ["PUT /event", "", "401 404 404 403 200 200 404 403 403", (c) => ({ id: c.event_id, name: "Supper" })],
  ["PUT /event", "whose time moves", "401 404 404 403 200 200 404 403 403", (c) => ({ ...EVENT, id: c.event_id })],
  [
    "PUT /event",
    "with a participant of another group",
    "401 404 404 400 400 400 404 400 400",
    (c) => ({ id: c.event_id, users: [c.elsewhere.id] }),
  ],
  [
    "PUT /event",
    "into another group",
    "401 404 404 400 400 400 404 400 400",
    (c) => ({ id: c.event_id, group_id: c.other.group_id }),
  ],
  [
    "PUT /event",
    "of another group, named as this one's",
    "401 404 404 404 404 404 400 404 404",
    (c) => ({ id: c.other.event_id, group_id: c.group_id }),
  ],
  [
    "PUT /event",
    "of another group, with participants of this one",
    "401 404 404 404 404 404 400 404 404",
    (c) => ({ id: c.other.event_id, users: [c.participant.id] }),
  ],
  ["DELETE /event", "", "401 404 404 403 403 200 404 403 403", (c) => ({ id: c.event_id })],
  ["DELETE /event", "of another group", "401 404 404 404 404 404 200 404 404", (c) => ({ id: c.other.event_id })],
  ["POST /event/notify", "", "401 404 404 403 403 200 404 403 403", (c) => ({ event_id: c.event_id })],
  ["POST /event/notify", "elsewhere", "401 404 404 404 404 404 200 404 404", (c) => ({ event_id: c.other.event_id })],

  ["POST /event/comment", "", "401 404 404 403 403 403 404 200 200", (c) => ({ event_id: c.event_id, comment: "Hi" })],
  [
    "POST /event/comment",
    "on another group's event",
    "401 404 404 404 404 404 200 404 404",
    (c) => ({ event_id: c.other.event_id, comment: "Hi" }),
  ],
  ["GET /event/comment", "", "401 404 404 403 403 403 404 200 200", (c) => ({ event_id: c.event_id })],
  ["PUT /event/comment", "", "401 404 404 403 403 403 404 403 200", (c) => ({ id: c.comment_id, comment: "No" })],
  [
    "PUT /event/comment",
    "of another group, named as one of this event's",
    "401 404 404 404 404 404 200 404 404",
    (c) => ({ id: c.other.comment_id, event_id: c.event_id, comment: "No" }),
  ],
  ["DELETE /event/comment", "", "401 404 404 403 200 200 404 403 200", (c) => ({ id: c.comment_id })],
  ["DELETE /event/comment", "elsewhere", "401 404 404 404 404 404 200 404 404", (c) => ({ id: c.other.comment_id })],

  ["POST /groups", "", "401 200 200 200 200 200 200 200 200", () => GROUP],
  ["GET /groups", "", "401 200 200 200 200 200 200 200 200"],
  ["PUT /groups", "", "401 404 404 403 200 200 404 403 403", (c) => ({ ...GROUP, id: c.group_id })],
  ["PUT /groups", "handed on", "401 404 404 403 403 200 404 403 403", (c) => owned(c, c.second)],
  ["PUT /groups", "taken over", "401 404 404 403 403 200 404 403 403", (c, self) => owned(c, memberOr(c, self))],
  ["PUT /groups", "for an admin of another", "401 404 404 400 400 400 404 400 400", (c) => owned(c, c.elsewhere)],
  ["PUT /groups", "for an invitee", "401 404 404 400 400 400 404 400 400", (c) => owned(c, c.invited)],
  ["DELETE /groups", "", "401 404 404 403 403 200 404 403 403", (c) => ({ id: c.group_id })],
  ["DELETE /groups", "elsewhere", "401 404 404 404 404 404 200 404 404", (c) => ({ id: c.other.group_id })],
  ["GET /groups/invitation", "", "401 200 200 200 200 200 200 200 200"],
  ["GET /groups/invitation/count", "", "401 200 200 200 200 200 200 200 200"],

  ["GET /group/members", "", "401 404 404 200 200 200 404 200 200", (c) => ({ group_id: c.group_id })],
  ["POST /group/members", "a stranger", "401 404 404 403 200 200 404 403 403", (c) => member(c, c.stranger)],
  ["POST /group/members", "from elsewhere", "401 404 404 403 200 200 404 403 403", (c) => member(c, c.elsewhere)],
  ["POST /group/members", "a member", "401 404 404 403 409 409 404 403 403", (c) => member(c, c.second)],
  ["POST /group/members", "an invitee", "401 404 404 403 409 409 404 403 403", (c) => member(c, c.invited)],
  ["POST /group/members", "not there", "401 404 404 404 404 404 404 404 404", (c) => member(c, { id: NOT_THERE })],
  [
    "POST /group/members",
    "an address without an account",
    "401 404 404 403 200 200 404 403 403",
    (c) => ({ group_id: c.group_id, email: `${unique("new").toLowerCase()}@torium.test` }),
  ],
  ["DELETE /group/members", "oneself", "401 404 404 200 200 409 404 200 200", (c, self) => member(c, self)],
  ["DELETE /group/members", "a standard one", "401 404 404 403 200 200 404 403 403", (c) => member(c, c.second)],
  ["DELETE /group/members", "a moderator", "401 404 404 403 403 200 404 403 403", (c) => member(c, c.deputy)],
  ["DELETE /group/members", "the only admin", "401 404 404 403 403 409 404 403 403", (c) => member(c, c.admin)],
  ["DELETE /group/members", "an invitee", "401 404 404 403 200 200 404 403 403", (c) => member(c, c.invited)],
  ["DELETE /group/members", "from elsewhere", "401 404 404 404 404 404 404 404 404", (c) => member(c, c.elsewhere)],
  ["PATCH /group/members/status", "yes", "401 404 200 404 404 404 404 404 404", (c) => answer(c, "confirmed")],
  ["PATCH /group/members/status", "no", "401 404 200 404 404 404 404 404 404", (c) => answer(c, "rejected")],
  ["PATCH /group/members/role", "up", "401 404 404 403 200 200 404 403 403", (c) => role(c, c.second, "moderator")],
  ["PATCH /group/members/role", "down", "401 404 404 403 200 200 404 403 403", (c) => role(c, c.deputy, "standard")],
  ["PATCH /group/members/role", "to admin", "401 404 404 403 403 200 404 403 403", (c) => role(c, c.second, "admin")],
  ["PATCH /group/members/role", "of oneself", "401 404 404 403 403 200 404 403 403", (c, me) => role(c, me, "admin")],
  ["PATCH /group/members/role", "last one", "401 404 404 403 403 409 404 403 403", (c) => role(c, c.admin, "standard")],
  [
    "PATCH /group/members/role",
    "invitee",
    "401 404 404 404 404 404 404 404 404",
    (c) => role(c, c.invited, "standard"),
  ],
  [
    "PATCH /group/members/role",
    "of somebody from elsewhere",
    "401 404 404 404 404 404 404 404 404",
    (c) => role(c, c.elsewhere, "moderator"),
  ],

  ["GET /organizations", "", "200 200 200 200 200 200 200 200 200"],
  ["GET /users", "", "401 200 200 200 200 200 200 200 200"],
  ["GET /users/email", "", "401 200 200 200 200 200 200 200 200", (c) => ({ email: c.second.email })],
  ["PATCH /users/preferences", "", "401 200 200 200 200 200 200 200 200", () => ({ reminder_preferences: "PUSH" })],
  ["PATCH /users/preferences", "SMS", "401 409 409 409 409 409 409 409 409", () => ({ reminder_preferences: "SMS" })],
  ["POST /users/mobile", "", "401 200 200 200 200 200 200 200 200", () => ({ mobile_number: uniqueNumber() })],
  ["PATCH /users/mobile", "", "401 200 200 200 200 200 200 200 200", async (_, me) => ({ code: await codeOf(me) })],
  [
    "PATCH /users/mobile",
    "by another's code",
    "401 400 400 400 400 400 400 400 400",
    async () => ({ code: await codeOf(await person()) }),
  ],
  [
    "PATCH /users/organization",
    "",
    "401 200 200 200 200 200 200 200 200",
    async () => ({ organization_id: await organization() }),
  ],
  [
    "PATCH /users/organization",
    "that is not there",
    "401 404 404 404 404 404 404 404 404",
    () => ({ organization_id: NOT_THERE }),
  ],
  [
    "PATCH /users/device",
    "",
    "401 200 200 200 200 200 200 200 200",
    () => ({ device_token: `${unique("token")}-${"x".repeat(40)}` }),
  ],
  ["GET /users/export", "", "401 200 200 200 200 200 200 200 200"],
  ["DELETE /users", "", "401 200 200 200 200 200 200 200 200"],
  ["GET /health", "", "200 200 200 200 200 200 200 200 200"],
  ["GET /status", "", "200 200 200 200 200 200 200 200 200"],
];

const idsOf = ({ group_id }: Cast["other"]) => ({ group_id });
const owned = ({ group_id }: Cast, { id }: Person) => ({ ...GROUP, id: group_id, admin_id: id });
/** Oneself, or a member where one is none: to be told 404 for being a stranger and nothing else. */
const memberOr = (c: Cast, self: Person) =>
  [c.stranger, c.invited, c.elsewhere].some(({ id }) => id === self.id) ? c.second : self;
const member = ({ group_id }: Cast, { id }: { id: number }) => ({ group_id, user_id: id });
/** Named as somebody else, which counts for nothing. */
const answer = ({ group_id, invited }: Cast, status: string) => ({ group_id, status, user_id: invited.id });
const role = ({ group_id }: Cast, { id }: Person, status: string) => ({ group_id, user_id: id, status });

const byPart = (codes: number[]) => Object.fromEntries(PARTS.map((part, place) => [part, codes[place]]));

/** Asks as each part, and holds what is heard against the row; what is refused, or a GET, changes nothing. */
export async function tryRow([route, , codes, input]: Row, headersOf: (cast: Cast) => Record<string, string>) {
  const [method, path] = route.split(" ") as [string, string];
  const place = method === "GET" || method === "DELETE" ? "query" : "json";
  const heard: number[] = [];
  let here = await cast();
  let before = await holdings(here);
  for (const part of PARTS) {
    const who = here[part];
    const given = input && { [place]: await input(here, who ?? here.second) };
    const { status } = await call(method, path, { ...(who && { as: who }), headers: headersOf(here), ...given });
    heard.push(status.code);
    const after = await holdings(here);
    if (status.code !== 200 || method === "GET") expect(after, part).toEqual(before);
    else if (JSON.stringify(after) !== JSON.stringify(before)) {
      here = await cast();
      before = await holdings(here);
    }
  }
  expect(byPart(heard)).toEqual(byPart(codes.split(" ").map(Number)));
}
