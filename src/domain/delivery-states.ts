/**
 * The states of a delivery (a row of event_reminders_logs) and all the ways between them. Each is one conditional statement of the verbs that
 * it names; the simulator holds every change that it sees against this table, and a test holds the diagram of ARCHITECTURE.md against it.
 */

/** `leased`: pending, and in a consumer's hands until `lease_until`. `new`: not written yet. */
export type DeliveryState = "new" | "pending" | "leased" | "sent" | "failed" | "suppressed" | "expired";

type Verb =
  | "pickPeople"
  | "findDue"
  | "claimDeliveries"
  | "settleDeliveries"
  | "recordFeedback"
  | "eraseCaller"
  | "forgetTraces";

export type Transition = { from: DeliveryState; to: DeliveryState; by: Verb[]; when: string };

export const TRANSITIONS: readonly Transition[] = [
  {
    from: "new",
    to: "pending",
    by: ["pickPeople", "settleDeliveries", "recordFeedback"],
    when: "picked, or the next channel's turn",
  },
  { from: "new", to: "failed", by: ["pickPeople", "settleDeliveries", "recordFeedback"], when: "no channel is left" },
  { from: "pending", to: "pending", by: ["findDue", "pickPeople"], when: "found overdue, handed on again" },
  { from: "pending", to: "leased", by: ["claimDeliveries"], when: "claimed, everything checks" },
  {
    from: "pending",
    to: "suppressed",
    by: ["claimDeliveries", "pickPeople", "eraseCaller", "forgetTraces"],
    when: "event gone or moved, person gone, no participant",
  },
  { from: "pending", to: "expired", by: ["claimDeliveries"], when: "began 60 minutes ago" },
  {
    from: "leased",
    to: "leased",
    by: ["claimDeliveries", "findDue"],
    when: "its own claim repeated, or the lease ran out",
  },
  {
    from: "leased",
    to: "pending",
    by: ["settleDeliveries", "pickPeople"],
    when: "throttled, error, answer lost, untried, or the lease ran out",
  },
  { from: "leased", to: "sent", by: ["settleDeliveries"], when: "accepted" },
  {
    from: "leased",
    to: "failed",
    by: ["settleDeliveries", "recordFeedback"],
    when: "refused for good, or a bounce faster than the settling",
  },
  {
    from: "leased",
    to: "suppressed",
    by: ["settleDeliveries", "claimDeliveries", "eraseCaller", "forgetTraces"],
    when: "the address is no longer theirs, or the check fails once the lease ran out",
  },
  { from: "leased", to: "expired", by: ["claimDeliveries"], when: "the hour ended before the lease" },
  { from: "sent", to: "failed", by: ["recordFeedback"], when: "bounced, or the push failed later" },
  { from: "suppressed", to: "pending", by: ["pickPeople"], when: "the event moved back" },
  { from: "expired", to: "pending", by: ["pickPeople"], when: "the event moved ahead again" },
];
