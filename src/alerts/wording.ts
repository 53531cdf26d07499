/** What Discord is told. Its own marks (`<t:…>`) show an instant in each reader's zone. */
import { duration } from "../domain/faults.ts";

/** Instants: RFC 3339, or ms. */
type Named = { part: string; message: string; count: number; opened_at: string | number };

const ms = (instant: string | number) => (typeof instant === "number" ? instant : Date.parse(instant));
const mark = (instant: string | number) => `<t:${Math.floor(ms(instant) / 1000)}:f>`;
const span = (from: string | number, to: string | number) => duration((ms(to) - ms(from)) / 1000);

export const lastingText = ({ part, message, count, opened_at }: Named, seen_at: string | number = opened_at): string =>
  [
    `🔴 **${part}**: ${message}`,
    `since ${mark(opened_at)}${ms(seen_at) > ms(opened_at) ? `, for ${span(opened_at, seen_at)}` : ""}${count > 1 ? `, ${count} times` : ""}`,
  ].join("\n");

export const overText = ({ part, message, count, opened_at }: Named, closed_at: string): string =>
  [
    `🟢 **${part}** is well again after ${span(opened_at, closed_at)}: ${message}`,
    `from ${mark(opened_at)} to ${mark(closed_at)}${count > 1 ? `, ${count} times` : ""}`,
  ].join("\n");
