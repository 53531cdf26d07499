/** One-click unsubscribe (RFC 8058). The signed link is all that is needed: no token, no cookie, no script. */
import { Hono } from "hono";
import { unsubscribeAddress } from "../domain/links.ts";
import { type Locale, localeOf, unsubscribePage } from "../domain/texts/index.ts";
import { type MailStanding, mailStanding, unsubscribe as stopMail, subscribeAgain } from "../domain/unsubscribing.ts";
import { AppError } from "../errors.ts";
import type { Api, ApiContext } from "./envelope.ts";

type Shown = Parameters<typeof unsubscribePage>[0];

export const unsubscribe = new Hono<Api>()
  .get("/", async (c) => {
    const email = await addressOf(c);
    if (email === null) return show(c, 404, "bad");
    // Scanners and previews come here too: nothing changes, and a database that is away keeps nobody from the button.
    const found = await reached(mailStanding(c.var.deps.db, email));
    return show(c, 200, found?.unsubscribed ? "done" : "ask", email, found);
  })
  .post("/", async (c) => {
    const { deps } = c.var;
    const email = await addressOf(c);
    if (email === null) return show(c, 404, "bad");
    const wish = await wishOf(c);
    if (wish !== "One-Click" && wish !== "Undo") return show(c, 400, "incomplete", email);
    const found = await reached(wish === "Undo" ? subscribeAgain(deps.db, email) : stopMail(deps.db, email));
    if (!found) return show(c, 503, "later", email);
    deps.log.info(wish === "Undo" ? "subscribed again" : "unsubscribed");
    if (wish === "One-Click") return show(c, 200, "done", email, found);
    return show(c, 200, found.undeliverable ? "off" : "back", email, found);
  });

const addressOf = (c: ApiContext) => unsubscribeAddress(c.var.deps.settings, new URL(c.req.url).searchParams);

/** A form, in either encoding that RFC 8058 names. */
async function wishOf(c: ApiContext): Promise<unknown> {
  const form = await c.req.parseBody().catch(() => ({}) as Record<string, unknown>);
  return form["List-Unsubscribe"];
}

/** Null where the database is out of reach. */
async function reached(asked: Promise<MailStanding>): Promise<MailStanding | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof AppError && error.code === "unavailable") return null;
    throw error;
  }
}

async function show(
  c: ApiContext,
  status: 200 | 400 | 404 | 503,
  shown: Shown,
  email?: string,
  found?: MailStanding | null,
) {
  const { to = "", signature = "" } = c.req.query();
  const html = unsubscribePage(
    shown,
    { action_url: `?${new URLSearchParams({ to, signature })}`, ...(email && { email }) },
    localeOf(found?.locale, preferredLocale(c)),
  );
  return c.html(html, status, {
    "content-security-policy": `default-src 'none'; style-src ${await styleHash(html)}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    ...(status === 503 && { "retry-after": "5" }),
  });
}

/** The first of our languages in the browser's order of liking. RFC 9110, 12.5.4. */
function preferredLocale(c: ApiContext): Locale {
  const liked = (c.req.header("accept-language") ?? "")
    .split(",")
    .map((range) => {
      const [language = "", q] = range.split(";");
      return {
        language: language.trim().slice(0, 2).toLowerCase(),
        liking: q ? Number(q.trim().replace(/^q=/, "")) : 1,
      };
    })
    .filter(({ language, liking }) => (language === "en" || language === "pl") && liking > 0)
    .sort((a, b) => b.liking - a.liking);
  return localeOf(liked[0]?.language, c.var.deps.settings.DEFAULT_LOCALE);
}

/** The page's own style and no other. */
async function styleHash(html: string): Promise<string> {
  const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  return `'sha256-${btoa(String.fromCharCode(...digest))}'`;
}
