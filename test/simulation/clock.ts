/** Wall time and instants by the platform's own Temporal, which the product does not use. */
type Zoned = { epochMilliseconds: number; toPlainDateTime(): Plain };
type Plain = {
  add(duration: { days?: number; months?: number; minutes?: number; seconds?: number }): Plain;
  toZonedDateTime(zone: string, options: { disambiguation: "compatible" }): Zoned;
  toString(options?: { smallestUnit: "second" }): string;
};
declare const Temporal: {
  PlainDateTime: { from(text: string): Plain };
  Instant: { fromEpochMilliseconds(ms: number): { toZonedDateTimeISO(zone: string): Zoned } };
};

const plain = (wall: string) => Temporal.PlainDateTime.from(wall.replace(" ", "T"));
const textOf = (time: Plain) => time.toString({ smallestUnit: "second" }).replace("T", " ");

/** ms; a skipped wall time is read with the offset before the change, one that happens twice is its first happening. */
export const instantOf = (wall: string, zone: string): number =>
  plain(wall).toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;

export const wallAt = (ms: number, zone: string): string =>
  textOf(Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDateTime());

export const addDays = (wall: string, days: number): string => textOf(plain(wall).add({ days }));
