/** The operator's console: closed unless Cloudflare Access or an OPERATOR_TOKEN guards it. What it tells is masked until it is asked for. */
import { Hono } from "hono";
import { z } from "zod";
import { readOverview } from "../domain/console-overview.ts";
import { notFound } from "../errors.ts";
import { consoleFile, consolePage } from "./console-files.ts";
import { newForm } from "./console-form.ts";
import { consoleSession } from "./console-session.ts";
import { type Api, ok } from "./envelope.ts";
import { limitBody } from "./limit-body.ts";
import { consoleMode, isSignedIn, requireOpen, requireOperator } from "./operator.ts";
import { input } from "./validate.ts";

const Window = z.object({ minutes: z.enum(["15", "60", "180", "1440"]).default("60").transform(Number) });

const data = new Hono<Api>()
  .get("/session", async (c) => ok({ mode: consoleMode(c.var.deps.settings), signed_in: await isSignedIn(c) }))
  .use(requireOperator)
  .get("/form", async (c) => {
    const { settings, now } = c.var.deps;
    return ok({ form_token: await newForm(settings, c.var.operator, now()) });
  })
  .get("/overview", input("query", Window), async (c) => {
    const { db, now, settings } = c.var.deps;
    const { minutes } = c.req.valid("query");
    return ok(await readOverview(db, minutes, now(), settings.SMS_MONTHLY_BUDGET_USD));
  });

export const operatorConsole = new Hono<Api>()
  .use(requireOpen)
  .use(limitBody)
  .get("/", consolePage)
  .route("/data", data)
  .get("/:file{[^/]+\\.[a-z]+}", consoleFile)
  .get("/vendor/:file{[^/]+\\.[a-z]+}", consoleFile)
  .route("/", consoleSession)
  .all("*", () => {
    throw notFound("address");
  });
