/** What stack.json holds; CONTRACT section 8. */
export interface Stack {
  api: string;
  inbox: string;
  cognito: { endpoint: string; user_pool_id: string; client_id: string };
  aws: { region: string; access_key_id: string; secret_access_key: string };
  database_url: string;
  /** The operator's, which the token opens. */
  console: { url: string; token: string };
  pid: number;
}

export interface Message {
  id: string | number;
  channel: "sms" | "email" | "push";
  to: string;
  title: string | null;
  subject: string | null;
  text: string | null;
  data: Record<string, string> | null;
  /** Unix ms. */
  accepted_at: number;
}

/** Everything that a person can read of a message. */
export function wordsOf({ title, subject, text, data }: Message): string {
  return [title, subject, text, ...Object.values(data ?? {})].join("\n");
}

export class RefusedError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const ANSWER_WITHIN_MS = 15_000;

/** One action of Cognito's, as the app calls it. Throws RefusedError with Cognito's exception as its code. */
export async function callCognito<T>(stack: Pick<Stack, "cognito">, action: string, input: object): Promise<T> {
  const { endpoint, client_id } = stack.cognito;
  const response = await fetch(`${endpoint}/`, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
    },
    body: JSON.stringify({ ClientId: client_id, ...input }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  const answer = (await response.json()) as T & { __type?: string; message?: string };
  if (response.ok) return answer;
  throw new RefusedError(answer.__type ?? "Unknown", `${action}: ${answer.__type} ${answer.message}`);
}

export interface Credentials {
  email: string;
  password: string;
}

export const signUp = (stack: Pick<Stack, "cognito">, { email, password }: Credentials, name: string) =>
  callCognito<{ UserSub: string }>(stack, "SignUp", {
    Username: email,
    Password: password,
    UserAttributes: [
      { Name: "email", Value: email },
      { Name: "name", Value: name },
    ],
  });

export const confirmSignUp = (stack: Pick<Stack, "cognito">, email: string, code: string) =>
  callCognito<object>(stack, "ConfirmSignUp", { Username: email, ConfirmationCode: code });

/** Gives the ID token. */
export async function signIn(stack: Pick<Stack, "cognito">, { email, password }: Credentials): Promise<string> {
  const { AuthenticationResult } = await callCognito<{ AuthenticationResult: { IdToken: string } }>(
    stack,
    "InitiateAuth",
    { AuthFlow: "USER_PASSWORD_AUTH", AuthParameters: { USERNAME: email, PASSWORD: password } },
  );
  return AuthenticationResult.IdToken;
}

/** One call of the Worker's API. Throws RefusedError with the envelope's error code. */
export async function callApi<T>(stack: Pick<Stack, "api">, token: string, call: string, input?: object): Promise<T> {
  const [method = "GET", path = "/"] = call.split(" ");
  const url = new URL(path, stack.api);
  const inQuery = method === "GET" || method === "DELETE";
  if (inQuery) for (const [name, value] of Object.entries(input ?? {})) url.searchParams.set(name, String(value));
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(inQuery ? {} : { "content-type": "application/json" }) },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(inQuery ? {} : { body: JSON.stringify(input ?? {}) }),
  });
  const text = await response.text();
  if (!response.headers.get("content-type")?.includes("json")) {
    throw new RefusedError("not_json", `${call}: ${response.status}, and not JSON`);
  }
  const answer = JSON.parse(text) as { data: T; status: { message: string }; error?: { code: string } };
  if (response.ok) return answer.data;
  const issues = JSON.stringify((answer.error as { issues?: unknown } | undefined)?.issues ?? []);
  const why = `${response.status} ${answer.error?.code} ${answer.status.message} ${issues}`;
  throw new RefusedError(answer.error?.code ?? "unknown", `${call}: ${why}`);
}

export async function readInbox(
  stack: Pick<Stack, "inbox">,
  channel: Message["channel"],
  to: string,
): Promise<Message[]> {
  const query = new URLSearchParams({ channel, to: channel === "email" ? to.toLowerCase() : to });
  const response = await fetch(`${stack.inbox}/messages?${query}`, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!response.ok) throw new Error(`The inbox answered ${response.status}`);
  const answer = (await response.json()) as Message[] | { messages: Message[] };
  return Array.isArray(answer) ? answer : answer.messages;
}

/** Asks until there is something; null when the time is over. */
export async function waitFor<T>(ask: () => Promise<T | null | undefined>, withinMs: number): Promise<T | null> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== null && found !== undefined) return found;
    if (Date.now() >= deadline) return null;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/** The six digits in the newest message that came after `since` (unix ms). */
export async function codeFromInbox(
  stack: Pick<Stack, "inbox">,
  channel: "sms" | "email",
  to: string,
  since: number,
): Promise<string> {
  const code = await waitFor(async () => {
    const messages = (await readInbox(stack, channel, to)).filter(({ accepted_at }) => accepted_at >= since);
    return messages
      .reverse()
      .map(({ text }) => /\b\d{6}\b/.exec(text ?? "")?.[0])
      .find(Boolean);
  }, 10_000);
  if (!code) throw new Error(`No code reached ${to} by ${channel}`);
  return code;
}

/** Signs the person up and in, the way the app does; someone who has an account is only signed in. */
export async function enter(stack: Stack, person: Credentials & { name: string }): Promise<string> {
  const since = Date.now();
  try {
    return await signIn(stack, person);
  } catch (error) {
    const code = error instanceof RefusedError ? error.code : "";
    if (code === "UserNotConfirmedException") {
      await callCognito(stack, "ResendConfirmationCode", { Username: person.email });
    } else if (code === "NotAuthorizedException" || code === "UserNotFoundException") {
      await signUp(stack, person, person.name);
    } else {
      throw error;
    }
  }
  await confirmSignUp(stack, person.email, await codeFromInbox(stack, "email", person.email, since));
  return signIn(stack, person);
}
