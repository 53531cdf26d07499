/** The shapes of every queue's messages, version 1. Times are RFC 3339; an occurrence is a wall time. */
import * as z from "zod";

const id = z.int().min(1);
const message = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({ type: z.literal(type), version: z.literal(1), ...shape });

/** An address as PostgreSQL's text can hold it: what it cannot would hold up a whole batch. */
const address = z.string().refine((value) => value.isWellFormed() && !value.includes("\0"), "is no text");

/** `revision`: of the event whose time the words say. */
const recipient = { user_id: id, event_reminders_logs_id: id, message: z.string(), revision: z.int().optional() };
const delivery = <Type extends string, Shape extends z.ZodRawShape>(type: Type, address: Shape) =>
  message(type, {
    event_reminders_id: id,
    event_timestamp: z.string(),
    recipients: z
      .array(z.object({ ...recipient, ...address }))
      .min(1)
      .max(50),
  });

export const ScheduleNotifications = message("schedule-notifications", {
  event_id: id,
  event_timestamp: z.string(),
  event_reminders_id: id,
  after_user_id: z.int().min(0).optional(),
});
export const SendSms = delivery("send-sms", { phone_number: address });
export const SendEmail = delivery("send-email", { email: address });
export const SendPush = delivery("send-push", { device_arn: address });
export const SendPushGroupInvitation = message("send-push-group-invitation", {
  group_invitation_logs_id: id,
  group_id: id,
  timestamp: z.string(),
  user_id: id.nullable(),
  email: z.string().optional(),
});
export const SchedulePushComments = message("schedule-push-comments", {
  user_id: id,
  event_id: id,
  events_comments_id: id,
  comment: z.string(),
  timestamp: z.string(),
  after_user_id: z.int().min(0).optional(),
});

export const Message = z.discriminatedUnion("type", [
  ScheduleNotifications,
  SendSms,
  SendEmail,
  SendPush,
  SendPushGroupInvitation,
  SchedulePushComments,
]);

export type Message = z.infer<typeof Message>;
export type MessageType = Message["type"];
export type MessageOf<Type extends MessageType> = Extract<Message, { type: Type }>;
