import { en, type Words } from "./en.ts";
import { pl } from "./pl.ts";

export type Locale = "en" | "pl";

/** Year-first or month-first dates are nobody's habit in Europe, so English is British here. */
const LANGUAGES: Record<Locale, { words: Words; tag: string }> = {
  en: { words: en, tag: "en-GB" },
  pl: { words: pl, tag: "pl-PL" },
};

/** The language of a locale such as `pl`, `pl_PL` or `en-GB`; the default where it is none of ours. */
export function localeOf(text: string | null | undefined, otherwise: Locale): Locale {
  const language = text
    ?.trim()
    .split(/[-_.@]/)[0]
    ?.toLowerCase();
  return language === "en" || language === "pl" ? language : otherwise;
}

export function words(locale: Locale): Words {
  return LANGUAGES[locale].words;
}

/** The BCP 47 tag for Intl. */
export function tagOf(locale: Locale): string {
  return LANGUAGES[locale].tag;
}
