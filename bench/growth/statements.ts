/** The verbs of the product that read or write tables which grow, each as a door calls it, in an order in which each finds something to do. */
import { randomUUID } from "node:crypto";
import type { Caller } from "../../src/domain/access.ts";
import { readLedger } from "../../src/domain/alert-facts.ts";
import { claimUntold, keepFaults } from "../../src/domain/alerts.ts";
import { claimCommentPushes, settleCommentPushes } from "../../src/domain/comment-pushes.ts";
import { changeComment, createComment, deleteComment, listComments } from "../../src/domain/comments.ts";
import { lastErrors, writeDeadLetters } from "../../src/domain/dead-letters.ts";
import { keepDevice } from "../../src/domain/devices.ts";
import { eraseCaller } from "../../src/domain/erasure.ts";
import { claimOutside, forgetTraces } from "../../src/domain/erasure-remains.ts";
import { changeEvent, deleteEvent } from "../../src/domain/event-changes.ts";
import { listEvents } from "../../src/domain/event-list.ts";
import { createEvent, notifyEvent } from "../../src/domain/events.ts";
import { exportPerson } from "../../src/domain/export.ts";
import { recordFeedback } from "../../src/domain/feedback.ts";
import { changeGroup, createGroup, deleteGroup, listGroups } from "../../src/domain/groups.ts";
import { claimInvitations, settleInvitations } from "../../src/domain/invitation-messages.ts";
import { answerInvitation, countInvitations, invite, listInvitations } from "../../src/domain/invitations.ts";
import { changeRole, listMembers, removeMember } from "../../src/domain/members.ts";
import { reserveCode, verifyNumber } from "../../src/domain/phone-verification.ts";
import { BATCHES, pruneBatch } from "../../src/domain/pruning.ts";
import { signUp } from "../../src/domain/sign-up.ts";
import { readStatus } from "../../src/domain/status.ts";
import { mailStanding, unsubscribe } from "../../src/domain/unsubscribing.ts";
import { findByEmail, getProfile, setPreferences } from "../../src/domain/users.ts";
import { keepWorkerError } from "../../src/domain/worker-errors.ts";
import { consoleVerbs } from "./console-statements.ts";
import type { Verb } from "./examine.ts";
import { CAST_GROUPS, PEOPLE_A_GROUP } from "./fill.ts";
import { runRound } from "./rounds.ts";

/** The ledger and the pushes of comments are not among them. */
const PRUNED_WHOLE = {
  tables: ["phone_verifications", "usage", "dead_letters", "alerts", "console_forms", "worker_errors"],
  because:
    "of a few hundred pages, where 2,000 rows are to go, reading all is less than looking each up; larger, they are looked up",
};

export const caller = (user_id: number): Caller => ({ cognito_user_id: `sub-${user_id}`, email: null, name: null });

/** Everything that one round does. */
export const ROUND = "a tick and its reminders, to the last settling";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const codes = {
  CODE_PEPPER: ["pepper"],
  DEFAULT_LOCALE: "en" as const,
  SMS_COUNTRIES: ["PL" as const],
  SMS_PRICES_USD: { PL: "0.03930" },
  SMS_MONTHLY_BUDGET_USD: "1000000",
  LIMIT_PHONE_CODES_A_DAY: 5,
  LIMIT_PHONE_CODES_A_DAY_PER_NUMBER: 3,
};

