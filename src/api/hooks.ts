import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const hooks = new Hono<Api>();
