/** The user pool's administration: what the tokens of later sign-ins carry. */
import type { Settings } from "../env.ts";
import { AppError } from "../errors.ts";
import { type Aws, awsClient } from "./aws.ts";

/**
 * Sets `custom:user_id` of one person. Safe to repeat. Throws `unavailable` where the pool is out of reach or refuses.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
 */
export async function setUserId(
  settings: Settings,
  username: string,
  userId: number,
  aws: Aws = awsClient(settings),
): Promise<void> {
  const endpoint =
    settings.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER ?? `https://cognito-idp.${settings.AWS_REGION}.amazonaws.com`;
  let cause: unknown;
  try {
    const response = await aws.call(`${endpoint}/`, "cognito-idp", {
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AWSCognitoIdentityProviderService.AdminUpdateUserAttributes",
      },
      body: JSON.stringify({
        UserPoolId: settings.COGNITO_USER_POOL_ID,
        Username: username,
        UserAttributes: [{ Name: "custom:user_id", Value: String(userId) }],
      }),
    });
    await response.body?.cancel();
    if (response.ok) return;
    cause = new Error(`AdminUpdateUserAttributes answered ${response.status}`);
  } catch (error) {
    cause = error;
  }
  throw new AppError("unavailable", "The user pool is out of reach for a moment", { retryAfter: 5, cause });
}
