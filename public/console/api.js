/** Calls of the Worker under /console, and what their refusals mean in plain words. */

/** `status` 0: no answer came. */
export class Refused extends Error {
  name = "Refused";

  constructor(status, message, request_id = null) {
    super(message);
    this.status = status;
    this.request_id = request_id;
  }
}

/** Answers the whole envelope: `data`, and `page` of a list. Query values that are empty are left out. */
export function read(path, query = {}, signal = undefined) {
  return call(address(`/console/data/${path}`, query), { signal });
}

/** A look-up whose words do not belong in an address. */
export function ask(path, body, query = {}, signal = undefined) {
  return call(address(`/console/data/${path}`, query), { method: "POST", body, signal });
}

/** An action, by a form that was asked for when its confirmation opened. */
export function act(path, body, form_token) {
  return call(`/console/actions/${path}`, { method: "POST", body, headers: { "x-form-token": form_token } });
}

export const askForm = async () => (await read("form")).data.form_token;
export const session = async () => (await read("session")).data;
export const signIn = (token) => call("/console/session", { method: "POST", body: { token } }, false);
export const signOut = () => call("/console/sign-out", { method: "POST", body: {} }, false);

function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path;
}

/** `needsSession`: an answer 401 means that the session is over, and the page is told. */
async function call(path, { method = "GET", body, headers = {}, signal }, needsSession = true) {
  const answer = await fetch(path, {
    method,
    // Cloudflare Access answers with its sign-in page on another host once its session is over.
    redirect: "manual",
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Refused(
      0,
      navigator.onLine ? "Torium does not answer. Is the network up?" : "You are offline: nothing was asked or done.",
    );
  });
  if (answer.type === "opaqueredirect" || (answer.status === 401 && needsSession)) {
    document.dispatchEvent(new CustomEvent("session-over"));
    throw new Refused(401, "Your session is over: sign in again.");
  }
  const told = await answer.json().catch((error) => {
    if (error.name === "AbortError") throw error;
    return {};
  });
  if (!answer.ok) throw new Refused(answer.status, words(answer, told), told.error?.request_id ?? null);
  return told;
}

function words({ status, headers }, told) {
  const said = told.status?.message;
  if (status === 400) {
    const issues = (told.error?.issues ?? []).map(({ path, message }) => (path ? `${path}: ${message}` : message));
    return issues.length > 0 ? `That is not valid. ${issues.join("; ")}` : (said ?? "That is not valid.");
  }
  if (status === 403) return `Refused: ${said ?? "not allowed"}. Open the confirmation anew and try again.`;
  if (status === 409) return said ?? "That contradicts what is: it may have been done already.";
  if (status === 429) return `Too many tries. Wait ${headers.get("retry-after") ?? "60"} seconds.`;
  if (status === 503)
    return `The database is out of reach${said ? ` (${said})` : ""}. It is asked again as soon as you try again.`;
  if (status >= 500) return "Something went wrong on Torium's side. The log has it under this request:";
  return said ?? `Torium answered ${status}.`;
}
