import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { extname, join } from "node:path";
import type { Message } from "./message.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

const FILES: Record<string, string> = { "/": "index.html" };
for (const name of [
  "inbox.css",
  "phone.css",
  "mailbox.css",
  "inbox.js",
  "dom.js",
  "people.js",
  "card.js",
  "phone.js",
  "mailbox.js",
  "feed.js",
  "time.js",
  "icon.svg",
]) {
  FILES[`/${name}`] = name;
}

/** Nothing comes from another host, and no script or style from a message. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page's own file at this path; false where there is none. */
export function sendPageFile(response: ServerResponse, path: string): boolean {
  const name = Object.hasOwn(FILES, path) ? FILES[path]! : null;
  if (name === null) return false;
  response.writeHead(200, {
    "content-type": TYPES[extname(name)]!,
    "content-security-policy": POLICY,
    "cache-control": "no-cache",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  });
  response.end(readFileSync(join(import.meta.dirname, "page", name)));
  return true;
}

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
  response.end(`<!doctype html><meta charset="utf-8"><base target="_blank">${message.html ?? ""}`);
}
