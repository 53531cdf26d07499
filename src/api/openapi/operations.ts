/** What the API document says of each endpoint that its schemas cannot: who may, what it answers, which errors, an example of its input. */
import type * as z from "zod";
import type { ErrorCode } from "../../errors.ts";
import * as answers from "../answers.ts";

export type Operation = {
  /** What a generated client calls it. */
  id: string;
  tag: "Events" | "Comments" | "Groups" | "Invitations" | "Members" | "Organizations" | "Users" | "Service";
  summary: string;
  /** Who may, and what is worth knowing. */
  description: string;
  /** Of `data`; of one element of it where it is a list. */
  answer: z.ZodType;
  list?: true;
  /** No token is needed. */
  open?: true;
  /** Those of its own, beside the ones of every endpoint. */
  errors?: ErrorCode[];
  /** A JSON body; for a query its parameters. */
  example?: Record<string, unknown>;
};

const EVENT = {
  group_id: 7,
  name: "Rent",
  description: "Kitchen and rooms",
  event_timestamp: "2026-11-11 18:00:00",
  time_zone: "Europe/Warsaw",
  recurrence: "FREQ=MONTHLY;BYMONTHDAY=11",
  reminders: ["P1D", 30],
  is_budget: true,
  budget: "2400.00",
  currency: "PLN",
  users: [3, 4],
};

