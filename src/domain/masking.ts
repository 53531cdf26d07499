/** What is about people, so that it can be told apart and says nothing: for the operator's eyes, until they ask for it. */

export const maskName = (name: string): string => `${[...name][0] ?? ""}…`;

/** anna@mail.example.com: a…@m….com */
export function maskEmail(address: string): string {
  const [local = "", domain = ""] = address.split("@");
  const end = /\.[a-z]{2,6}$/.exec(domain)?.[0] ?? "";
  return `${maskName(local)}@${maskName(domain)}${end}`;
}

/** +48791234512: +48…12 */
export const maskNumber = (number: string): string =>
  /^\+\d{8,15}$/.test(number) ? `${number.slice(0, 3)}…${number.slice(-2)}` : "(number)";

export const maskText = (text: string): string => `(text, ${[...text].length} characters)`;

const DEVICE = "(device)";
const DEEPEST = 10;

type Mask = (value: unknown, depth: number) => unknown;

/** Only where the value is of the kind that its field says; anything else is masked as what nobody knows. */
const where =
  <T>(is: (value: unknown) => value is T, shown: (value: T) => unknown): Mask =>
  (value, depth) =>
    is(value) ? shown(value) : masked(value, depth);

const isText = (value: unknown): value is string => typeof value === "string";
const matches =
  (pattern: RegExp) =>
  (value: unknown): value is string =>
    isText(value) && pattern.test(value);

const plainly = (value: unknown) => value;
const number = where((value): value is number => Number.isSafeInteger(value), plainly);
const moment = where(matches(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$/), plainly);
const queueName = where(
  matches(
    /^(schedule-notifications|send-(sms|email|push)|send-push-group-invitation|schedule-push-comments|dead-letters)$/,
  ),
  plainly,
);

/** Every field of the queues' messages, and how it is shown; what is no such field is masked by its name, too. */
const FIELDS: Record<string, Mask> = {
  type: queueName,
  version: number,
  event_id: number,
  event_timestamp: moment,
  timestamp: moment,
  event_reminders_id: number,
  event_reminders_logs_id: number,
  events_comments_id: number,
  group_id: number,
  group_invitation_logs_id: number,
  user_id: number,
  after_user_id: number,
  revision: number,
  phone_number: where(isText, maskNumber),
  email: where(isText, maskEmail),
  device_arn: where(isText, () => DEVICE),
  recipients: (value, depth) => masked(value, depth),
};

function masked(value: unknown, depth: number): unknown {
  if (isText(value)) return maskText(value);
  if (typeof value === "number") return "(number)";
  if (typeof value !== "object" || value === null) return value;
  if (depth === DEEPEST) return "(…)";
  if (Array.isArray(value)) return value.map((one) => masked(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, held], place) =>
      Object.hasOwn(FIELDS, name) || TEXTS.has(name)
        ? [name, (FIELDS[name] ?? masked)(held, depth + 1)]
        : [`(field ${place + 1})`, masked(held, depth + 1)],
    ),
  );
}

/** Named, since it tells the messages apart; what they hold is masked. */
const TEXTS = new Set(["message", "comment"]);

/** A message as it lies in the dead letters, JSON or not. */
export function maskMessage(body: string): string {
  const parsed = parsedOf(body);
  return parsed === undefined ? maskText(body) : JSON.stringify(masked(parsed, 0), null, 2);
}

/** Undefined where it is no JSON. */
export function parsedOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
