/** Asks the services outside how they are. One that fails is asked again a moment later: a hiccup is no fault. */
import type { Asked } from "../clients/aws.ts";
import { publishedKeys } from "../clients/cognito-keys.ts";
import { mailAccount } from "../clients/ses-account.ts";
import { platformApplication } from "../clients/sns-platforms.ts";
import type { Deps } from "../deps.ts";
import type { Facts } from "../domain/faults.ts";

const AGAIN_AFTER_MS = 1_000;

export async function askOutside(deps: Deps): Promise<Pick<Facts, "keys" | "mail" | "push">> {
  const { settings } = deps;
  const twice = async <T>(ask: () => Promise<Asked<T>>): Promise<Asked<T>> => {
    const first = await ask();
    if (first.known) return first;
    await deps.wait(AGAIN_AFTER_MS);
    return ask();
  };
  const applications = Object.entries({
    FCM: settings.SNS_PLATFORM_APPLICATION_ARN_FCM,
    APNs: settings.SNS_PLATFORM_APPLICATION_ARN_APNS,
  }).flatMap(([platform, arn]) => (arn ? [{ platform, arn }] : []));
  const [keys, mail, push] = await Promise.all([
    twice(() => publishedKeys(settings.COGNITO_JWKS_URL)),
    twice(() => mailAccount(settings)),
    Promise.all(
      applications.map(async ({ platform, arn }) => ({
        platform,
        found: await twice(() => platformApplication(settings, arn)),
      })),
    ),
  ]);
  return { keys, mail, push };
}
