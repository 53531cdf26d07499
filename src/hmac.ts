/** HMAC-SHA-256 in hexadecimal. */

type Data = string | Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const bytesOf = (data: Data) => (typeof data === "string" ? encoder.encode(data) : data);

const key = (secret: string) =>
  crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);

export async function hmac(secret: string, data: Data): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", await key(secret), bytesOf(data)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether one of the secrets made the signature. WebCrypto compares in constant time, and every secret is tried, whichever it was. */
export async function isSigned(secrets: readonly string[], signature: string, data: Data): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  const bytes = Uint8Array.from(signature.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const found = await Promise.all(
    secrets.map(async (secret) => crypto.subtle.verify("HMAC", await key(secret), bytes, bytesOf(data))),
  );
  return found.includes(true);
}
