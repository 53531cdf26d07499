import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const comments = new Hono<Api>();