/** `at`: when the world's first round falls due, ms. `round`: one that nothing else uses. */
export function verbsOf(at: number, round: number): Verb[] {
  const [admin, moderator, member] = [caller(1), caller(2), caller(3)];
  /** A sleeper's group, far from the ones that are listed. */
  const otherGroup = CAST_GROUPS * 2 + 5;
  const otherAdmin = caller((otherGroup - 1) * PEOPLE_A_GROUP + 1);
  const page = { limit: 1_000, after: null };
  const newcomer = { cognito_user_id: "sub-new", email: "new@example.com", name: "New" };
  let event_id = 0;
  let events_comments_id = 0;
  let group_id = 0;
  let invitation = 0;
  const token = randomUUID();
  const eventIn = (users: number[] | null) => (time_zone: string) => ({
    group_id: 1,
    name: "Audit",
    description: "",
    schedule: {
      event_timestamp: "2040-01-01 18:00:00",
      time_zone,
      recurrence: "FREQ=WEEKLY",
      exceptions: [],
      leads: ["0", "P1D"],
      planned_at: at,
    },
    schedule_period: "1 week" as const,
    budget: null,
    currency: "PLN",
    users,
  });
  const zone = { explicit: true, assumed: "Europe/Warsaw", otherwise: "Europe/Warsaw" };
  const messageId = "message-5";
  return [
    { name: "GET /event", run: (db) => listEvents(db, admin, page, at) },
    { name: "GET /event of a group", run: (db) => listEvents(db, admin, { ...page, group_id: 1 }, at) },
    // 200 comments, and whether each author takes part.
    {
      name: "GET /event/comment",
      rows: 3_000,
      run: (db) =>
        listComments(db, admin, { ...page, event_id: 1, participants_only: true }, { now: at, locale: "en" }),
    },
    { name: "GET /groups", run: (db) => listGroups(db, admin, page) },
    { name: "GET /groups/invitation", run: (db) => listInvitations(db, admin, page) },
    { name: "GET /groups/invitation/count", run: (db) => countInvitations(db, admin) },
    { name: "GET /group/members", run: (db) => listMembers(db, admin, { ...page, group_id: 1 }) },
    { name: "GET /users", run: (db) => getProfile(db, admin) },
    { name: "GET /users/email", run: (db) => findByEmail(db, admin, "person2@example.com") },
    { name: "GET /users/export", run: (db) => exportPerson(db, admin, at) },
    ...consoleVerbs(at),
    { name: "GET /status", run: (db) => readStatus(db, at) },
    {
      name: "POST /event",
      run: async (db) => {
        event_id = (await createEvent(db, admin, eventIn(null), zone)).id;
      },
    },
    { name: "PUT /event", run: (db) => changeEvent(db, admin, { id: event_id, name: "Other", users: [1, 2, 3] }, at) },
    {
      name: "PUT /event, its time",
      run: (db) => changeEvent(db, admin, { id: event_id, event_timestamp: "2040-01-01 19:00:00" }, at),
    },
    { name: "POST /event/notify", run: (db) => notifyEvent(db, admin, event_id, at) },
    {
      name: "POST /event/comment",
      run: async (db) => {
        ({ events_comments_id } = await createComment(db, member, { event_id, comment: "Hi" }, { aMinute: 30 }, at));
      },
    },
    {
      name: "PUT /event/comment",
      run: (db) => changeComment(db, member, { id: events_comments_id, comment: "Hello" }),
    },
    {
      name: "schedule-push-comments",
      run: async (db) => {
        await claimCommentPushes(db, [{ events_comments_id, after_user_id: 0 }], { token, now: at });
        const settled = {
          events_comments_id,
          user_id: 1,
          status: "sent" as const,
          error: null,
          provider_message_id: "p",
          untried: false,
        };
        const comment = { events_comments_id, written: true, look_again_at: new Date(at).toISOString() };
        await settleCommentPushes(
          db,
          { comments: [comment], pushes: [settled], dead: [] },
          { token, claimedAt: at, now: at },
        );
      },
    },
    { name: "DELETE /event/comment", run: (db) => deleteComment(db, moderator, events_comments_id) },
    { name: ROUND, rows: 15_000, run: (db) => runRound(db, at, round) },
    { name: "DELETE /event", run: (db) => deleteEvent(db, admin, event_id) },
    {
      name: "POST /groups",
      run: async (db) => {
        ({ group_id } = await createGroup(db, admin, { name: "Audit", description: "" }));
      },
    },
    { name: "PUT /groups", run: (db) => changeGroup(db, admin, { id: group_id, name: "Other", description: "" }, at) },
    {
      name: "POST /group/members",
      run: async (db) => {
        const limits = { aDay: 200, unknownADay: 20 };
        await invite(db, admin, { group_id, email: "nobody-yet@example.com" }, limits, at);
        invitation = (await invite(db, admin, { group_id, user_id: 2 }, limits, at)).group_invitation_logs_id;
      },
    },
    {
      name: "send-push-group-invitation",
      run: async (db) => {
        await claimInvitations(db, [invitation], { token, now: at });
        const settled = {
          group_invitation_logs_id: invitation,
          status: "sent" as const,
          channel: "push" as const,
          error: null,
          provider_message_id: "i",
          next_attempt_at: null,
          untried: false,
        };
        await settleInvitations(db, { settled: [settled], dead: [] }, { token, claimedAt: at, now: at });
      },
    },
    {
      name: "PATCH /group/members/status",
      run: (db) => answerInvitation(db, moderator, { group_id, status: "confirmed" }, at),
    },
    {
      name: "PATCH /group/members/role",
      run: (db) => changeRole(db, admin, { group_id, user_id: 2, status: "moderator" }, at),
    },
    { name: "DELETE /group/members", run: (db) => removeMember(db, admin, { group_id, user_id: 2 }, at) },
    { name: "DELETE /groups", run: (db) => deleteGroup(db, otherAdmin, otherGroup) },
    { name: "PATCH /users/preferences", run: (db) => setPreferences(db, admin, { reminder_preferences: "PUSH" }) },
    {
      name: "PATCH /users/device",
      run: (db) => keepDevice(db, admin, { platform: "fcm", device_token: "token-2", device_arn: "arn:new" }, at),
    },
    { name: "POST /users/mobile", run: (db) => reserveCode(db, admin, "+48500000001", codes, at) },
    { name: "PATCH /users/mobile", run: (db) => verifyNumber(db, admin, "000000", codes, at).catch(() => {}) },
    { name: "sign-up", run: (db) => signUp(db, newcomer, { confirmed: true }) },
    {
      name: "unsubscribe",
      run: (db) => mailStanding(db, "person3@example.com").then(() => unsubscribe(db, "person3@example.com")),
    },
    {
      name: "feedback of a bounce",
      run: (db) =>
        recordFeedback(
          db,
          {
            kind: "bounced",
            provider_message_id: messageId,
            addresses: ["person5@example.com"],
            code: "bounced",
            delivered: false,
          },
          at,
        ),
    },
    {
      name: "feedback of a push",
      run: (db) =>
        recordFeedback(
          db,
          {
            kind: "push_failed",
            provider_message_id: "message-4",
            device_arn: "arn:aws:sns:eu-central-1:1:endpoint/GCM/torium/6",
            code: "EndpointDisabled",
            dead: true,
            at,
          },
          at,
        ),
    },
    {
      name: "dead letters",
      run: (db) =>
        writeDeadLetters(db, [{ queue: "send-sms", message_id: "x", body: {}, reason: "r" }]).then(() =>
          lastErrors(db, [5, 6, 7]),
        ),
    },
    {
      name: "an unexpected error",
      run: (db) => keepWorkerError(db, { event: "request", error: "Error", request_id: "r" }, at),
    },
    {
      // What waits and what expired is looked for among the newest 2,000.
      name: "alerts",
      rows: 6_000,
      run: async (db) => {
        const facts = await readLedger(db, at);
        const reports = [{ part: "sms", complete: true, faults: [{ part: "sms", key: "k", message: "m", count: 1 }] }];
        await keepFaults(db, at, { reports, runs: facts, outage: null, told: true });
        await claimUntold(db, at);
      },
    },
    {
      name: "erasures' remains",
      run: (db) => claimOutside(db, at + 2 * DAY_MS, 100),
      rows: 12_000,
      reads: { tables: ["pending_erasures"], because: "a row goes once its work is done" },
    },
    {
      name: "DELETE /users",
      run: (db) => eraseCaller(db, caller(15), at),
      rows: 12_000,
      reads: {
        tables: ["dead_letters"],
        because: "a name may stand anywhere in a message; they are kept for 30 days, and each is a fault",
      },
    },
    {
      name: "erasures' traces",
      run: (db) => forgetTraces(db, at + HOUR_MS, 100),
      rows: 12_000,
      reads: { tables: ["dead_letters"], because: "as in DELETE /users" },
    },
    // By then everything is past its keeping: a batch of 2,000 of each.
    ...Object.keys(BATCHES).map(
      (name): Verb => ({
        name: `prune ${name}`,
        rows: PRUNED_WHOLE.tables.includes(name) ? 150_000 : 25_000,
        run: (db) => pruneBatch(db, name, at + 1_000 * DAY_MS),
        reads: PRUNED_WHOLE,
      }),
    ),
  ];
}
