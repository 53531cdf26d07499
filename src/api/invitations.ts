import { Hono } from "hono";
import type { Api } from "./envelope.ts";

export const invitations = new Hono<Api>();
