/** The stand-in for a Discord webhook: what operators are told, as JSON. https://discord.com/developers/docs/resources/webhook */
import { randomInt } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody, sendJson } from "./http.ts";

const WEBHOOK = "/alerts/webhook";
const MAX_CONTENT = 2_000;
const KEPT = 1_000;

export interface Alert {
  id: string;
  content: string;
  posted_at: number;
  edited_at: number | null;
}

/** Told messages, oldest first. They do not outlive the process. */
export function openAlerts() {
  const told: Alert[] = [];
  return {
    /** Answers what is about alerts; false where it is not. */
    async answer(request: IncomingMessage, response: ServerResponse, { pathname }: URL): Promise<boolean> {
      const { method } = request;
      if (method === "GET" && pathname === "/alerts") sendJson(response, 200, told);
      else if (method === "DELETE" && pathname === "/alerts")
        sendJson(response, 200, { deleted: told.splice(0).length });
      else if (method === "POST" && pathname === WEBHOOK) {
        const content = contentOf(await readBody(request));
        if (content === null) return refuse(response, 400, 50_006, "Cannot send an empty message");
        told.splice(0, Math.max(0, told.length + 1 - KEPT));
        told.push({ id: snowflake(), content, posted_at: Date.now(), edited_at: null });
        sendJson(response, 200, told.at(-1));
      } else if (method === "PATCH" && pathname.startsWith(`${WEBHOOK}/messages/`)) {
        const content = contentOf(await readBody(request));
        const alert = told.find(({ id }) => pathname === `${WEBHOOK}/messages/${id}`);
        if (!alert) return refuse(response, 404, 10_008, "Unknown Message");
        if (content === null) return refuse(response, 400, 50_006, "Cannot send an empty message");
        Object.assign(alert, { content, edited_at: Date.now() });
        sendJson(response, 200, alert);
      } else return false;
      return true;
    },
  };
}

function refuse(response: ServerResponse, status: number, code: number, message: string): true {
  sendJson(response, status, { message, code });
  return true;
}

function contentOf(body: Buffer): string | null {
  try {
    const { content } = JSON.parse(body.toString()) as { content?: unknown };
    return typeof content === "string" && content.trim() !== "" && content.length <= MAX_CONTENT ? content : null;
  } catch {
    return null;
  }
}

/** Discord's ids are numbers in text that no float can hold. */
const snowflake = () => String((BigInt(Date.now()) << 22n) | BigInt(randomInt(2 ** 22)));
