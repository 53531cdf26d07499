/** What each endpoint answers in `data`: the one description of it, in the API document and in the tests, which refuse any other field. */
import * as z from "zod";

const id = z.int().min(1);
const instant = z.iso.datetime().describe("An instant, RFC 3339 in UTC.");
const wall = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  .describe("Wall time in the event's zone: no offset.");
const role = z.enum(["standard", "moderator", "admin"]);

export const Nothing = z.null();

export const EventId = z.strictObject({ id }).meta({ examples: [{ id: 31 }] });

const Participant = z.strictObject({ id, email: z.string(), username: z.string() });

export const Event = z
  .strictObject({
    id,
    name: z.string(),
    description: z.string(),
    is_budget: z.boolean(),
    budget: z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .nullable()
      .describe("Exact, with the decimals of its currency; null unless is_budget."),
    group_id: id,
    group_name: z.string(),
    status: role.describe("The caller's role in the group."),
    event_timestamp: wall.describe("The first occurrence, as wall time in the event's zone."),
    reminder: z.enum(["once", "periodical"]).describe("periodical where the event recurs."),
    schedule_period: z
      .enum(["1 day, 0:00:00", "7 days, 0:00:00", "30 days, 0:00:00"])
      .describe("The nearest of three; recurrence and reminders say it exactly."),
    users: z.array(Participant).describe("Who takes part."),
    starts_at: instant.describe("The first occurrence."),
    time_zone: z.string().describe("IANA."),
    recurrence: z.string().nullable().describe("RFC 5545 RRULE; null where the event happens once."),
    exceptions: z
      .array(z.strictObject({ occurrence: wall, moved_to: wall.nullable() }))
      .describe("Occurrences that are moved, or skipped where moved_to is null."),
    reminders: z
      .array(z.union([z.int(), z.string()]))
      .describe("How long before each occurrence: minutes, or P<n>D, P<n>W, P1M in wall time."),
    next_at: instant.nullable().describe("The next occurrence; null if none."),
    currency: z.string().length(3).describe("ISO 4217."),
    created_at: instant,
  })
  .meta({
    id: "Event",
    examples: [
      {
        id: 31,
        name: "Rent",
        description: "Kitchen and rooms",
        is_budget: true,
        budget: "2400.00",
        group_id: 7,
        group_name: "Flat 12",
        status: "admin",
        event_timestamp: "2026-11-11 18:00:00",
        reminder: "periodical",
        schedule_period: "30 days, 0:00:00",
        users: [{ id: 3, email: "ola@example.com", username: "Ola" }],
        starts_at: "2026-11-11T17:00:00Z",
        time_zone: "Europe/Warsaw",
        recurrence: "FREQ=MONTHLY;BYMONTHDAY=11",
        exceptions: [{ occurrence: "2026-12-11 18:00:00", moved_to: "2026-12-10 18:00:00" }],
        reminders: ["P1D", 30],
        next_at: "2026-11-11T17:00:00Z",
        currency: "PLN",
        created_at: "2026-10-01T08:15:00Z",
      },
    ],
  });

export const EventReminderId = z
  .strictObject({ event_reminders_id: id })
  .meta({ examples: [{ event_reminders_id: 512 }] });

export const CommentId = z.strictObject({ events_comments_id: id }).meta({ examples: [{ events_comments_id: 88 }] });

export const Comment = z
  .strictObject({
    id,
    event_id: id,
    user_id: id.nullable().describe("Null where the author is gone."),
    username: z.string().describe("A neutral word where the author is gone."),
    comment: z.string(),
    event_timestamp: z.string().describe("How long ago, in short: 1s ago, then s, min, h, d, w, mon, y."),
    created_at: instant,
  })
  .meta({
    id: "Comment",
    examples: [
      {
        id: 88,
        event_id: 31,
        user_id: 3,
        username: "Ola",
        comment: "Who brings the cake?",
        event_timestamp: "5min ago",
        created_at: "2026-11-10T09:00:00Z",
      },
    ],
  });

export const GroupId = z.strictObject({ group_id: id }).meta({ examples: [{ group_id: 7 }] });

export const Group = z
  .strictObject({
    group_id: id,
    name: z.string(),
    description: z.string(),
    admin_id: id.describe("The owner: one of the group's admins."),
    status: role.describe("The caller's role."),
  })
  .meta({
    id: "Group",
    examples: [{ group_id: 7, name: "Flat 12", description: "Ola, Jan and Ewa", admin_id: 3, status: "admin" }],
  });

