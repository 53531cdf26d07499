import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const groups = new Hono<Api>();
