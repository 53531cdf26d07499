export { emailHtml, emailText } from "./email.ts";
export { segments } from "./gsm.ts";
export { type Locale, localeOf } from "./locale.ts";
export { codeSms, commentPush, invitationEmail, invitationPush } from "./people.ts";
export {
  type ReminderFacts,
  reminderPush,
  reminderSms,
  reminderText,
  reminderTitle,
  withLateNote,
} from "./reminder.ts";
export { unsubscribePage } from "./unsubscribe.ts";
