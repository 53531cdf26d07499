/**
 * Wall time and instants, kept apart. A wall time is a string `YYYY-MM-DD HH:MM:SS` and means nothing without a zone; an instant is
 * milliseconds since 1970. Text order of wall times is their order in time.
 */
import { Temporal } from "temporal-polyfill";

/** A zone may be a day off, and a moved occurrence behind its name: the last year is left free. */
const YEARS = { first: 1970, last: 9998 };
const WALL = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?$/;
const INSTANT = /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?)([Zz]|([+-])(\d\d):(\d\d))$/;

/** By zone and wall time: a schedule asks for the same few again and again, and so do the many events of one evening. */
const placed = new Map<string, number>();
const PLACED = 1_000;

/**
 * The instant of a wall time. One that a clock change skips takes the offset before the change, one that happens twice is its first
 * happening (RFC 5545, 3.3.5).
 */
export function placeWallTime(wall: string, timeZone: string): number {
  const key = `${timeZone} ${wall}`;
  let instant = placed.get(key);
  if (instant === undefined) {
    instant = plainDateTime(wall).toZonedDateTime(timeZone, { disambiguation: "compatible" }).epochMilliseconds;
    if (placed.size >= PLACED) placed.clear();
    placed.set(key, instant);
  }
  return instant;
}

/** By its parts, for which Temporal would read the text several times as long. */
const plainDateTime = (wall: string): Temporal.PlainDateTime =>
  new Temporal.PlainDateTime(
    Number(wall.slice(0, 4)),
    Number(wall.slice(5, 7)),
    Number(wall.slice(8, 10)),
    Number(wall.slice(11, 13)),
    Number(wall.slice(14, 16)),
    Number(wall.slice(17, 19)),
  );

/** What the clocks of the zone show at an instant; parts of a second are dropped. */
export function wallTimeAt(instant: number, timeZone: string): string {
  const zoned = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
  return zoned.toPlainDateTime().toString({ smallestUnit: "second" }).replace("T", " ");
}

/** The wall time `days` and `months` earlier; the 31st becomes the last day of a shorter month. */
export const wallTimeBefore = (wall: string, ahead: { days?: number; months?: number }): string =>
  plainDateTime(wall).subtract(ahead).toString({ smallestUnit: "second" }).replace("T", " ");

/** Milliseconds on a clock without a zone: to count days and to hand floating time to code that knows only UTC. */
export const floatingMs = (wall: string): number => Date.parse(`${wall.replace(" ", "T")}Z`);
export const floatingWall = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

/**
 * A name of the IANA database as the database spells it, whatever the case; null where it is none, as offsets like +01:00 are. A link
 * keeps its name: Europe/Kyiv and Europe/Kiev are one zone, and a person is shown the name that they chose.
 */
export function timeZoneNamed(name: string): string | null {
  // What Intl knows beyond the database (BST for Bangladesh, SystemV/PST8) is not what people mean. Temporal refuses most of it.
  if (!/^[A-Za-z]/.test(name) || /^SystemV\//i.test(name)) return null;
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch {
    return null;
  }
}

/**
 * Reads `2026-11-11 18:00` and `2026-11-11T18:00:00.000`, parts of a second dropped; null where there is no such date or time. `hour24`
 * reads a clock of the hours 1 to 24, whose 24:30 is half past midnight as that day begins.
 */
export function parseWallTime(text: string, { hour24 = false }: { hour24?: boolean } = {}): string | null {
  const match = WALL.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute, second = "00"] = match;
  const wall = `${year}-${month}-${day} ${hour24 && hour === "24" ? "00" : hour}:${minute}:${second}`;
  const inRange = Number(year) >= YEARS.first && Number(year) <= YEARS.last;
  const ms = floatingMs(wall);
  // Date rolls what does not exist on into the next month, day or hour.
  return inRange && !Number.isNaN(ms) && floatingWall(ms) === wall ? wall : null;
}

/** RFC 3339 in UTC. */
export const rfc3339 = (instant: number): string => new Date(instant).toISOString();

/** An instant as PostgreSQL writes it in JSON, made the same: "2030-06-01T08:00:00.12+00:00" is "2030-06-01T08:00:00.120Z". In UTC, as sessions are, without a Date, which is slow to write itself. */
export const rfc3339Told = (told: string): string =>
  told.endsWith("+00:00") ? `${told.slice(0, 19)}.${told.slice(20, -6).padEnd(3, "0")}Z` : rfc3339(Date.parse(told));

/** Reads RFC 3339 with an offset; null where it is none. */
export function parseInstant(text: string): number | null {
  const match = INSTANT.exec(text);
  if (!match) return null;
  const [, local = "", , sign, hours = "0", minutes = "0"] = match;
  const wall = parseWallTime(local.replace(/[t ]/, "T"));
  if (wall === null || Number(hours) > 23 || Number(minutes) > 59) return null;
  const fraction = Number((local.split(".")[1] ?? "").padEnd(3, "0").slice(0, 3));
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const instant = floatingMs(wall) + fraction - (sign === "-" ? -offset : offset);
  const year = new Date(instant).getUTCFullYear();
  return year >= YEARS.first && year <= YEARS.last ? instant : null;
}
