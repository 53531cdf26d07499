import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const events = new Hono<Api>();
