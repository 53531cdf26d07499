import type { Locale } from "./locale.ts";

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}

/** Paragraphs out of plain text. Each finds its own direction, so that a right-to-left name turns nothing else. */
export function paragraphs(text: string): string {
  return text
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim() !== "")
    .map((paragraph) => `<p dir="auto">${escapeHtml(paragraph.trim()).replaceAll("\n", "<br>\n")}</p>`)
    .join("\n");
}

/** A link that looks like a button. */
export function buttonLink(url: string, label: string): string {
  return `<p><a class="button" href="${escapeHtml(url)}">${escapeHtml(label)}</a></p>`;
}

/** A whole page, light or dark as the reader's screen is. `title` is text; `main` and `footer` are HTML. */
export function page({
  title,
  main,
  footer,
  locale,
}: {
  title: string;
  main: string;
  footer: string;
  locale: Locale;
}): string {
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="robots" content="noindex">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px 16px; background: #f4f4f6; color: #1c1c22; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main, footer { max-width: 560px; margin: 0 auto; overflow-wrap: anywhere; }
main { padding: 24px; background: #ffffff; border-radius: 12px; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; }
footer { padding: 16px 24px; font-size: 14px; color: #55555f; }
a { color: #1d5fd1; }
.button { display: inline-block; padding: 12px 20px; border: 0; border-radius: 8px; background: #1d5fd1; color: #ffffff; font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; }
@media (prefers-color-scheme: dark) {
body { background: #121217; color: #ececf1; }
main { background: #1e1e25; }
footer { color: #b0b0bb; }
a { color: #7fb0ff; }
.button { background: #7fb0ff; color: #121217; }
}
</style>
</head>
<body>
<main>
<h1 dir="auto">${escapeHtml(title)}</h1>
${main}
</main>
${footer ? `<footer>${footer}</footer>\n` : ""}</body>
</html>
`;
}
