import { createHash, createHmac, type Hash, type Hmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { SignatureV4 } from "@smithy/signature-v4";

export interface Credentials {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface SignedRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export type Service = "sns" | "ses" | "cognito-idp";
export type Fault = "missing" | "incomplete" | "unknown_key" | "mismatch" | "expired";

/** A request whose signature does not hold. */
export class BadSignature extends Error {
  override name = "BadSignature";
  readonly fault: Fault;

  constructor(fault: Fault, message: string) {
    super(message);
    this.fault = fault;
  }
}

const TOLERANCE_MS = 5 * 60_000;

class Sha256 {
  #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string | NodeJS.ArrayBufferView);
  }
  update(data: Uint8Array) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
  reset() {}
}

/**
 * Checks a request as AWS does, Signature Version 4 in the Authorization header, by signing it again.
 * The function throws BadSignature; `now` is unix ms.
 */
export function signatureCheck({ region, accessKeyId, secretAccessKey }: Credentials) {
  const signer = (service: Service) =>
    new SignatureV4({
      service,
      region,
      credentials: { accessKeyId, secretAccessKey },
      sha256: Sha256,
      applyChecksum: false,
    });
  const signers = { sns: signer("sns"), ses: signer("ses"), "cognito-idp": signer("cognito-idp") };

  return async (request: SignedRequest, service: Service, now: number): Promise<void> => {
    const authorization = request.headers.authorization;
    if (!authorization) throw new BadSignature("missing", "Request is missing Authentication Token");
    const { credential, signedHeaders, signature } = parseAuthorization(authorization);
    const [key, day, ...scope] = credential;
    if (key !== accessKeyId) {
      throw new BadSignature("unknown_key", "The security token included in the request is invalid.");
    }
    const signedAt = parseDate(request.headers["x-amz-date"], day);
    if (scope.join("/") !== `${region}/${service}/aws4_request`) {
      throw new BadSignature("mismatch", `Credential should be scoped to ${region}/${service}/aws4_request.`);
    }
    if (Math.abs(now - signedAt.getTime()) > TOLERANCE_MS) {
      const side = signedAt.getTime() < now ? "expired" : "not yet current";
      throw new BadSignature("expired", `Signature ${side}: ${request.headers["x-amz-date"]} is over 5 min from now`);
    }
    requireSigned(request.headers, signedHeaders);
    requireBodyHash(request);

    const again = await signers[service].sign(
      {
        method: request.method,
        protocol: "http:",
        hostname: "127.0.0.1",
        path: request.path,
        query: queryRecord(request.query),
        headers: Object.fromEntries(signedHeaders.map((name) => [name, String(request.headers[name] ?? "")])),
        body: request.body,
      },
      { signingDate: signedAt, signableHeaders: new Set(signedHeaders) },
    );
    const expected = /Signature=([0-9a-f]{64})/.exec(again.headers.authorization ?? "")?.[1] ?? "";
    if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature))) {
      throw new BadSignature(
        "mismatch",
        "The request signature we calculated does not match the signature you provided. " +
          "Check your AWS Secret Access Key and signing method.",
      );
    }
  };
}

function parseAuthorization(header: string) {
  const incomplete = (what: string) =>
    new BadSignature("incomplete", `Authorization header requires ${what}. Authorization=AWS4-HMAC-SHA256 …`);
  if (!header.startsWith("AWS4-HMAC-SHA256 ")) throw incomplete("the algorithm AWS4-HMAC-SHA256");
  const parts = new Map<string, string>();
  for (const part of header.slice("AWS4-HMAC-SHA256 ".length).split(",")) {
    const [name, ...value] = part.trim().split("=");
    parts.set(name!, value.join("="));
  }
  const credential = (parts.get("Credential") ?? "").split("/");
  if (credential.length !== 5) throw incomplete("a 'Credential' of five parts");
  const signedHeaders = (parts.get("SignedHeaders") ?? "").split(";").filter(Boolean);
  if (signedHeaders.length === 0) throw incomplete("'SignedHeaders'");
  const signature = parts.get("Signature") ?? "";
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete("a 'Signature' of 64 hex digits");
  return { credential, signedHeaders, signature };
}

function parseDate(header: string | string[] | undefined, day: string | undefined): Date {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(header ?? "")) ?? [];
  const date = new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(date.getTime())) {
    throw new BadSignature("incomplete", "Authorization header requires existence of a valid 'X-Amz-Date' header.");
  }
  if (`${y}${mo}${d}` !== day) {
    throw new BadSignature(
      "mismatch",
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date",
    );
  }
  return date;
}

/** The host and everything of AWS's own must be under the signature, else it could be changed on the way. */
function requireSigned(headers: IncomingHttpHeaders, signed: string[]) {
  for (const name of ["host", ...Object.keys(headers).filter((header) => header.startsWith("x-amz-"))]) {
    if (!signed.includes(name)) {
      throw new BadSignature("mismatch", `'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
}

/** A stated hash goes into the signature unread; it has to be the body's. */
function requireBodyHash({ headers, body }: SignedRequest) {
  const stated = headers["x-amz-content-sha256"];
  if (stated !== undefined && stated !== createHash("sha256").update(body).digest("hex")) {
    throw new BadSignature("mismatch", "The value of 'x-amz-content-sha256' is not the hash of the body.");
  }
}

function queryRecord(query: URLSearchParams): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const name of new Set(query.keys())) {
    const values = query.getAll(name);
    record[name] = values.length === 1 ? values[0]! : values;
  }
  return record;
}
