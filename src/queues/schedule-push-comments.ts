/** A comment's pushes: claim for all comments of the batch together, six at once to SNS, settle together, and only then acknowledge. */
import { type Sns, snsClient } from "../clients/sns.ts";
import type { Deps } from "../deps.ts";
import {
  COMMENT_EXPIRES_AFTER_MINUTES,
  COMMENT_PUSH_ATTEMPTS,
  type CommentPush,
  claimCommentPushes,
  type PushedComment,
  type SettledPush,
  settleCommentPushes,
} from "../domain/comment-pushes.ts";
import type { DeadDevice } from "../domain/dead-devices.ts";
import { retryDelaySeconds, STOP_SENDING_AFTER_MS } from "../domain/rules.ts";
import { commentPush, localeOf } from "../domain/texts/index.ts";
import { CONNECTIONS, eachAtMost } from "./concurrency.ts";
import type { Delivery } from "./delivery.ts";
import type { MessageOf } from "./messages.ts";
import { CLAIM_PAUSES_MS, persist, SETTLE_PAUSES_MS } from "./persist.ts";
import { wake } from "./wake.ts";
import { isDeadEndpoint, walkRoutes } from "./walk-routes.ts";

/** The sweep looks this long after the moment at which a message should have come. */
const SWEEP_GRACE_SECONDS = 60;

/** `again`: seconds until the next attempt of a pending one; null where settled. */
type Attempt = SettledPush & { again: number | null };
type Asked = Map<number, MessageOf<"schedule-push-comments">>;

export async function schedulePushComments(
  deliveries: Delivery<"schedule-push-comments">[],
  deps: Deps,
): Promise<void> {
  const token = crypto.randomUUID();
  const claimedAt = deps.now();
  const asked = earliestOfEach(deliveries);
  const claiming = [...asked.values()].map(({ events_comments_id, after_user_id = 0 }) => ({
    events_comments_id,
    after_user_id,
  }));
  const { comments, pushes } = await persist(deps, CLAIM_PAUSES_MS, () =>
    claimCommentPushes(deps.db, claiming, { token, now: claimedAt }),
  );
  await wake(deps, nextPages(comments, asked));

  const sns = snsClient(deps.settings);
  const byId = new Map(comments.map((comment) => [comment.events_comments_id, comment]));
  const attempts: Attempt[] = [];
  const dead: DeadDevice[] = [];
  await eachAtMost(CONNECTIONS, pushes, async (push) => {
    // The lease must outlast the sending: what does not fit goes back at once, untried.
    const late = deps.now() - claimedAt > STOP_SENDING_AFTER_MS;
    attempts.push(late ? putOff(push) : await attempt(push, byId.get(push.events_comments_id)!, { deps, sns, dead }));
  });

  const delays = longestDelays(attempts);
  const unsettled = comments.filter(({ done }) => !done);
  if (unsettled.length > 0) {
    const now = deps.now();
    const handedOn = unsettled.map(({ events_comments_id, after_user_id }) => ({
      events_comments_id,
      written: after_user_id === null,
      look_again_at: rfc3339(now, (delays.get(events_comments_id) ?? 0) + SWEEP_GRACE_SECONDS),
    }));
    const settled = { comments: handedOn, pushes: attempts, dead };
    await persist(deps, SETTLE_PAUSES_MS, () => settleCommentPushes(deps.db, settled, { token, claimedAt, now }));
  }
  await wake(
    deps,
    [...delays].map(([id, delaySeconds]) => {
      const { after_user_id: _, ...message } = asked.get(id)!;
      return { message, delaySeconds };
    }),
  );
  for (const delivery of deliveries) delivery.ack();
  const sent = attempts.filter(({ status }) => status === "sent").length;
  deps.log.info("comments pushed", { comments: comments.length, claimed: attempts.length, sent, dead: dead.length });
}

/** Two messages of one comment are one that begins with the lower id. */
function earliestOfEach(deliveries: Delivery<"schedule-push-comments">[]): Asked {
  const asked: Asked = new Map();
  for (const { message } of deliveries) {
    const other = asked.get(message.events_comments_id);
    if (!other || (message.after_user_id ?? 0) < (other.after_user_id ?? 0)) {
      asked.set(message.events_comments_id, message);
    }
  }
  return asked;
}

const nextPages = (comments: PushedComment[], asked: Asked) =>
  comments.flatMap(({ events_comments_id, after_user_id }) =>
    after_user_id === null ? [] : [{ message: { ...asked.get(events_comments_id)!, after_user_id } }],
  );

type Means = { deps: Deps; sns: Sns; dead: DeadDevice[] };

async function attempt(push: CommentPush, comment: PushedComment, { deps, sns, dead }: Means): Promise<Attempt> {
  const { title, body } = commentPush(comment, localeOf(push.locale, deps.settings.DEFAULT_LOCALE));
  const { outcome } = await walkRoutes(
    push.devices,
    ({ device_arn }) =>
      sns.publishPush(device_arn, {
        title,
        body,
        data: { forward_link: "None", title, message: body, event_id: String(comment.event_id) },
        collapse_id: `comment-${push.events_comments_id}`,
        ttl_seconds: COMMENT_EXPIRES_AFTER_MINUTES * 60,
      }),
    ({ device_id }, reason) => void (isDeadEndpoint(reason) && dead.push({ device_id, reason })),
  );
  if (outcome.outcome === "sent") {
    return settled(push, { status: "sent", provider_message_id: outcome.provider_message_id });
  }
  const { error } = outcome;
  if (outcome.outcome === "refused" || push.attempts >= COMMENT_PUSH_ATTEMPTS) {
    return settled(push, { status: "failed", error });
  }
  return settled(push, { status: "pending", error, again: retryDelaySeconds(outcome.outcome, push.attempts) });
}

const putOff = (push: CommentPush): Attempt =>
  settled(push, { status: "pending", error: "out_of_time", untried: true, again: 0 });

const settled = (
  { events_comments_id, user_id }: CommentPush,
  changed: Partial<Attempt> & Pick<Attempt, "status">,
): Attempt => ({
  events_comments_id,
  user_id,
  error: null,
  provider_message_id: null,
  untried: false,
  again: null,
  ...changed,
});

/** One message takes up whatever is pending of a comment, so it waits for the longest delay among them. */
function longestDelays(attempts: Attempt[]): Map<number, number> {
  const delays = new Map<number, number>();
  for (const { events_comments_id: id, again } of attempts) {
    if (again !== null) delays.set(id, Math.max(again, delays.get(id) ?? 0));
  }
  return delays;
}

const rfc3339 = (now: number, seconds: number): string => new Date(now + seconds * 1000).toISOString();
