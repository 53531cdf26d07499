import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { CognitoError, UnsupportedError } from "cognito-local/lib/errors.js";
import type { Route } from "cognito-local/lib/server/Router.js";
import type { Context } from "cognito-local/lib/services/context.js";
import { BadSignature, type SignedRequest } from "../inbox/signature.ts";

/** What the app calls with a password, a code or a token; everything else is administration, and signed. */
const UNSIGNED = new Set([
  "AssociateSoftwareToken",
  "ChangePassword",
  "ConfirmForgotPassword",
  "ConfirmSignUp",
  "DeleteUser",
  "DeleteUserAttributes",
  "ForgotPassword",
  "GetUser",
  "GetUserAttributeVerificationCode",
  "InitiateAuth",
  "ResendConfirmationCode",
  "RespondToAuthChallenge",
  "RevokeToken",
  "SetUserMFAPreference",
  "SignUp",
  "UpdateUserAttributes",
  "VerifySoftwareToken",
  "VerifyUserAttribute",
]);
const SIGNATURE_FAULTS = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  unknown_key: "UnrecognizedClientException",
  mismatch: "InvalidSignatureException",
  expired: "InvalidSignatureException",
} as const;
const LARGEST_BODY_BYTES = 1_000_000;

export interface Door {
  action: (name: string) => Route;
  /** Throws BadSignature. */
  checkSignature: (request: SignedRequest) => Promise<void>;
  context: Context;
  jwks: { keys: object[] };
  user_pool_id: string;
  endpoint: () => string;
}

/** Cognito's HTTP: the JSON 1.1 actions at `/` and the pool's well-known documents. */
export async function serveCognito(port: number, door: Door): Promise<Server> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: unknown, type = "application/json") => {
      response.writeHead(status, {
        "content-type": type,
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "*",
      });
      response.end(body === null ? "" : JSON.stringify(body, secondsForDates));
    };
    try {
      const { pathname, searchParams: query } = new URL(request.url ?? "/", "http://127.0.0.1");
      if (request.method === "OPTIONS") return answer(204, null);
      if (request.method === "GET") return answer(...documentAt(pathname, door));
      if (request.method !== "POST" || pathname !== "/") return answer(404, { message: "Not found" });
      const name = String(request.headers["x-amz-target"] ?? "").split(".")[1];
      if (!name) return answer(400, { __type: "InvalidAction", message: "Missing x-amz-target header" });
      const body = await bodyOf(request);
      if (!UNSIGNED.has(name)) {
        await door.checkSignature({ method: "POST", path: pathname, query, headers: request.headers, body });
      }
      const input = JSON.parse(body.toString("utf8"));
      answer(200, await door.action(name)(door.context, input), "application/x-amz-json-1.1");
    } catch (error) {
      answer(...refusalOf(error), "application/x-amz-json-1.1");
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function documentAt(path: string, { endpoint, jwks, user_pool_id }: Door): [number, unknown] {
  const issuer = `${endpoint()}/${user_pool_id}`;
  const documents: Record<string, unknown> = {
    "/health": { ok: true },
    [`/${user_pool_id}/.well-known/jwks.json`]: jwks,
    [`/${user_pool_id}/.well-known/openid-configuration`]: {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ["RS256"],
    },
  };
  const found = documents[path];
  return found ? [200, found] : [404, { message: "Not found" }];
}

function refusalOf(error: unknown): [number, unknown] {
  if (error instanceof CognitoError) return [400, { __type: error.code, message: error.message }];
  if (error instanceof BadSignature) return [400, { __type: SIGNATURE_FAULTS[error.fault], message: error.message }];
  if (error instanceof SyntaxError) return [400, { __type: "SerializationException", message: "Malformed JSON" }];
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnsupportedError) return [400, { __type: "UnknownOperationException", message }];
  return [500, { __type: "InternalErrorException", message }];
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY_BYTES) throw new SyntaxError("The body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function secondsForDates(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key];
  return raw instanceof Date ? Math.floor(raw.getTime() / 1000) : value;
}
