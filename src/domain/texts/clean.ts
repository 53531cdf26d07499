/** Keeps an emoji family whole (joiners inside it, presentation selectors after an emoji) and drops what hides or turns text. */
const INVISIBLE = new RegExp(
  [
    String.raw`[[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Cs}\uFFF9-\uFFFB]--[\n\u200D\uFE0F]]`,
    String.raw`(?<!\p{Extended_Pictographic}[\uFE0F\u{1F3FB}-\u{1F3FF}]?)\u200D`,
    String.raw`\u200D(?!\p{Extended_Pictographic})`,
    String.raw`(?<!\p{Emoji})\uFE0F`,
  ].join("|"),
  "gv",
);

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });
const UTF8 = new TextEncoder();

/** One line of Latin letters without marks of their own, digits and usual signs, one space between words: nothing of it is to be changed, and most texts are so. */
const CLEAN = /^[!-~\u00C0-\u024F]+(?: [!-~\u00C0-\u024F]+)*$/;

/** User text in several lines: no control, bidi or zero-width characters, no towers of accents, no wide gaps. */
export function cleanText(text: string): string {
  if (CLEAN.test(text)) return text;
  return text
    .replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, "\n")
    .replaceAll("\t", " ")
    .replace(INVISIBLE, "")
    .replace(/(\p{M}{4})\p{M}+/gu, "$1")
    .replace(/[^\S\n]+/g, " ")
    .replace(/ ?\n ?/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** User text in one line. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\n+/g, " ");
}

/** The first `graphemes` characters as people count them, or fewer where they take more than `bytes` of UTF-8; then "…". */
export function cut(text: string, graphemes: number, bytes: number): string {
  // A character as people count them has one code unit or more, so most texts need not be taken apart.
  if (text.length <= graphemes && UTF8.encode(text).length <= bytes) return text;
  let kept = "";
  let count = 0;
  let size = 0;
  for (const { segment } of GRAPHEMES.segment(text)) {
    size += UTF8.encode(segment).length;
    if (++count > graphemes || size > bytes) return `${kept.trimEnd()}…`;
    kept += segment;
  }
  return kept;
}

/** An http or https address in its normal form, or null. */
export function safeUrl(text: string | null | undefined): string | null {
  if (!text || !URL.canParse(text.trim())) return null;
  const url = new URL(text.trim());
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const bare = url.pathname === "/" && !url.search && !url.hash && !text.trim().endsWith("/");
  return (bare ? url.href.slice(0, -1) : url.href).replaceAll("`", "%60");
}

/**
 * Web addresses that a mail program cannot turn into links: "evil[.]example/x". For text that reaches strangers, since
 * an invitation goes to any address that a person names.
 */
export function unlinked(text: string): string {
  return text
    .replace(/(?:[a-z][a-z0-9+.-]*:\/\/|www\.)\S+|\S+\.\p{L}{2,}\/\S*/giu, (address) =>
      address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replaceAll(".", "[.]"),
    )
    .replace(
      /(?<=[\p{L}\p{N}])\.(?=(?:com|net|org|info|biz|io|app|dev|me|co|eu|pl|de|uk|ru|cn|xyz|top|site|online|shop|link|click|example)(?![\p{L}\p{N}]))/giu,
      "[.]",
    );
}
