/**
 * Every table of Torium, in reading order: the one truth about its data.
 *
 * Two kinds of time never mix. A wall time (`wall`, timestamp without zone) is what people agree on: when an event starts and what
 * an occurrence is called; it means something only beside the event's `time_zone`. An instant (`instant`, timestamptz) is what the
 * machine acts on: due, sent, created.
 *
 * The ledger (event_reminders and below) holds event and person as plain numbers without foreign keys: it outlives both.
 *
 * Room left on purpose: RSVP, a person's own share and muting on participation; own reminders (`user_id` on leads and in the ledger's key);
 * snooze and escalation (`kind`, `step`, `acknowledged_at`); quiet hours (users, and each delivery's own `due_at`); preferences by
 * channel and kind. Ids are BY DEFAULT identities, so that rows of a first Torium keep theirs.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  char,
  check,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  time,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";

const id = () => bigint({ mode: "number" }).primaryKey().generatedByDefaultAsIdentity();
const reference = () => bigint({ mode: "number" });
const instant = () => timestamp({ withTimezone: true, precision: 3, mode: "string" });
const createdAt = () => instant().notNull().defaultNow();
const wall = () => timestamp({ withTimezone: false, precision: 0, mode: "string" });
/** Up to 999,999,999,999.9999: no currency has more than four decimals. */
const money = () => numeric({ precision: 16, scale: 4 });

export const preference = pgEnum("preference", ["SMS", "PUSH", "EMAIL"]);
export const platform = pgEnum("platform", ["fcm", "apns"]);
export const memberStatus = pgEnum("member_status", ["standard", "moderator", "admin"]);
export const invitationStatus = pgEnum("invitation_status", ["open", "confirmed", "rejected", "withdrawn"]);
export const schedulePeriod = pgEnum("schedule_period", ["1 day", "1 week", "1 month"]);
export const rsvp = pgEnum("rsvp", ["yes", "no", "maybe"]);
export const channel = pgEnum("channel", ["sms", "email", "push", "none"]);
export const reminderKind = pgEnum("reminder_kind", ["automatic", "manual", "snooze", "escalation"]);
export const reminderStatus = pgEnum("reminder_status", ["pending", "picked", "suppressed", "expired"]);
export const deliveryStatus = pgEnum("delivery_status", ["pending", "sent", "failed", "suppressed", "expired"]);
export const messageKind = pgEnum("message_kind", ["reminder", "comment", "invitation"]);
export const erasureKind = pgEnum("erasure_kind", ["endpoint", "pool_user", "traces"]);
export const usageKind = pgEnum("usage_kind", ["comment", "invitation", "unknown_invitation", "export"]);

// People

/** `logo_link` is the name of a file in the LOGOS bucket; it leaves as an address below PUBLIC_URL. */
export const organizations = pgTable("organizations", {
  id: id(),
  name: text().notNull().unique(),
  url: text().notNull(),
  logo_link: text().notNull(),
});

/** `confirmed_at` null: signed up, address not confirmed yet; invisible to look-up and invitations. `email` is in lower case. */
export const users = pgTable(
  "users",
  {
    id: id(),
    cognito_user_id: text().notNull().unique(),
    email: text().notNull().unique(),
    username: text().notNull(),
    /** E.164, verified; null until then. Belongs to whoever verified it last. */
    mobile_number: text().unique(),
    /** Null: none chosen, which means e-mail. */
    reminder_preferences: preference(),
    organization_id: reference().references(() => organizations.id, { onDelete: "set null" }),
    time_zone: text(),
    locale: text(),
    quiet_from: time(),
    quiet_to: time(),
    confirmed_at: instant(),
    created_at: createdAt(),
  },
  (t) => [
    check("users_email_lower", sql`${t.email} = lower(${t.email})`),
    index("users_unconfirmed").on(t.created_at).where(sql`confirmed_at is null`),
    index("users_organization").on(t.organization_id).where(sql`organization_id is not null`),
  ],
);

/** Whose token is refused for good; the SHA-256 of the pool's `sub`, so that nothing of the person is kept. */
export const erasedPeople = pgTable("erased_people", {
  cognito_user_id_sha256: text().primaryKey(),
  erased_at: createdAt(),
});

/**
 * What an erasure leaves to do after its transaction: `endpoint` an ARN that SNS is to forget, `pool_user` a name that the pool is to forget, `traces`
 * the number of a person whose messages may still be on their way. A row goes once it is done.
 */
