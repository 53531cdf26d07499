import { createHmac } from "node:crypto";

// Cognito gives a trigger 5 s and then asks again; an answer that comes later is lost.
const GIVE_UP_AFTER_MS = 4_000;

/**
 * Hands a PreSignUp or PostConfirmation event unchanged to Torium and gives back the event that Torium answers.
 * Throws where Torium refuses or is out of reach, so that Cognito refuses the sign-up. Messages name nobody: Cognito
 * shows them to the caller and Lambda logs them.
 */
export async function forwardTrigger(event, settings) {
  const { TORIUM_URL: url, COGNITO_HOOK_SECRET: secrets } = settings;
  const missing = Object.entries({ TORIUM_URL: url, COGNITO_HOOK_SECRET: newest(secrets) })
    .filter(([, value]) => !value)
    .map(([name]) => name);
  if (missing.length > 0) throw new Error(`Missing setting: ${missing.join(", ")}`);

  const body = JSON.stringify(event);
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac("sha256", newest(secrets)).update(`${t}.${body}`).digest("hex");
  const answer = await post(`${url.replace(/\/+$/, "")}/hooks/cognito`, body, `t=${t},v1=${v1}`);
  if (answer?.triggerSource !== event.triggerSource || answer.userName !== event.userName || !answer.response) {
    throw new Error("Torium answered with another event");
  }
  return answer;
}

async function post(url, body, signature) {
  let response;
  let text;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-torium-signature": signature },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(GIVE_UP_AFTER_MS),
    });
    text = await response.text();
  } catch (error) {
    throw new Error(error?.name === "TimeoutError" ? "Torium did not answer in time" : "Torium is out of reach");
  }
  if (response.status !== 200) throw new Error(`Torium answered ${response.status}`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("Torium answered with something else than JSON");
  }
}

function newest(secrets) {
  return (secrets ?? "").split(",")[0].trim();
}

/** The Lambda function itself: settings come from its environment. */
export const handler = (event) => forwardTrigger(event, process.env);
