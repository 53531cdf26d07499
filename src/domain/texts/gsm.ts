/** 3GPP TS 23.038, 6.2.1: the default alphabet, and the extension table whose characters take two septets. */
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");

/** What Unicode's own decomposition does not lead to a plain letter. Cyrillic as passports write it; Greek alike. */
const SPELLED: Record<string, string> = {
  ...spell("łŁđĐðÐħĦıŋŊœŒþÞƒʼ", "l L d D d D h H i ng Ng oe OE th Th f '"),
  ...spell("‘’‚‛“”„‟«»‹›′″`´…•·–—―−‐‑‒⁄№", `' ' ' ' " " " " " " ' ' ' " ' ' ... - - - - - - - - - / No`),
  ...spell(
    "абвгґдеєжзиіїйклмнопрстуфхцчшщъыьэюяёўј",
    "a b v h g d e ie zh z y i i i k l m n o p r s t u f kh ts ch sh shch _ y _ e iu ia e u j",
  ),
  ...spell("αβγδεζηθικλμνξοπρσςτυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o"),
};

function spell(letters: string, spellings: string): Record<string, string> {
  const list = spellings.split(" ");
  return Object.fromEntries([...letters].map((letter, index) => [letter, list[index]!.replace(/^_$/, "")]));
}

/**
 * Text in GSM-7 letters alone: ą as a, curly quotes straight, Cyrillic and Greek spelled, emoji and other symbols left
 * out, and one "?" for each run of letters that have no such spelling.
 */
export function gsm(text: string): string {
  let plain = "";
  for (const letter of text.normalize("NFC")) {
    const next = letterInGsm(letter);
    if (next !== "?" || letter === "?" || !plain.endsWith("?")) plain += next;
  }
  return plain.replace(/ {2,}/g, " ");
}

function letterInGsm(letter: string): string {
  if (BASIC.has(letter) || EXTENSION.has(letter)) return letter;
  if (/\s/u.test(letter)) return " ";
  const spelled = spelling(letter);
  if (spelled !== undefined) return spelled;
  const parts = [...letter.normalize("NFKD").replace(/\p{M}/gu, "")];
  if (
    parts.length > 0 &&
    parts.every((part) => BASIC.has(part) || EXTENSION.has(part) || spelling(part) !== undefined)
  ) {
    return parts.map((part) => spelling(part) ?? part).join("");
  }
  if (/\p{Pd}/u.test(letter)) return "-";
  return /[\p{L}\p{N}]/u.test(letter) ? "?" : "";
}

function spelling(letter: string): string | undefined {
  const small = letter.toLowerCase();
  const spelled = Object.hasOwn(SPELLED, letter) ? SPELLED[letter] : undefined;
  if (spelled !== undefined || small === letter || !Object.hasOwn(SPELLED, small)) return spelled;
  return SPELLED[small]!.replace(/^./, (first) => first.toUpperCase());
}

/** Length of a GSM-7 text on the air. */
export function septets(text: string): number {
  let count = 0;
  for (const letter of text) count += EXTENSION.has(letter) ? 2 : 1;
  return count;
}

/** A GSM-7 text in at most `limit` septets, with "..." where it was cut. */
export function cutSeptets(text: string, limit: number): string {
  if (septets(text) <= limit) return text;
  let kept = "";
  let count = 3;
  for (const letter of text) {
    count += EXTENSION.has(letter) ? 2 : 1;
    if (count > limit) break;
    kept += letter;
  }
  return `${kept.replace(/[\s.,;:]+$/, "")}...`;
}

/** Segments of an SMS as they are billed: 160 septets or 153 a part in GSM-7, else 70 UTF-16 units or 67 a part. */
export function segments(text: string): number {
  const letters = [...text];
  const isGsm = letters.every((letter) => BASIC.has(letter) || EXTENSION.has(letter));
  const sizes = letters.map((letter) => (isGsm ? septets(letter) : letter.length));
  const [alone, part] = isGsm ? [160, 153] : [70, 67];
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return 1;
  let count = 1;
  let used = 0;
  for (const size of sizes) {
    // Neither an escape pair nor a surrogate pair is torn apart between two parts.
    if (used + size > part) {
      count += 1;
      used = 0;
    }
    used += size;
  }
  return count;
}
