/** How a platform application stands with Amazon SNS. https://docs.aws.amazon.com/sns/latest/api/API_GetPlatformApplicationAttributes.html */
import type { Settings } from "../env.ts";
import { type Asked, type Aws, awsClient, codeOf, unanswered } from "./aws.ts";

/** `certificate_until`: RFC 3339; null where the application lives by a key instead, as FCM's do. */
type Application = { enabled: boolean; certificate_until: string | null };

export async function platformApplication(
  settings: Settings,
  arn: string,
  aws: Aws = awsClient(settings),
): Promise<Asked<Application>> {
  const endpoint = `${settings.AWS_ENDPOINT_URL_SNS ?? `https://sns.${settings.AWS_REGION}.amazonaws.com`}/`;
  const question = {
    Action: "GetPlatformApplicationAttributes",
    Version: "2010-03-31",
    PlatformApplicationArn: arn,
  };
  try {
    const answer = await aws.call(endpoint, "sns", {
      body: new URLSearchParams(question).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    const xml = answer.text;
    if (!answer.ok) return { known: false, error: codeOf(answer.status, /<Code>([^<]*)<\/Code>/.exec(xml)?.[1] ?? "") };
    const until = Date.parse(attribute(xml, "AppleCertificateExpirationDate") ?? "");
    return {
      known: true,
      value: {
        // An application that was never disabled may leave it out.
        enabled: attribute(xml, "Enabled") !== "false",
        certificate_until: Number.isNaN(until) ? null : new Date(until).toISOString(),
      },
    };
  } catch (error) {
    return unanswered(error);
  }
}

const attribute = (xml: string, name: string) =>
  new RegExp(`<key>${name}</key>\\s*<value>([^<]*)</value>`).exec(xml)?.[1];
