/** A channel is given up only where it could not work, and a reminder ends without one only where none could. */
import type { Delivery } from "./ledger.ts";
import { during } from "./model.ts";
import type { Case } from "./oracle.ts";
import { wasTooDear } from "./oracle-money.ts";

export function judgeChannels(found: Case): string[] {
  const broken: string[] = [];
  for (const delivery of found.ledger.deliveries) {
    if (delivery.channel === "none") broken.push(...judgeNone(found, delivery));
    else if (delivery.status === "failed") broken.push(...judgeFailed(found, delivery));
  }
  return broken;
}

/** When the provider refused an address for good, if it did. */
const refusals = ({ record }: Case, address: string, until: number) =>
  record.attempts.filter((one) => one.address === address && one.outcome === "refused" && one.at <= until);

/** Whether people, or the provider's refusal, had put an address on the list of those not to be written to. */
const isSuppressed = (found: Case, channel: string, address: string, at: number): boolean =>
  during(found.record.moments, at, at).some(({ suppressed }) =>
    suppressed.some((one) => one.channel === channel && one.address === address),
  ) || refusals(found, address, at).some(({ said }) => said === "opted_out");

function judgeFailed(found: Case, delivery: Delivery): string[] {
  const { id, last_error, settled_at } = delivery;
  const own = found.record.attempts.filter((one) => one.row === id);
  if (own.some(({ outcome }) => outcome === "refused")) return [];
  if (own.some(({ said }) => said === "quota")) return [];
  if (last_error === "answer_lost" && delivery.channel === "sms" && unknownOutcomes(found, delivery) >= 2) return [];
  if (last_error === "budget_spent" && wasTooDear(found, id)) return [];
  const named = addressesOf(found, delivery, settled_at!);
  if (named.some((address) => isSuppressed(found, delivery.channel, address, settled_at!))) return [];
  return [`delivery ${id} by ${delivery.channel} failed with ${last_error}, and nobody refused it`];
}

/** Claims that may have sent, and whose outcome was never written, or written as unknown. */
function unknownOutcomes({ record }: Case, { id }: Delivery): number {
  const claims = record.claims.flatMap(({ rows }) =>
    rows.filter((row) => row.id === id && !row.settled && row.refusal === null && !row.again),
  );
  const known = record.settles.flatMap(({ rows }) =>
    rows.filter((row) => row.id === id && row.effective && !row.lost && !row.refused),
  );
  return claims.length - known.length;
}

/** The addresses that were the person's lately, on a delivery's channel. */
function addressesOf(
  { record }: Case,
  { user_id, channel }: Pick<Delivery, "user_id" | "channel">,
  at: number,
): string[] {
  return during(record.moments, at - 120_000, at).flatMap(({ users, devices }) => {
    const user = users.get(user_id);
    if (channel === "sms") return user?.mobile_number ? [user.mobile_number] : [];
    if (channel === "email") return user ? [user.email] : [];
    return devices.filter((one) => one.user_id === user_id).map(({ device_arn }) => device_arn);
  });
}

function judgeNone(found: Case, delivery: Delivery): string[] {
  const { ledger, record } = found;
  const { id, user_id, event_reminders_id } = delivery;
  const at = delivery.settled_at!;
  const then = during(record.moments, at, at).at(-1)!;
  const user = then.users.get(user_id);
  if (!user) return [];
  const earlier = ledger.deliveries.filter(
    (one) => one.event_reminders_id === event_reminders_id && one.user_id === user_id && one.step < delivery.step,
  );
  const wasTried = (channel: string) =>
    earlier.some((one) => one.channel === channel && one.last_error !== "address_changed");
  const couldWork = (channel: "sms" | "email", address: string | null) =>
    address !== null &&
    !isSuppressed(found, channel, address, at) &&
    !user.switched_off.includes(channel) &&
    !wasTried(channel);
  const live = then.devices.filter(
    (device) =>
      device.user_id === user_id &&
      !refusals(found, device.device_arn, at).some((one) => one.at >= device.registered_at) &&
      !earlier.some(
        (one) =>
          one.channel === "push" &&
          one.device_id !== null &&
          record.attempts.some((a) => a.row === one.id && a.address === device.device_arn),
      ),
  );
  const ways = [
    ...(couldWork("sms", user.mobile_number) ? ["sms"] : []),
    ...(couldWork("email", user.email) ? ["email"] : []),
    ...(live.length > 0 && !user.switched_off.includes("push") ? ["push"] : []),
  ];
  return ways.length > 0
    ? [`delivery ${id} of person ${user_id} found no channel (${delivery.reason}), and ${ways.join(", ")} could work`]
    : [];
}
