import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { CognitoError, UnsupportedError } from "cognito-local/lib/errors.js";
import type { Route } from "cognito-local/lib/server/Router.js";
import type { Context } from "cognito-local/lib/services/context.js";

const LARGEST_BODY_BYTES = 1_000_000;

export interface Door {
  action: (name: string) => Route;
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
      const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
      if (request.method === "OPTIONS") return answer(204, null);
      if (request.method === "GET") return answer(...documentAt(pathname, door));
      if (request.method !== "POST" || pathname !== "/") return answer(404, { message: "Not found" });
      const name = String(request.headers["x-amz-target"] ?? "").split(".")[1];
      if (!name) return answer(400, { __type: "InvalidAction", message: "Missing x-amz-target header" });
      const input = JSON.parse(await bodyOf(request));
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
  if (error instanceof SyntaxError) return [400, { __type: "SerializationException", message: "Malformed JSON" }];
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UnsupportedError) return [400, { __type: "UnknownOperationException", message }];
  return [500, { __type: "InternalErrorException", message }];
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY_BYTES) throw new SyntaxError("The body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function secondsForDates(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key];
  return raw instanceof Date ? Math.floor(raw.getTime() / 1000) : value;
}
