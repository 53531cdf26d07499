/** The certificates that SNS signs with, fetched from SNS itself: its host, over TLS, is what makes them believed. */
import { X509Certificate } from "node:crypto";
import { AppError } from "../errors.ts";

const PATH = /^\/SimpleNotificationService-[0-9a-f]{1,64}\.pem$/;
const TIMEOUT_MS = 5_000;
/** SNS has one for each region, and a new one now and then. */
const KEPT = 16;
/** Whoever makes messages up may name addresses as they like. */
const KEPT_EMPTY = 256;
const EMPTY_FOR_MS = 60_000;
const MAX_LENGTH = 16_384;

/** `publicKey` is SPKI in DER; the times are ms. */
export type SigningCertificate = { publicKey: Uint8Array<ArrayBuffer>; validFrom: number; validTo: number };

/** A certificate's name changes with its content, so what an isolate has read stays true. */
const read = new Map<string, SigningCertificate>();
/** Addresses that held no certificate, and until when they are not asked again, ms. */
const empty = new Map<string, number>();

/** Null where the address is none of SNS's at `origin`, or holds no certificate. Throws unavailable where SNS does not answer. */
export async function signingCertificate(url: string, origin: string, now: number): Promise<SigningCertificate | null> {
  // The text is compared, not a parsed URL: nothing is left to two readers of one address.
  if (!url.startsWith(origin) || !PATH.test(url.slice(origin.length))) return null;
  const known = read.get(url);
  if (known) return known;
  if (now < (empty.get(url) ?? 0)) return null;
  const pem = await download(url);
  const certificate = pem === null ? null : parse(pem);
  if (certificate) keep(read, KEPT, url, certificate);
  else keep(empty, KEPT_EMPTY, url, now + EMPTY_FOR_MS);
  return certificate;
}

/** The oldest gives way. */
function keep<Value>(kept: Map<string, Value>, most: number, url: string, value: Value): void {
  kept.delete(url);
  if (kept.size >= most) kept.delete(kept.keys().next().value!);
  kept.set(url, value);
}

async function download(url: string): Promise<string | null> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.status === 200) return await answer.text();
    await answer.body?.cancel();
    if (answer.status < 500 && answer.status !== 429) return null;
    throw new Error(`the certificate was answered ${answer.status}`);
  } catch (cause) {
    throw new AppError("unavailable", "The certificate is out of reach for a moment", { retryAfter: 20, cause });
  }
}

function parse(pem: string): SigningCertificate | null {
  try {
    if (pem.length > MAX_LENGTH) return null;
    const read = new X509Certificate(pem);
    const [validFrom, validTo] = [Date.parse(read.validFrom), Date.parse(read.validTo)];
    // A time that cannot be read is no limit, and compares as none.
    if (Number.isNaN(validFrom) || Number.isNaN(validTo)) return null;
    return { publicKey: new Uint8Array(read.publicKey.export({ type: "spki", format: "der" })), validFrom, validTo };
  } catch {
    return null;
  }
}
