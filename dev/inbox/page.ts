import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { extname, join } from "node:path";
import type { Message } from "./message.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const DIRECTORY = join(import.meta.dirname, "page");
const FILES = new Set(readdirSync(DIRECTORY));

/** Nothing comes from another host, and no script or style from a message. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page's own file at this path; false where there is none. */
export function sendPageFile(response: ServerResponse, path: string): boolean {
  const name = path === "/" ? "index.html" : path.slice(1);
  if (!FILES.has(name)) return false;
  response.writeHead(200, {
    "content-type": TYPES[extname(name)]!,
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  response.end(readFileSync(join(DIRECTORY, name)));
  return true;
}

/** What a mail program does to a letter without a style of its own; the letter's own rules come later and win. */
const PAPER = "<style>body{margin:14px 16px;font:15px/1.5 system-ui,sans-serif}</style>";

/**
 * An e-mail's HTML for the frame that shows it: no script runs, nothing is loaded, and a link opens a new tab when somebody clicks it.
 * `allow-same-origin` lets the page measure its height, which without scripts gives the e-mail nothing.
 */
export function sendEmailHtml(response: ServerResponse, message: Message): void {
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; frame-ancestors 'self'; " +
      "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  response.end(`<!doctype html><meta charset="utf-8"><base target="_blank">${PAPER}${message.html ?? ""}`);
}