export const pendingErasures = pgTable(
  "pending_erasures",
  {
    id: id(),
    kind: erasureKind().notNull(),
    target: text().notNull(),
    attempts: smallint().notNull().default(0),
    next_attempt_at: instant().notNull(),
    created_at: createdAt(),
  },
  (t) => [
    unique("pending_erasures_target").on(t.kind, t.target),
    index("pending_erasures_next").on(t.next_attempt_at),
    index("pending_erasures_age").on(t.kind, t.created_at),
  ],
);

/** A device belongs to whoever signed in on it last. `dead_at`: the provider said that the endpoint is disabled or unknown. */
export const devices = pgTable(
  "devices",
  {
    id: id(),
    user_id: reference()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    platform: platform().notNull(),
    device_token: text().notNull(),
    device_arn: text().notNull(),
    registered_at: createdAt(),
    dead_at: instant(),
    dead_reason: text(),
  },
  (t) => [
    unique("devices_token").on(t.platform, t.device_token),
    index("devices_user").on(t.user_id, t.registered_at),
    index("devices_arn").on(t.device_arn),
  ],
);

/**
 * `code_hmac` is keyed with CODE_PEPPER. A row whose SMS was refused by SNS is deleted, so that it does not count. `user_id` null: the person was erased
 * within a day of it, and the number's daily limit still counts it.
 */
export const phoneVerifications = pgTable(
  "phone_verifications",
  {
    id: id(),
    user_id: reference().references(() => users.id, { onDelete: "cascade" }),
    mobile_number: text().notNull(),
    code_hmac: text().notNull(),
    tries: smallint().notNull().default(0),
    created_at: createdAt(),
    expires_at: instant().notNull(),
    sent_at: instant(),
    used_at: instant(),
  },
  (t) => [
    index("phone_verifications_user").on(t.user_id, t.created_at),
    index("phone_verifications_number").on(t.mobile_number, t.created_at),
    index("phone_verifications_created").on(t.created_at),
  ],
);

/** A row switches one channel off for one kind of message; no row means on. */
export const notificationPreferences = pgTable(
  "notification_preferences",
  {
    user_id: reference()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    kind: messageKind().notNull(),
    channel: channel().notNull(),
    created_at: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.user_id, t.kind, t.channel] })],
);

/**
 * When a person last did what is limited: the uses within the limit's window, oldest first. Kept beside what was made, so that deleting that
 * does not give the use back.
 */
export const usage = pgTable(
  "usage",
  {
    user_id: reference()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    kind: usageKind().notNull(),
    used_at: instant().array().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.user_id, t.kind] }),
    index("usage_last").using("btree", sql`(used_at[cardinality(used_at)])`),
  ],
);

/** Addresses that must not be written to: opted out, unsubscribed, bounced, complained. E-mail in lower case, numbers in E.164. */
export const suppressedAddresses = pgTable(
  "suppressed_addresses",
  {
    channel: channel().notNull(),
    address: text().notNull(),
    reason: text().notNull(),
    created_at: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.channel, t.address] }), index("suppressed_addresses_created").on(t.created_at)],
);

/** What SMS have cost in a calendar month (UTC), counted before each send and given back when it was refused. */
export const smsSpending = pgTable("sms_spending", {
  month: date({ mode: "string" }).primaryKey(),
  spent_usd: numeric({ precision: 14, scale: 5 }).notNull().default("0"),
});

// Groups

/** `admin_id` is the owner. No ON DELETE: whoever erases a person first hands their groups on. */
export const groups = pgTable(
  "groups",
  {
    id: id(),
    name: text().notNull(),
    description: text().notNull(),
    admin_id: reference()
      .notNull()
      .references(() => users.id),
    created_at: createdAt(),
  },
  (t) => [index("groups_admin").on(t.admin_id)],
);

/** `status_since` tells the longest-serving admin. */
export const groupMembers = pgTable(
  "group_members",
  {
    group_id: reference()
      .notNull()
      .references(() => groups.id, { onDelete: "cascade" }),
    user_id: reference()
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    status: memberStatus().notNull(),
    status_since: createdAt(),
    joined_at: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.group_id, t.user_id] }), index("group_members_user").on(t.user_id)],
);

/**
 * Invitations, open and answered, and the log of the one message that each sends. `user_id` null: the address had no account when
 * it was invited; the row finds its person at sign-up.
 */
