/** The Worker: three doors. Settings are read as the isolate starts, so that a wrong one stops it by name. */
import { env } from "cloudflare:workers";
import { api } from "./api/index.ts";
import { runSchedule } from "./cron/index.ts";
import { buildDeps } from "./deps.ts";
import { readSettings } from "./env.ts";
import { consume } from "./queues/index.ts";

const settings = readSettings(env);

const depsOf = (bindings: Env, context: ExecutionContext) =>
  buildDeps(settings, bindings, (work) => context.waitUntil(work));

export default {
  fetch: (request, bindings, context) => api(request, depsOf(bindings, context), context),
  queue: (batch, bindings, context) => consume(batch, depsOf(bindings, context)),
  scheduled: (controller, bindings, context) => runSchedule(controller, depsOf(bindings, context)),
} satisfies ExportedHandler<Env>;
