/** The certificates that SNS signs with, fetched from SNS itself: its host, over TLS, is what makes them believed. */
import { X509Certificate } from "node:crypto";
import { AppError } from "../errors.ts";

const PATH = /^\/SimpleNotificationService-[0-9a-f]{1,64}\.pem$/;
const TIMEOUT_MS = 5_000;
/** SNS has one for each region, and a new one now and then. */
const KEPT = 16;
const MAX_LENGTH = 16_384;

/** `publicKey` is SPKI in DER; the times are ms. */
export type SigningCertificate = { publicKey: Uint8Array<ArrayBuffer>; validFrom: number; validTo: number };

/** A certificate's name changes with its content, so what an isolate has read stays true. */
const read = new Map<string, SigningCertificate>();

/** Null where the address is none of SNS's at `origin`, or holds no certificate. Throws unavailable where SNS does not answer. */
export async function signingCertificate(url: string, origin: string): Promise<SigningCertificate | null> {
  // The text is compared, not a parsed URL: nothing is left to two readers of one address.
  if (!url.startsWith(origin) || !PATH.test(url.slice(origin.length))) return null;
  const known = read.get(url);
  if (known) return known;
  const pem = await download(url);
  const certificate = pem === null ? null : parse(pem);
  if (!certificate) return null;
  if (read.size >= KEPT) read.delete(read.keys().next().value!);
  read.set(url, certificate);
  return certificate;
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
    const { publicKey, validFrom, validTo } = new X509Certificate(pem);
    return {
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" })),
      validFrom: Date.parse(validFrom),
      validTo: Date.parse(validTo),
    };
  } catch {
    return null;
  }
}