export const groupInvitationLogs = pgTable(
  "group_invitation_logs",
  {
    id: id(),
    group_id: reference()
      .notNull()
      .references(() => groups.id, { onDelete: "cascade" }),
    user_id: reference().references(() => users.id, { onDelete: "cascade" }),
    email: text(),
    invited_by: reference().references(() => users.id, { onDelete: "set null" }),
    status: invitationStatus().notNull().default("open"),
    created_at: createdAt(),
    answered_at: instant(),
    delivery_status: deliveryStatus().notNull().default("pending"),
    channel: channel(),
    attempts: smallint().notNull().default(0),
    /** Null once the message is settled. */
    next_attempt_at: instant().defaultNow(),
    lease_token: uuid(),
    lease_until: instant(),
    last_error: text(),
    provider_message_id: text(),
  },
  (t) => [
    check("group_invitation_logs_invitee", sql`${t.user_id} is not null or ${t.email} is not null`),
    uniqueIndex("group_invitation_logs_open_user")
      .on(t.user_id, t.group_id)
      .where(sql`status = 'open' and user_id is not null`),
    uniqueIndex("group_invitation_logs_open_email")
      .on(t.email, t.group_id)
      .where(sql`status = 'open' and user_id is null`),
    index("group_invitation_logs_group").on(t.group_id, t.user_id),
    index("group_invitation_logs_inviter").on(t.invited_by, t.created_at),
    index("group_invitation_logs_user").on(t.user_id).where(sql`user_id is not null`),
    index("group_invitation_logs_email").on(t.email).where(sql`email is not null`),
    index("group_invitation_logs_refused").on(t.answered_at).where(sql`status in ('rejected', 'withdrawn')`),
    index("group_invitation_logs_next")
      .on(t.next_attempt_at)
      .where(sql`delivery_status = 'pending' and status = 'open'`),
  ],
);

// Events

/**
 * `event_timestamp` is the first occurrence as wall time in `time_zone`; `starts_at` the same as an instant. `revision` is raised by
 * each change of its time; `planned_at` is the moment of creation or of the last such change: nothing before it is reminded.
 * `upcoming` holds the planned occurrences ahead, `[{event_timestamp, starts_at}]` by time (the last one where none is ahead), so that no
 * reader expands the rule. `notified_at`: the last manual reminder.
 */
export const events = pgTable(
  "events",
  {
    id: id(),
    group_id: reference()
      .notNull()
      .references(() => groups.id, { onDelete: "cascade" }),
    created_by: reference().references(() => users.id, { onDelete: "set null" }),
    name: text().notNull(),
    description: text().notNull(),
    event_timestamp: wall().notNull(),
    time_zone: text().notNull(),
    starts_at: instant().notNull(),
    /** RFC 5545 RRULE without its name; null: once. */
    recurrence: text(),
    schedule_period: schedulePeriod().notNull(),
    is_budget: boolean().notNull(),
    budget: money(),
    currency: char({ length: 3 }).notNull().default("PLN"),
    revision: integer().notNull().default(1),
    planned_at: instant().notNull(),
    upcoming: jsonb().$type<{ event_timestamp: string; starts_at: string }[]>().notNull(),
    notified_at: instant(),
    created_at: createdAt(),
  },
  (t) => [
    unique("events_id_group").on(t.id, t.group_id),
    index("events_group").on(t.group_id),
    index("events_created_by").on(t.created_by),
    check("events_budget", sql`${t.is_budget} = (${t.budget} is not null)`),
  ],
);

/** `event_timestamp` names the occurrence by the wall time that the rule gives it; `moved_to` null skips it. */
export const eventExceptions = pgTable(
  "event_exceptions",
  {
    event_id: reference()
      .notNull()
      .references(() => events.id, { onDelete: "cascade" }),
    event_timestamp: wall().notNull(),
    moved_to: wall(),
  },
  (t) => [primaryKey({ columns: [t.event_id, t.event_timestamp] })],
);

/**
 * A person takes part. The foreign keys make a participant who is no member impossible: leaving the group ends participation.
 * `share` null: an equal one.
 */
export const eventsUsers = pgTable(
  "events_users",
  {
    event_id: reference().notNull(),
    user_id: reference().notNull(),
    group_id: reference().notNull(),
    rsvp: rsvp(),
    share: money(),
    muted_until: instant(),
    added_at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.event_id, t.user_id] }),
    foreignKey({ columns: [t.event_id, t.group_id], foreignColumns: [events.id, events.group_id] }).onDelete("cascade"),
    foreignKey({
      columns: [t.group_id, t.user_id],
      foreignColumns: [groupMembers.group_id, groupMembers.user_id],
    }).onDelete("cascade"),
    index("events_users_user").on(t.user_id, t.event_id),
    index("events_users_member").on(t.group_id, t.user_id),
  ],
);

/**
 * The reminders of an event, and where each stands. `lead` is elapsed minutes ("0" to "40320") or wall time (P<n>D, P<n>W, P1M).
 * `fallback`: the reminder at the occurrence itself where every lead was past at planning. `next_*` null: nothing ahead.
 * `user_id`: one person's own.
 */