/** By method and path. */
export const OPERATIONS: Record<string, Operation> = {
  "POST /event": {
    id: "createEvent",
    tag: "Events",
    summary: "Plan an event",
    description: `Moderators and admins of the group. It takes \`event_timestamp\` (wall time) or \`starts_at\` (an instant); the time zone is the input's, else
the caller's, else the service's. What recurs is said by \`recurrence\` and \`reminders\`, or as the first app says it by \`reminder\` and
\`schedule_period\`. \`users\` are ids of members; absent, every member at this moment takes part.`,
    answer: answers.EventId,
    errors: ["not_found", "forbidden", "conflict"],
    example: EVENT,
  },
  "GET /event": {
    id: "listEvents",
    tag: "Events",
    summary: "List one's events",
    description: "Those that the caller takes part in, by time. Filters narrow and never refuse.",
    answer: answers.Event,
    list: true,
    example: { group_id: 7 },
  },
  "PUT /event": {
    id: "changeEvent",
    tag: "Events",
    summary: "Change an event",
    description: `Moderators and admins of the group. An absent field keeps its value; another \`group_id\` is refused. A \`reminder\` and \`schedule_period\`
that repeat what GET answered leave \`recurrence\`, \`exceptions\` and \`reminders\` as they are. Of \`event_timestamp\` and \`starts_at\` the one that
does not repeat it is the change; where neither does, they must mean the same time.`,
    answer: answers.Nothing,
    errors: ["not_found", "forbidden", "conflict"],
    example: { id: 31, name: "Rent and heating", budget: "2600.00", is_budget: true },
  },
  "DELETE /event": {
    id: "deleteEvent",
    tag: "Events",
    summary: "Delete an event",
    description: "Admins of the group. Its comments and waiting reminders go with it.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden"],
    example: { id: 31 },
  },
  "POST /event/notify": {
    id: "notifyEvent",
    tag: "Events",
    summary: "Remind everybody now",
    description:
      "Admins of the group; once in 24 hours an event, automatic reminders not counted. One that never takes place is a conflict.",
    answer: answers.EventReminderId,
    errors: ["not_found", "forbidden", "conflict", "rate_limited"],
    example: { event_id: 31 },
  },
  "POST /event/comment": {
    id: "createComment",
    tag: "Comments",
    summary: "Write a comment",
    description:
      "Who takes part, by default at most 30 times a minute. The others who do get a push. In the app's dialect `events_comments_id` is a list of one number.",
    answer: answers.CommentId,
    errors: ["not_found", "forbidden", "rate_limited"],
    example: { event_id: 31, comment: "Who brings the cake?" },
  },
  "GET /event/comment": {
    id: "listComments",
    tag: "Comments",
    summary: "Read an event's comments",
    description: "Who takes part. Newest first. `participants_only` leaves out authors who no longer take part.",
    answer: answers.Comment,
    list: true,
    errors: ["not_found", "forbidden"],
    example: { event_id: 31 },
  },
  "PUT /event/comment": {
    id: "changeComment",
    tag: "Comments",
    summary: "Change a comment",
    description: "Its author.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden"],
    example: { id: 88, comment: "Who brings the cakes?" },
  },
  "DELETE /event/comment": {
    id: "deleteComment",
    tag: "Comments",
    summary: "Delete a comment",
    description: "Its author; moderators and admins of the group.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden"],
    example: { id: 88 },
  },
  "POST /groups": {
    id: "createGroup",
    tag: "Groups",
    summary: "Found a group",
    description: "Anyone, who becomes its admin.",
    answer: answers.GroupId,
    example: { name: "Flat 12", description: "Ola, Jan and Ewa" },
  },
  "GET /groups": {
    id: "listGroups",
    tag: "Groups",
    summary: "List one's groups",
    description: "By id, with the caller's role in each.",
    answer: answers.Group,
    list: true,
  },
  "PUT /groups": {
    id: "changeGroup",
    tag: "Groups",
    summary: "Change a group",
    description:
      "Moderators and admins. `admin_id`, for admins alone, names a member as its owner; the earlier one stays admin.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden"],
    example: { id: 7, name: "Flat 12", description: "Ola, Jan, Ewa and Adam" },
  },
  "DELETE /groups": {
    id: "deleteGroup",
    tag: "Groups",
    summary: "Delete a group",
    description: "Its admins. Its events, comments and waiting reminders go with it.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden"],
    example: { id: 7 },
  },
  "GET /groups/invitation": {
    id: "listInvitations",
    tag: "Invitations",
    summary: "List one's open invitations",
    description: "Newest first.",
    answer: answers.Invitation,
    list: true,
  },
  "GET /groups/invitation/count": {
    id: "countInvitations",
    tag: "Invitations",
    summary: "Count one's open invitations",
    description: "For the badge.",
    answer: answers.InvitationCount,
  },
  "GET /group/members": {
    id: "listMembers",
    tag: "Members",
    summary: "List a group's members",
    description: "Its members; the caller is left out.",
    answer: answers.Member,
    list: true,
    errors: ["not_found"],
    example: { group_id: 7 },
  },
  "POST /group/members": {
    id: "inviteMember",
    tag: "Members",
    summary: "Invite somebody",
    description: `Moderators and admins. By \`user_id\` or by \`email\`, which needs no account yet. By default at most 200 within 24 hours by one person, 20 of
them to addresses without an account. One refused is not counted; deleting the group gives none back.`,
    answer: answers.InvitationId,
    errors: ["not_found", "forbidden", "conflict", "rate_limited"],
    example: { group_id: 7, email: "ewa@example.com" },
  },
  "DELETE /group/members": {
    id: "removeMember",
    tag: "Members",
    summary: "Leave, remove a member, or withdraw an invitation",
    description: `Oneself; moderators remove standard members; admins anyone; both withdraw invitations. The last admin cannot leave while others stay.
By \`user_id\` or by \`email\`, whoever that is or will be.`,
    answer: answers.Nothing,
    errors: ["not_found", "forbidden", "conflict"],
    example: { group_id: 7, user_id: 4 },
  },
  "PATCH /group/members/status": {
    id: "answerInvitation",
    tag: "Members",
    summary: "Answer an invitation",
    description: "Whoever is invited. The same answer again changes nothing; the opposite one is a conflict.",
    answer: answers.Nothing,
    errors: ["not_found", "conflict"],
    example: { group_id: 7, status: "confirmed" },
  },
  "PATCH /group/members/role": {
    id: "changeRole",
    tag: "Members",
    summary: "Change a member's role",
    description: "Moderators between standard and moderator; admins any. The last admin stays one.",
    answer: answers.Nothing,
    errors: ["not_found", "forbidden", "conflict"],
    example: { group_id: 7, user_id: 4, status: "moderator" },
  },
  "GET /organizations": {
    id: "listOrganizations",
    tag: "Organizations",
    summary: "List the banks that people pay with",
    description: "Open to everybody. By name.",
    answer: answers.Organization,
    list: true,
    open: true,
  },
  "GET /users": {
    id: "getProfile",
    tag: "Users",
    summary: "Read one's profile",
    description: "Oneself.",
    answer: answers.User,
  },
  "DELETE /users": {
    id: "eraseMyself",
    tag: "Users",
    summary: "Erase oneself",
    description: `Oneself, at once and for good; the token is refused from then on, also to a second call. Groups go to their longest-serving admin,
else to the longest-serving member, who becomes admin; those with nobody else in them go too. Comments stay without a name.`,
    answer: answers.Nothing,
  },
  "GET /users/export": {
    id: "exportMyData",
    tag: "Users",
    summary: "Take one's data along",
    description:
      "Oneself: everything that is kept of the caller, newest first. By default at most five times in 24 hours.",
    answer: answers.PersonalData,
    errors: ["rate_limited"],
  },
  "GET /users/email": {
    id: "findUserByEmail",
    tag: "Users",
    summary: "Find somebody by e-mail",
    description: "Anyone, by default at most 30 times a minute, whether or not somebody has the address.",
    answer: answers.UserId,
    errors: ["not_found", "rate_limited"],
    example: { email: "jan@example.com" },
  },
  "PATCH /users/preferences": {
    id: "setPreferences",
    tag: "Users",
    summary: "Choose how one is reminded",
    description: "Oneself. SMS needs a verified number. An absent time zone or locale stays as it is.",
    answer: answers.Nothing,
    errors: ["conflict"],
    example: { reminder_preferences: "EMAIL", time_zone: "Europe/Warsaw", locale: "pl" },
  },
  "POST /users/mobile": {
    id: "requestPhoneCode",
    tag: "Users",
    summary: "Ask for a code by SMS",
    description:
      "Oneself, by default once a minute, five times a day, and three times a day for one number. Six digits go to the number, which is one's own once they came back.",
    answer: answers.Nothing,
    errors: ["conflict", "rate_limited"],
    example: { mobile_number: "+48 791 234 567" },
  },
  "PATCH /users/mobile": {
    id: "verifyPhoneCode",
    tag: "Users",
    summary: "Verify one's number",
    description: "Oneself, with the code. The preference becomes SMS.",
    answer: answers.Nothing,
    errors: ["not_found", "conflict", "rate_limited"],
    example: { code: "123456" },
  },
  "PATCH /users/organization": {
    id: "setOrganization",
    tag: "Users",
    summary: "Choose one's bank",
    description: "Oneself.",
    answer: answers.Nothing,
    errors: ["not_found"],
    example: { organization_id: 1 },
  },
  "PATCH /users/device": {
    id: "registerDevice",
    tag: "Users",
    summary: "Register one's device for pushes",
    description: "Oneself.",
    answer: answers.Nothing,
    errors: ["conflict"],
    example: { device_token: "fcm-registration-token", platform: "fcm" },
  },
  "GET /health": {
    id: "getHealth",
    tag: "Service",
    summary: "Is it up?",
    description: "Open to everybody; touches nothing.",
    answer: answers.Health,
    open: true,
  },
  "GET /status": {
    id: "getStatus",
    tag: "Service",
    summary: "How is it?",
    description: `Open to everybody, at most ten seconds old, and a page where a browser asks. It is 200 also while the database is out of reach: then
\`database.reachable\` and \`healthy\` are false, and nothing else is known.`,
    answer: answers.Status,
    open: true,
  },
};
