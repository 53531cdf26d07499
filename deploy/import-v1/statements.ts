/** The statements of an SQL script as PostgreSQL's own lexer would part them, as far as dumps need it. */

export type Token = { kind: "word" | "quoted" | "text" | "number" | "sign"; text: string };

const SPACE = /[^\S]+|--[^\n]*|\/\*[\s\S]*?\*\//y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
// No choice at each letter, of which the engine would remember every one: a text may be megabytes long.
const QUOTED = /"([^"]*(?:""[^"]*)*)"/y;
const TEXT = /'([^']*(?:''[^']*)*)'/y;
const ESCAPED = /[eE]'([^'\\]*(?:(?:''|\\[\s\S])[^'\\]*)*)'/y;
const DOLLAR = /\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/y;

export class Unreadable extends Error {
  override name = "Unreadable";
}

/** The statement that begins at `start`, and where the one after it begins; null at the end. One that does not end is Unreadable. */
export function statementAt(sql: string, start: number): { tokens: Token[]; begin: number; next: number } | null {
  const tokens: Token[] = [];
  let at = start;
  let begin = start;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match) at += match[0].length;
    return match;
  };
  while (at < sql.length) {
    if (take(SPACE)) continue;
    if (tokens.length === 0) begin = at;
    if (sql[at] === ";") return { tokens, begin, next: at + 1 };
    const escaped = take(ESCAPED);
    const text = escaped ?? take(TEXT);
    const quoted = text ? null : take(QUOTED);
    const dollar = text || quoted ? null : take(DOLLAR);
    if (escaped) tokens.push({ kind: "text", text: unescaped(escaped[1]!.replaceAll("''", "'")) });
    else if (text) tokens.push({ kind: "text", text: text[1]!.replaceAll("''", "'") });
    else if (quoted) tokens.push({ kind: "quoted", text: quoted[1]!.replaceAll('""', '"') });
    else if (dollar) tokens.push({ kind: "text", text: dollar[0] });
    else if ("'\"".includes(sql[at]!)) throw new Unreadable("a text or a name does not end: the dump is cut off");
    else {
      const word = take(WORD);
      const number = word ? null : take(NUMBER);
      if (word) tokens.push({ kind: "word", text: word[0].toLowerCase() });
      else if (number) tokens.push({ kind: "number", text: number[0] });
      else tokens.push({ kind: "sign", text: sql[at++]! });
    }
  }
  if (tokens.length > 0) throw new Unreadable("the last statement does not end: the dump is cut off");
  return null;
}

const CONTROL: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Backslash sequences, of COPY's text format and of E'…'. Octal and hexadecimal ones are bytes of UTF-8. */
export function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/(?:\\(?:[0-7]{1,3}|x[0-9A-Fa-f]{1,2}))+|\\([\s\S])/g, (all, letter?: string) => {
    if (letter !== undefined) return CONTROL[letter] ?? letter;
    const bytes = [...all.matchAll(/\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3}))/g)].map(([, hex, octal]) =>
      hex === undefined ? Number.parseInt(octal!, 8) & 255 : Number.parseInt(hex, 16),
    );
    return Buffer.from(bytes).toString("utf8");
  });
}
