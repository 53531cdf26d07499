/** The operator's console: it does not exist unless Cloudflare Access or an OPERATOR_TOKEN guards it. */
import { Hono } from "hono";
import { notFound } from "../errors.ts";
import { consoleActions } from "./console-actions.ts";
import { consoleData } from "./console-data.ts";
import { consoleFile, consolePage } from "./console-files.ts";
import { consoleSession } from "./console-session.ts";
import type { Api } from "./envelope.ts";
import { limitBody } from "./limit-body.ts";
import { requireOpen } from "./operator.ts";

export const operatorConsole = new Hono<Api>()
  .use(requireOpen)
  .use(limitBody)
  .get("/", consolePage)
  .route("/data", consoleData)
  .route("/actions", consoleActions)
  .get("/:file{[^/]+\\.[a-z]+}", consoleFile)
  .get("/vendor/:file{[^/]+\\.[a-z]+}", consoleFile)
  .route("/", consoleSession)
  .all("*", (c) => {
    if (c.req.path === "/console/") return c.redirect("/console");
    throw notFound("address");
  });
