import { safeUrl } from "./clean.ts";
import { buttonLink, escapeHtml, page, paragraphs } from "./html.ts";
import { type Locale, words } from "./locale.ts";

type Email = { title: string; text: string; unsubscribe_url: string; locale: Locale; bank_url?: string | null };

/** The HTML part of a message whose text part is `text`. Its only links are the bank's and the one to unsubscribe. */
export function emailHtml({ title, text, unsubscribe_url, locale, bank_url }: Email): string {
  const said = words(locale);
  const bank = safeUrl(bank_url);
  const told = text
    .split("\n\n")
    .map((paragraph) => withoutLine(paragraph, bank && `${said.yourBank}: ${bank}`))
    .join("\n\n");
  const main = [paragraphs(withoutHeading(told, title)), bank && buttonLink(bank, said.openBank)];
  return page({
    title,
    main: main.filter(Boolean).join("\n"),
    footer: unsubscribeFooter(unsubscribe_url, locale),
    locale,
  });
}

/** The text part, with the line that tells how to unsubscribe. */
export function emailText({
  text,
  unsubscribe_url,
  locale,
}: Pick<Email, "text" | "unsubscribe_url" | "locale">): string {
  const said = words(locale);
  return `${text}\n\n-- \n${said.sentBy}\n${said.unsubscribe}: ${unsubscribe_url}\n`;
}

/** HTML of the foot of an e-mail. */
export function unsubscribeFooter(unsubscribe_url: string, locale: Locale): string {
  const said = words(locale);
  const url = safeUrl(unsubscribe_url);
  const link = url ? ` <a href="${escapeHtml(url)}">${escapeHtml(said.unsubscribe)}</a>` : "";
  return `${escapeHtml(said.sentBy)}${link}`;
}

/** The button shows it already. */
function withoutLine(paragraph: string, line: string | null): string {
  return paragraph
    .split("\n")
    .filter((found) => found !== line)
    .join("\n");
}

/** The heading says the name already, unless the name is so long that the heading had to cut it. */
function withoutHeading(text: string, title: string): string {
  const all = text.split("\n\n");
  const named = all.findIndex((paragraph) => paragraph !== "" && title.endsWith(paragraph));
  return all.filter((_, index) => index !== named).join("\n\n");
}
