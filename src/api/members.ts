import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const members = new Hono<Api>();
