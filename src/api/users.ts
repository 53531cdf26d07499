import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const users = new Hono<Api>();
