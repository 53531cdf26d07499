/**
 * Links that stand for themselves: whoever holds one may do what it says, without signing in. One-click unsubscribe is RFC 8058; its
 * link must be hard to forge, and works for as long as its secret is among those of LINK_SECRET.
 */
import type { Settings } from "../env.ts";
import { hmacKey } from "../hmac.ts";

/** Signed along, so that a signature made for one purpose serves no other. */
const PURPOSE = "unsubscribe\n";
const encoder = new TextEncoder();

/** The same link for an address each time, in whatever case it is written. */
export async function unsubscribeUrl(
  settings: Pick<Settings, "PUBLIC_URL" | "LINK_SECRET">,
  email: string,
): Promise<string> {
  const to = base64url(encoder.encode(email.toLowerCase()));
  const signature = await crypto.subtle.sign(
    "HMAC",
    await hmacKey(settings.LINK_SECRET[0]!),
    encoder.encode(PURPOSE + to),
  );
  return `${settings.PUBLIC_URL}/unsubscribe?to=${to}&signature=${base64url(new Uint8Array(signature))}`;
}

/** The address that an unsubscribe link names, in lower case; null where no secret of ours signed it. */
export async function unsubscribeAddress(
  settings: Pick<Settings, "LINK_SECRET">,
  parameters: URLSearchParams,
): Promise<string | null> {
  const to = parameters.get("to") ?? "";
  const signature = bytesOf(parameters.get("signature") ?? "");
  if (!signature) return null;
  for (const secret of settings.LINK_SECRET) {
    // WebCrypto compares in constant time.
    const genuine = await crypto.subtle.verify("HMAC", await hmacKey(secret), signature, encoder.encode(PURPOSE + to));
    if (genuine) return new TextDecoder().decode(bytesOf(to) ?? undefined);
  }
  return null;
}

const base64url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

function bytesOf(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}