export const Invitation = z
  .strictObject({
    group_id: id,
    name: z.string(),
    email: z.string().describe("Who invited."),
    group_invitation_logs_id: id,
    created_at: instant,
  })
  .meta({
    id: "Invitation",
    examples: [
      {
        group_id: 7,
        name: "Flat 12",
        email: "ola@example.com",
        group_invitation_logs_id: 19,
        created_at: "2026-11-01T12:00:00Z",
      },
    ],
  });

export const InvitationCount = z.strictObject({ count: z.int().min(0) }).meta({ examples: [{ count: 1 }] });

export const InvitationId = z
  .strictObject({ group_invitation_logs_id: id })
  .meta({ examples: [{ group_invitation_logs_id: 19 }] });

export const Member = z
  .strictObject({ user_id: id, username: z.string(), email: z.string(), status: role })
  .meta({ id: "Member", examples: [{ user_id: 4, username: "Jan", email: "jan@example.com", status: "standard" }] });

export const Organization = z
  .strictObject({ id, name: z.string(), url: z.string(), logo_link: z.string().describe("A PNG.") })
  .meta({
    id: "Organization",
    examples: [
      { id: 1, name: "A bank", url: "https://bank.example/", logo_link: "https://api.example.com/logos/bank.png" },
    ],
  });

export const UserId = z.strictObject({ user_id: id }).meta({ examples: [{ user_id: 4 }] });

export const User = z
  .strictObject({
    user_id: id,
    username: z.string(),
    email: z.string(),
    mobile_number: z.string().nullable().describe("E.164, verified."),
    reminder_preferences: z
      .enum(["SMS", "PUSH", "EMAIL"])
      .nullable()
      .describe("Null: none chosen, which means e-mail."),
    cognito_user_id: z.string(),
    device_arn: z.string().nullable(),
    device_token: z.string().nullable().describe("The one registered last."),
    organization_id: id.nullable(),
    organization_name: z.string().nullable(),
    time_zone: z.string().nullable(),
    locale: z.string().nullable(),
  })
  .meta({
    id: "User",
    examples: [
      {
        user_id: 3,
        username: "Ola",
        email: "ola@example.com",
        mobile_number: "+48791234567",
        reminder_preferences: "SMS",
        cognito_user_id: "5f0c6a1e-1c55-4d0e-9b3b-3f6f5b0a2c11",
        device_arn: null,
        device_token: null,
        organization_id: 1,
        organization_name: "A bank",
        time_zone: "Europe/Warsaw",
        locale: "pl",
      },
    ],
  });

/** A group, or an event in one. */
const named = { group_id: id, name: z.string(), description: z.string() };
const outcome = z.enum(["pending", "sent", "failed", "suppressed", "expired"]);
const channel = z.enum(["sms", "email", "push", "none"]);

