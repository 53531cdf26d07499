import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const organizations = new Hono<Api>();
