/** The user pool's administration: what the tokens of later sign-ins carry, and whom it forgets. */
import * as z from "zod";
import type { Settings } from "../env.ts";
import { AppError } from "../errors.ts";
import { type Aws, awsClient, refusal } from "./aws.ts";

/** The pool answered, and would answer the same again: it does not know the person, say. `code` is its own word for it. */
export class PoolRefusal extends Error {
  override name = "PoolRefusal";
  readonly code: string;

  constructor(code: string) {
    super("the user pool refused for good");
    this.code = code;
  }
}

/**
 * Sets `custom:user_id` of one person. Safe to repeat. Throws `unavailable` where the pool is out of reach or busy, PoolRefusal where it
 * refuses for good.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
 */
export async function setUserId(
  settings: Settings,
  username: string,
  userId: number,
  aws: Aws = awsClient(settings),
): Promise<void> {
  const UserAttributes = [{ Name: "custom:user_id", Value: String(userId) }];
  await administer(settings, "AdminUpdateUserAttributes", { Username: username, UserAttributes }, aws);
}

/**
 * The pool forgets a person, whose tokens can then not be renewed. Safe to repeat: one whom it does not know is forgotten. Throws as `setUserId` does.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html
 */
export async function deletePoolUser(
  settings: Settings,
  username: string,
  aws: Aws = awsClient(settings),
): Promise<void> {
  try {
    await administer(settings, "AdminDeleteUser", { Username: username }, aws);
  } catch (error) {
    if (!(error instanceof PoolRefusal && error.code === "UserNotFoundException")) throw error;
  }
}

/**
 * The `sub` of whoever bears a name in the pool now; null where nobody does. Throws as `setUserId` does.
 * https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html
 */
export async function poolSub(
  settings: Settings,
  username: string,
  aws: Aws = awsClient(settings),
): Promise<string | null> {
  try {
    return subIn(await administer(settings, "AdminGetUser", { Username: username }, aws));
  } catch (error) {
    if (error instanceof PoolRefusal && error.code === "UserNotFoundException") return null;
    throw error;
  }
}

const Named = z.object({ UserAttributes: z.array(z.object({ Name: z.string(), Value: z.string().optional() })) });

function subIn(answer: string): string {
  const sub = Named.parse(JSON.parse(answer)).UserAttributes.find(({ Name }) => Name === "sub")?.Value;
  if (!sub) throw new Error("the user pool tells no sub");
  return sub;
}

/** Answers the body. */
async function administer(settings: Settings, action: string, input: object, aws: Aws): Promise<string> {
  const endpoint =
    settings.AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER ?? `https://cognito-idp.${settings.AWS_REGION}.amazonaws.com`;
  let cause: unknown;
  try {
    const response = await aws.call(`${endpoint}/`, "cognito-idp", {
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
      },
      body: JSON.stringify({ UserPoolId: settings.COGNITO_USER_POOL_ID, ...input }),
    });
    const { text } = response;
    if (response.ok) return text;
    const answer = refusal(response.status, codeIn(text));
    const code = "error" in answer ? answer.error : "";
    if (response.status >= 400 && response.status < 500 && answer.outcome !== "throttled") throw new PoolRefusal(code);
    cause = new Error(`${action} answered ${code}`);
  } catch (error) {
    if (error instanceof PoolRefusal) throw error;
    cause = error;
  }
  throw new AppError("unavailable", "The user pool is out of reach for a moment", { retryAfter: 5, cause });
}

/** `{"__type": "UserNotFoundException"}`, the name in some answers behind a namespace and `#`. */
function codeIn(answer: string): string {
  try {
    const { __type: type } = JSON.parse(answer) as { __type?: unknown };
    return typeof type === "string" ? type.slice(type.indexOf("#") + 1) : "";
  } catch {
    return "";
  }
}