export const PersonalData = z
  .strictObject({
    exported_at: instant,
    cut: z
      .array(z.string())
      .describe("Names of the lists that are too long for one answer: of those, the newest are here."),
    profile: z.strictObject({
      ...User.omit({ device_arn: true, device_token: true, organization_id: true }).shape,
      confirmed_at: instant,
      created_at: instant,
    }),
    devices: z
      .array(z.strictObject({ platform: z.enum(["fcm", "apns"]), registered_at: instant, dead_at: instant.nullable() }))
      .describe("Without their tokens."),
    preferences: z
      .array(
        z.strictObject({
          what: z.string().describe("switched_off, or why nothing is sent to one's address."),
          kind: z.enum(["reminder", "comment", "invitation"]).nullable().describe("Null: everything."),
          channel,
          since: instant,
        }),
      )
      .describe("What is not sent."),
    groups: z.array(z.strictObject({ ...named, status: role, is_owner: z.boolean(), joined_at: instant })),
    events: z
      .array(
        z.strictObject({
          ...named,
          id,
          event_timestamp: wall,
          time_zone: z.string(),
          recurrence: z.string().nullable(),
          budget: z.string().nullable(),
          currency: z.string(),
          rsvp: z.enum(["yes", "no", "maybe"]).nullable(),
          share: z.string().nullable(),
          is_own: z.boolean().describe("Whether one made it."),
          takes_part: z.boolean(),
          added_at: instant.describe("Since when one takes part; else when one made it."),
        }),
      )
      .describe("Those that one takes part in, and those of one's groups that one made."),
    phone_codes: z
      .array(z.strictObject({ mobile_number: z.string(), created_at: instant, used_at: instant.nullable() }))
      .describe("Of the last two days: the numbers that codes went to, without the codes."),
    comments: z.array(z.strictObject({ id, event_id: id, comment: z.string(), created_at: instant })),
    invitations: z.array(
      z.strictObject({
        group_invitation_logs_id: id,
        direction: z.enum(["received", "sent"]),
        group_id: id,
        group_name: z.string(),
        email: z.string().nullable().describe("The address that one invited, where it had no account."),
        status: z.enum(["open", "confirmed", "rejected", "withdrawn"]),
        created_at: instant,
        answered_at: instant.nullable(),
      }),
    ),
    deliveries: z
      .array(
        z.strictObject({
          event_id: id,
          event_name: z.string().nullable().describe("Null where the event is gone."),
          event_timestamp: wall,
          kind: z.enum(["automatic", "manual", "snooze", "escalation"]),
          due_at: instant,
          picked: z.boolean().describe("Whether one was to be reminded."),
          picked_because: z.string(),
          channel: channel.nullable(),
          step: z.int().nullable(),
          channel_because: z.string().nullable(),
          status: outcome.nullable(),
          last_error: z.string().nullable(),
          attempts: z.int().nullable(),
          settled_at: instant.nullable(),
        }),
      )
      .describe("Of the last 13 months, one for each reminder and channel, with what became of it."),
  })
  .meta({
    id: "PersonalData",
    examples: [
      {
        exported_at: "2026-11-11T17:00:00.000Z",
        cut: [],
        profile: {
          user_id: 3,
          username: "Ola",
          email: "ola@example.com",
          mobile_number: "+48791234567",
          reminder_preferences: "SMS",
          cognito_user_id: "5f0c6a1e-1c55-4d0e-9b3b-3f6f5b0a2c11",
          organization_name: "A bank",
          time_zone: "Europe/Warsaw",
          locale: "pl",
          confirmed_at: "2026-10-01T08:00:00.000Z",
          created_at: "2026-10-01T07:58:00.000Z",
        },
        devices: [{ platform: "fcm", registered_at: "2026-10-01T08:01:00.000Z", dead_at: null }],
        preferences: [],
        groups: [
          {
            group_id: 7,
            name: "Flat 12",
            description: "Ola, Jan and Ewa",
            status: "admin",
            is_owner: true,
            joined_at: "2026-10-01T08:05:00.000Z",
          },
        ],
        events: [],
        phone_codes: [],
        comments: [{ id: 88, event_id: 31, comment: "Who brings the cake?", created_at: "2026-11-10T09:00:00.000Z" }],
        invitations: [],
        deliveries: [],
      },
    ],
  });

export const Health = z.strictObject({ healthy: z.literal(true) }).meta({ examples: [{ healthy: true }] });

const seconds = z.number().nullable();
const unsure = instant.nullable();

export const Status = z
  .strictObject({
    at: instant,
    healthy: z.boolean().describe("The tick runs, no reminder is overdue, and the database answers."),
    database: z.strictObject({ reachable: z.boolean() }),
    last_tick_at: unsure.describe("When reminders were last looked for; null where nobody can tell."),
    oldest_overdue_at: unsure.describe("When the longest overdue reminder should have gone; null where none is."),
    lateness: z
      .strictObject({ p50: seconds, p95: seconds })
      .describe("Seconds from due to accepted by the provider; null where nothing was sent."),
    sends: z.strictObject({
      from: instant.describe("An hour ago; later where more was sent since than is counted here."),
      to: instant,
      by_channel: z.array(
        z.strictObject({
          channel: z.enum(["sms", "email", "push", "none"]).describe("none: no channel was left for the person."),
          outcome: z.enum(["sent", "failed", "suppressed", "expired"]),
          count: z.int(),
        }),
      ),
    }),
  })
  .meta({
    id: "ServiceStatus",
    examples: [
      {
        at: "2026-11-11T17:00:20.000Z",
        healthy: true,
        database: { reachable: true },
        last_tick_at: "2026-11-11T17:00:00.120Z",
        oldest_overdue_at: null,
        lateness: { p50: 0.142, p95: 0.61 },
        sends: {
          from: "2026-11-11T16:00:20.000Z",
          to: "2026-11-11T17:00:20.000Z",
          by_channel: [{ channel: "email", outcome: "sent", count: 214 }],
        },
      },
    ],
  });
