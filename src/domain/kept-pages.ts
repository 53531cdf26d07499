/** Pages as they were told last, for whoever asks again. Whether one still holds is for the database to say, by the mark that it gave it. */

type Told<Page> = {
  mark: string;
  page: Page;
  /** How long its text is. */
  characters: number;
  /** In ms: told at `from`; at `until` time alone makes another page of it. */
  from: number;
  until: number;
};

/** What an entry takes beside its page's text, in characters, however short that is: some 500 bytes were measured, and its key comes to them. */
const ENTRY_CHARACTERS = 1_000;
/** After so long nobody asks again who would have asked before; and marks are of one database's history, which a restored one does not go on with. */
const KEPT_FOR_MS = 300_000;

export class KeptPages<Page> {
  readonly #most: number;
  readonly #pages = new Map<string, Told<Page>>();
  #characters = 0;

  /** At most so many characters are kept together, with what the entries take: what was not asked for the longest time goes first, and what would be told no more goes with it. */
  constructor(most_characters: number) {
    this.#most = most_characters;
  }

  /** The page that was told last by this key, unless time has changed it. */
  get(key: string, now: number): { mark: string; page: Page } | undefined {
    const told = this.#take(key);
    if (!told || now < told.from || now >= endOf(told)) return undefined;
    this.#put(key, told);
    return told;
  }

  keep(key: string, told: Told<Page>): void {
    this.#take(key);
    if (weightOf(key, told) > this.#most) return;
    this.#put(key, told);
    for (const [oldest, page] of this.#pages) {
      if (this.#characters <= this.#most && told.from < endOf(page)) return;
      this.#take(oldest);
    }
  }

  #take(key: string): Told<Page> | undefined {
    const told = this.#pages.get(key);
    if (told) {
      this.#pages.delete(key);
      this.#characters -= weightOf(key, told);
    }
    return told;
  }

  #put(key: string, told: Told<Page>): void {
    this.#pages.set(key, told);
    this.#characters += weightOf(key, told);
  }
}

const endOf = ({ from, until }: Pick<Told<unknown>, "from" | "until">): number => Math.min(until, from + KEPT_FOR_MS);

const weightOf = (key: string, { characters }: { characters: number }): number =>
  characters + key.length + ENTRY_CHARACTERS;
