/** The HTTP door: middleware in order, then one line a noun. */
import { Hono } from "hono";
import { matchedRoutes } from "hono/route";
import type { Deps } from "../deps.ts";
import { confirmCaller } from "../domain/access.ts";
import { notFound, outcomeOf } from "../errors.ts";
import { withFields } from "../log.ts";
import { act, authenticate, verifyCallerOnRefusal } from "./auth.ts";
import { comments } from "./comments.ts";
import { operatorConsole } from "./console.ts";
import { speakDialect } from "./dialect.ts";
import { type Api, ok, renderError } from "./envelope.ts";
import { events } from "./events.ts";
import { feedback } from "./feedback.ts";
import { crossOrigin, frontDoor } from "./front-door.ts";
import { groups } from "./groups.ts";
import { hooks, requireSignature } from "./hooks.ts";
import { invitations } from "./invitations.ts";
import { limitBody, limitBodyTo } from "./limit-body.ts";
import { logos } from "./logos.ts";
import { members } from "./members.ts";
import { describeApi } from "./openapi.ts";
import { organizations } from "./organizations.ts";
import { status } from "./status.ts";
import { unsubscribe } from "./unsubscribe.ts";
import { users } from "./users.ts";

/** A message of SNS has 256 KiB at the most, and comes as text inside JSON, where each quote takes two bytes. */
const MAX_NOTIFICATION_BYTES = 512 * 1024;

export const app = new Hono<Api>()
  .use(async (c, next) => {
    c.set("deps", c.env.deps);
    c.set("requestId", c.env.requestId);
    const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"));
    if (route) c.env.route = route.path;
    await next();
  })
  .use(...frontDoor)
  .route("/console", operatorConsole)
  .use(crossOrigin)
  .get("/health", () => ok({ healthy: true }))
  .route("/status", status)
  .get("/openapi.json", () => description())
  .route("/organizations", organizations)
  .route("/logos", logos)
  .use("/unsubscribe/*", limitBody)
  .route("/unsubscribe", unsubscribe)
  .use("/hooks/cognito/*", requireSignature, limitBody)
  .use("/hooks/sns/*", limitBodyTo(MAX_NOTIFICATION_BYTES))
  .route("/hooks", hooks)
  .route("/hooks", feedback)
  .use(authenticate)
  .use(limitBody)
  .route("/users", users)
  .route("/groups/invitation", invitations)
  .route("/groups", groups)
  .route("/group/members", members)
  .route("/event/comment", comments)
  .route("/event", events);

export const describeRoutes = (): object => describeApi(app.routes);

/** Made once an isolate, by whoever asks first. */
let described: string | undefined;
function description(): Response {
  described ??= JSON.stringify(describeRoutes());
  return new Response(described, { headers: { "content-type": "application/json; charset=utf-8" } });
}

app.notFound(async (c) => {
  // Also where nothing is, an erased person hears 401 first.
  if (c.var.caller) await act(c, (caller, { db }) => confirmCaller(db, caller));
  throw notFound("address");
});
app.onError(async (error, c) => renderError(await verifyCallerOnRefusal(error, c), c.get("requestId")));

/** One request, in whichever dialect; its id leaves in the answer and stands in its log line. */
export async function api(request: Request, given: Deps, context: ExecutionContext): Promise<Response> {
  const requestId = crypto.randomUUID();
  const deps = { ...given, log: withFields(given.log, { request_id: requestId }) };
  const started = deps.now();
  // The dialect answers 200 to everything: what the log tells is what really happened.
  let real: number | null = null;
  const bindings: Api["Bindings"] = { deps, requestId };
  const handle = async (plain: Request) => {
    const plainAnswer = await app.fetch(plain, bindings, context);
    real = plainAnswer.status;
    return plainAnswer;
  };
  const answer = await speakDialect(request, handle, requestId, (error) => deps.log.error("bug", error));
  answer.headers.set("x-request-id", requestId);
  const status = real ?? answer.status;
  deps.log.info("request", {
    method: request.method,
    // Not the path itself, in which somebody may have written an address.
    path: bindings.route ?? "unknown",
    outcome: outcomeOf(status),
    status,
    ms: deps.now() - started,
    round_trips: deps.roundTrips(),
  });
  return answer;
}
