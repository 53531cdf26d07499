/** HMAC-SHA-256 in hexadecimal. */

type Data = string | Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const bytesOf = (data: Data) => (typeof data === "string" ? encoder.encode(data) : data);

/** The settings hold fewer. Those that are drawn for a single comparison go through here too, and may push the others out. */
const MOST_KEYS = 20;
const keys = new Map<string, CryptoKey>();

/** The secret as a key, imported once: a letter's link takes longer to import its key than to sign. */
export async function hmacKey(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]);
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(secret, key);
  return key;
}

export async function hmac(secret: string, data: Data): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", await hmacKey(secret), bytesOf(data)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether one of the secrets made the signature. WebCrypto compares in constant time, and every secret is tried, whichever it was. */
export async function isSigned(secrets: readonly string[], signature: string, data: Data): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(signature)) return false;
  const bytes = Uint8Array.from(signature.match(/../g)!, (pair) => Number.parseInt(pair, 16));
  const found = await Promise.all(
    secrets.map(async (secret) => crypto.subtle.verify("HMAC", await hmacKey(secret), bytes, bytesOf(data))),
  );
  return found.includes(true);
}
