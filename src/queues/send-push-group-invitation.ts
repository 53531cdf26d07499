/** The message of an invitation: a push to the invitee's newest live device, else an e-mail; to an address without an account an e-mail. */
import type { Outcome } from "../clients/aws.ts";
import { type Email, type Ses, sesClient } from "../clients/ses.ts";
import { type Sns, snsClient } from "../clients/sns.ts";
import type { Deps } from "../deps.ts";
import type { DeadDevice } from "../domain/dead-devices.ts";
import {
  type ClaimedInvitation,
  claimInvitations,
  INVITATION_MESSAGE_EXPIRES_AFTER_HOURS,
  type Route,
  type SettledInvitation,
  settleInvitations,
} from "../domain/invitation-messages.ts";
import { unsubscribeUrl } from "../domain/links.ts";
import { STOP_SENDING_AFTER_MS } from "../domain/rules.ts";
import { invitationEmail, invitationPush, type Locale, localeOf } from "../domain/texts/index.ts";
import { CONNECTIONS, eachAtMost } from "./concurrency.ts";
import type { Delivery } from "./delivery.ts";
import { CLAIM_PAUSES_MS, persist, SETTLE_PAUSES_MS } from "./persist.ts";
import { wake } from "./wake.ts";
import { isDeadEndpoint, walkRoutes } from "./walk-routes.ts";

/** The sweep looks this long after the moment at which a message should have come. */
const SWEEP_GRACE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
/** SES counts its daily quota over 24 rolling hours. */
const QUOTA_SECONDS = 3 * HOUR_SECONDS;

/** `again`: seconds until the next attempt of a pending one; null where settled. */
type Attempt = SettledInvitation & { again: number | null };

export async function sendPushGroupInvitation(
  deliveries: Delivery<"send-push-group-invitation">[],
  deps: Deps,
): Promise<void> {
  const token = crypto.randomUUID();
  const claimedAt = deps.now();
  const messages = new Map(deliveries.map(({ message }) => [message.group_invitation_logs_id, message]));
  const claimed = await persist(deps, CLAIM_PAUSES_MS, () =>
    claimInvitations(deps.db, [...messages.keys()], { token, now: claimedAt }),
  );
  const means = { deps, sns: snsClient(deps.settings), ses: sesClient(deps.settings), dead: [] as DeadDevice[] };
  const attempts: Attempt[] = [];
  await eachAtMost(CONNECTIONS, claimed, async (invitation) => {
    // The lease must outlast the sending: what does not fit goes back at once, untried.
    const late = deps.now() - claimedAt > STOP_SENDING_AFTER_MS;
    attempts.push(late ? putOff(invitation, deps.now()) : await attempt(invitation, means));
  });
  if (attempts.length > 0) {
    const now = deps.now();
    const settled = { settled: attempts, dead: means.dead };
    await persist(deps, SETTLE_PAUSES_MS, () => settleInvitations(deps.db, settled, { token, claimedAt, now }));
  }
  const retries = attempts.flatMap(({ group_invitation_logs_id, again }) =>
    again === null ? [] : [{ message: messages.get(group_invitation_logs_id)!, delaySeconds: again }],
  );
  await wake(deps, retries);
  for (const delivery of deliveries) delivery.ack();
  const sent = attempts.filter(({ status }) => status === "sent").length;
  deps.log.info("invitations sent", { claimed: attempts.length, sent, dead: means.dead.length });
}

type Means = { deps: Deps; sns: Sns; ses: Ses; dead: DeadDevice[] };

async function attempt(invitation: ClaimedInvitation, means: Means): Promise<Attempt> {
  const { deps, dead } = means;
  const { outcome, route } = await walkRoutes(
    invitation.routes,
    (route) => send(invitation, route, means),
    (route, reason) => {
      if (route.channel === "push" && isDeadEndpoint(reason)) dead.push({ device_id: route.device_id, reason });
    },
  );
  const { channel } = route;
  if (outcome.outcome === "sent") {
    return settled(invitation, { status: "sent", channel, provider_message_id: outcome.provider_message_id });
  }
  const { error } = outcome;
  if (outcome.outcome === "refused") return settled(invitation, { status: "failed", channel, error });
  const again = outcome.outcome === "quota" ? QUOTA_SECONDS : retryDelaySeconds(invitation.attempts);
  return settled(invitation, { status: "pending", channel, error, ...later(again, deps.now()) });
}

async function send(invitation: ClaimedInvitation, route: Route, { deps, sns, ses }: Means): Promise<Outcome> {
  const locale = localeOf(invitation.locale, deps.settings.DEFAULT_LOCALE);
  if (route.channel === "email") return ses.sendEmail(await emailOf(invitation, route.email, locale, deps));
  return sns.publishPush(route.device_arn, {
    ...invitationPush(invitation, locale),
    data: { forward_link: "None", event: "group_invitation" },
    collapse_id: `invitation-${invitation.group_invitation_logs_id}`,
    ttl_seconds: INVITATION_MESSAGE_EXPIRES_AFTER_HOURS * HOUR_SECONDS,
  });
}

/** Who has an account is not told to make one. */
async function emailOf(
  { group, inviter, has_account }: ClaimedInvitation,
  to: string,
  locale: Locale,
  { settings }: Deps,
): Promise<Email> {
  const unsubscribe_url = await unsubscribeUrl(settings, to);
  const url = has_account ? null : settings.PUBLIC_URL;
  return { to, unsubscribe_url, ...invitationEmail({ group, inviter, url, unsubscribe_url }, locale) };
}

const putOff = (invitation: ClaimedInvitation, now: number): Attempt =>
  settled(invitation, { status: "pending", error: "out_of_time", untried: true, ...later(0, now) });

const later = (again: number, now: number) => ({
  again,
  next_attempt_at: new Date(now + (again + SWEEP_GRACE_SECONDS) * 1000).toISOString(),
});

const settled = (
  { group_invitation_logs_id }: ClaimedInvitation,
  changed: Partial<Attempt> & Pick<Attempt, "status">,
): Attempt => ({
  group_invitation_logs_id,
  channel: null,
  error: null,
  provider_message_id: null,
  next_attempt_at: null,
  untried: false,
  again: null,
  ...changed,
});

/** An invitation can wait: 5 s, then four times as long each time up to an hour, until its day is over. Up to a fifth is added. */
const retryDelaySeconds = (attempts: number): number =>
  Math.ceil(Math.min(HOUR_SECONDS, 5 * 4 ** Math.min(attempts - 1, 8)) * (1 + Math.random() / 5));
