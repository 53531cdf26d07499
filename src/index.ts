/** The Worker: three doors. Settings are read as the isolate starts, so that a wrong one stops it by name. */
import { env } from "cloudflare:workers";
import { api } from "./api/index.ts";
import { runSchedule } from "./cron/index.ts";
import { buildDeps } from "./deps.ts";
import { readSettings } from "./env.ts";
import { consume } from "./queues/index.ts";

const settings = readSettings(env);

export default {
  fetch: (request, bindings, context) => api(request, buildDeps(settings, bindings), context),
  queue: (batch, bindings) => consume(batch, buildDeps(settings, bindings)),
  scheduled: (controller, bindings) => runSchedule(controller, buildDeps(settings, bindings)),
} satisfies ExportedHandler<Env>;
