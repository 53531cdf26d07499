import type { Words } from "./en.ts";
import { escapeHtml, page, paragraphs } from "./html.ts";
import { type Locale, words } from "./locale.ts";

/**
 * The page of GET and POST /unsubscribe. `ask` posts `List-Unsubscribe=One-Click`, as a mail program does (RFC 8058,
 * 3.1), and so does `incomplete`, after a form that said nothing; `done` posts `List-Unsubscribe=Undo`, which takes it back; after `off`, `later` and `incomplete` nothing has changed. The address is shown masked, since
 * mails and their links are handed on.
 */
export function unsubscribePage(
  state: keyof Words["pages"],
  { action_url, email }: { action_url?: string; email?: string },
  locale: Locale,
): string {
  const said = words(locale);
  const { title, text, button } = said.pages[state];
  const form = action_url && button && formOf(action_url, state === "done" ? "Undo" : "One-Click", button);
  const main = [paragraphs(text(email ? masked(email) : said.yourAddress)), form].filter(Boolean).join("\n");
  return page({ title, main, footer: "", locale });
}

function formOf(url: string, value: string, label: string): string {
  return `<form method="post" action="${escapeHtml(url)}">
<input type="hidden" name="List-Unsubscribe" value="${value}">
<button class="button" type="submit">${escapeHtml(label)}</button>
</form>`;
}

/** "ola@example.org" as "o***@example.org". */
const masked = (email: string): string => email.replace(/^(.)[^@]*/su, "$1***");