export const eventLeads = pgTable(
  "event_leads",
  {
    id: id(),
    event_id: reference()
      .notNull()
      .references(() => events.id, { onDelete: "cascade" }),
    user_id: reference(),
    lead: text().notNull(),
    fallback: boolean().notNull().default(false),
    next_due_at: instant(),
    next_event_timestamp: wall(),
    next_starts_at: instant(),
  },
  (t) => [
    unique("event_leads_key").on(t.event_id, t.user_id, t.lead, t.fallback).nullsNotDistinct(),
    foreignKey({
      columns: [t.event_id, t.user_id],
      foreignColumns: [eventsUsers.event_id, eventsUsers.user_id],
    }).onDelete("cascade"),
    index("event_leads_due").on(t.next_due_at).where(sql`next_due_at is not null`),
  ],
);

/** `handed_on_at` null: its pushes are not written down yet. */
export const eventsComments = pgTable(
  "events_comments",
  {
    id: id(),
    event_id: reference()
      .notNull()
      .references(() => events.id, { onDelete: "cascade" }),
    user_id: reference().references(() => users.id, { onDelete: "set null" }),
    comment: text().notNull(),
    created_at: createdAt(),
    handed_on_at: instant(),
    /** When the sweep looks again; null once handed on. */
    next_attempt_at: instant(),
  },
  (t) => [
    index("events_comments_event").on(t.event_id, t.created_at, t.id),
    index("events_comments_user").on(t.user_id),
    index("events_comments_next").on(t.next_attempt_at).where(sql`next_attempt_at is not null`),
  ],
);

/** One push of one comment to one person. */
export const eventsCommentsLogs = pgTable(
  "events_comments_logs",
  {
    events_comments_id: reference()
      .notNull()
      .references(() => eventsComments.id, { onDelete: "cascade" }),
    user_id: reference().notNull(),
    status: deliveryStatus().notNull().default("pending"),
    attempts: smallint().notNull().default(0),
    lease_token: uuid(),
    lease_until: instant(),
    last_error: text(),
    provider_message_id: text(),
    created_at: createdAt(),
    settled_at: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.events_comments_id, t.user_id] }),
    index("events_comments_logs_settled").on(t.settled_at).where(sql`settled_at is not null`),
  ],
);

// The ledger

/**
 * One row for each occurrence of each reminder. `reminder` is the lead of an automatic one, the moment it was asked for of a manual one.
 * `claimed_at` is the tick's now; `send_at` the same moment as `due_at` on the clock of the machine (they differ where a
 * schedule is run for another time than now). `budget` and `participants` are as at picking.
 */
export const eventReminders = pgTable(
  "event_reminders",
  {
    id: id(),
    event_id: reference().notNull(),
    group_id: reference().notNull(),
    event_timestamp: wall().notNull(),
    reminder: text().notNull(),
    kind: reminderKind().notNull(),
    user_id: reference(),
    due_at: instant().notNull(),
    starts_at: instant().notNull(),
    revision: integer().notNull(),
    claimed_at: instant().notNull(),
    send_at: instant().notNull(),
    status: reminderStatus().notNull().default("pending"),
    reason: text(),
    participants: integer(),
    budget: money(),
    currency: char({ length: 3 }),
    next_attempt_at: instant().notNull(),
    created_at: createdAt(),
    settled_at: instant(),
  },
  (t) => [
    unique("event_reminders_key").on(t.event_id, t.event_timestamp, t.reminder, t.kind, t.user_id).nullsNotDistinct(),
    index("event_reminders_next").on(t.next_attempt_at).where(sql`status = 'pending'`),
    index("event_reminders_due").on(t.due_at),
    index("event_reminders_settled").on(t.settled_at).where(sql`settled_at is not null`),
    index("event_reminders_unsent").on(t.status, t.due_at).where(sql`status in ('suppressed', 'expired')`),
  ],
);

/** One row for each of a reminder's people: whether and why they were picked. `position` counts from 0 by user id: it decides the share. */
export const eventRemindersUsers = pgTable(
  "event_reminders_users",
  {
    event_reminders_id: reference()
      .notNull()
      .references(() => eventReminders.id, { onDelete: "cascade" }),
    user_id: reference().notNull(),
    picked: boolean().notNull(),
    reason: text().notNull(),
    position: integer().notNull(),
    acknowledged_at: instant(),
    created_at: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.event_reminders_id, t.user_id] }),
    index("event_reminders_users_user").on(t.user_id, t.created_at),
  ],
);

