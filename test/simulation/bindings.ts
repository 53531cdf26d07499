/** The queues by the name of their binding. */
export const BINDINGS = {
  SCHEDULE_NOTIFICATIONS: "schedule-notifications",
  SEND_SMS: "send-sms",
  SEND_EMAIL: "send-email",
  SEND_PUSH: "send-push",
  SEND_PUSH_GROUP_INVITATION: "send-push-group-invitation",
  SCHEDULE_PUSH_COMMENTS: "schedule-push-comments",
} as const;