/**
 * One row for each channel and step by which a person is to be reached. `reason` says why this channel; `last_error` why it ended
 * as it did. `unknown_outcomes` counts the attempts whose answer was lost: an SMS is sent once more at the most.
 * `lease_token` names the batch that holds the row until `lease_until`.
 */
export const eventRemindersLogs = pgTable(
  "event_reminders_logs",
  {
    id: id(),
    event_reminders_id: reference().notNull(),
    user_id: reference().notNull(),
    channel: channel().notNull(),
    step: smallint().notNull(),
    device_id: reference(),
    reason: text().notNull(),
    due_at: instant().notNull(),
    status: deliveryStatus().notNull().default("pending"),
    attempts: smallint().notNull().default(0),
    unknown_outcomes: smallint().notNull().default(0),
    next_attempt_at: instant().notNull(),
    lease_token: uuid(),
    lease_until: instant(),
    last_error: text(),
    provider_message_id: text(),
    /** What the SMS counts against the month's budget; null while it counts nothing. */
    cost_usd: numeric({ precision: 10, scale: 5 }),
    created_at: createdAt(),
    settled_at: instant(),
  },
  (t) => [
    foreignKey({
      columns: [t.event_reminders_id, t.user_id],
      foreignColumns: [eventRemindersUsers.event_reminders_id, eventRemindersUsers.user_id],
    }).onDelete("cascade"),
    unique("event_reminders_logs_key").on(t.event_reminders_id, t.user_id, t.channel, t.step),
    index("event_reminders_logs_next").on(t.next_attempt_at).where(sql`status = 'pending'`),
    index("event_reminders_logs_provider").on(t.provider_message_id).where(sql`provider_message_id is not null`),
    index("event_reminders_logs_settled").on(t.settled_at).where(sql`settled_at is not null`),
  ],
);

// Operation

/** Messages that could not be read or ran out of tries, whole, for replay. A redelivery of the same message adds no row. */
export const deadLetters = pgTable(
  "dead_letters",
  {
    id: id(),
    queue: text().notNull(),
    message_id: text().notNull(),
    body: text().notNull(),
    reason: text().notNull(),
    created_at: createdAt(),
    replayed_at: instant(),
  },
  (t) => [
    unique("dead_letters_message").on(t.queue, t.message_id),
    index("dead_letters_created").on(t.created_at),
    index("dead_letters_queue").on(t.queue, t.id),
    index("dead_letters_waiting").on(t.queue, t.id).where(sql`replayed_at is null`),
    index("dead_letters_replayed").on(t.replayed_at).where(sql`replayed_at is not null`),
  ],
);

/** The last run of each schedule, for the heartbeat. `now_at` is the job's now. `errors_seen`: the newest row of worker_errors that the alerts have told of. */
export const scheduleRuns = pgTable("schedule_runs", {
  job: text().primaryKey(),
  ran_at: instant().notNull(),
  now_at: instant().notNull(),
  errors_seen: reference(),
});

/** A fault of one part while it lasts: one open row a part and key. */
export const alerts = pgTable(
  "alerts",
  {
    id: id(),
    part: text().notNull(),
    key: text().notNull(),
    message: text().notNull(),
    count: integer().notNull().default(1),
    opened_at: createdAt(),
    seen_at: createdAt(),
    closed_at: instant(),
    acknowledged_at: instant(),
    silenced_until: instant(),
    discord_message_id: text(),
    /** What is posted so far: null nothing, "open", "closed". */
    posted: text(),
    /** Until then one run is at posting it, and no other. */
    posting_until: instant(),
  },
  (t) => [
    uniqueIndex("alerts_open").on(t.part, t.key).where(sql`closed_at is null`),
    index("alerts_key").on(t.part, t.key),
    index("alerts_closed").on(t.closed_at).where(sql`closed_at is not null`),
    index("alerts_unposted").on(t.id).where(sql`posted is distinct from 'closed'`),
  ],
);

/** What failed unexpectedly, one row a time: where (`event` of the log line), what kind (the error's name, its SQLSTATE), and in which request. */
export const workerErrors = pgTable(
  "worker_errors",
  {
    id: id(),
    event: text().notNull(),
    error: text().notNull(),
    request_id: text(),
    created_at: createdAt(),
  },
  (t) => [index("worker_errors_created").on(t.created_at)],
);

/** Forms of the operator's console that were used, by what is random in them: each is good once. */
export const consoleForms = pgTable(
  "console_forms",
  {
    form: text().primaryKey(),
    spent_at: instant().notNull(),
  },
  (t) => [index("console_forms_spent").on(t.spent_at)],
);
