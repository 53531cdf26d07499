import { kept } from "../kept.ts";
import { type Locale, tagOf, words } from "./locale.ts";

type Moment = { starts_at: number; time_zone: string; reader_time_zone: string | null };

/** Intl formatters are slow to build and heavy to keep. */
const formatter = kept(64, (key) => {
  const [tag, timeZone, style] = key.split("|") as [string, string, "short" | "long"];
  return new Intl.DateTimeFormat(tag, {
    timeZone,
    weekday: style,
    day: "numeric",
    month: style,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
});

/** "Wed 11 Nov 19:00 Warsaw", and ", 18:00 your time" where the reader's clock shows another time at that instant. */
export function formatWhen(moment: Moment, locale: Locale, style: "short" | "long"): string {
  const zone = isZone(moment.time_zone) ? moment.time_zone : "UTC";
  const event = clock(moment.starts_at, zone, locale, style);
  const gap = style === "long" ? ", " : " ";
  const there = `${event.date}${gap}${event.time} ${placeOf(zone)}`;
  if (!moment.reader_time_zone || !isZone(moment.reader_time_zone)) return there;
  const reader = clock(moment.starts_at, moment.reader_time_zone, locale, style);
  if (reader.date === event.date && reader.time === event.time) return there;
  const time = reader.date === event.date ? reader.time : `${reader.date}${gap}${reader.time}`;
  return `${there}, ${words(locale).yourTime(time)}`;
}

/** The city of an IANA zone as the zone spells it; zones without a place by their distance from UTC. */
function placeOf(zone: string): string {
  if (/^(Etc\/)?(UTC|UCT|GMT|GMT[+-]?0|Zulu|Universal|Greenwich)$/i.test(zone)) return "UTC";
  if (/^[+-]/.test(zone)) return `UTC${zone}`;
  const fixed = /^Etc\/GMT([+-])(\d+)$/i.exec(zone);
  // POSIX signs: Etc/GMT-2 lies east of Greenwich, which everybody else writes UTC+2.
  if (fixed) return `UTC${fixed[1] === "+" ? "-" : "+"}${fixed[2]}`;
  return zone.slice(zone.lastIndexOf("/") + 1).replaceAll("_", " ");
}

function clock(instant: number, timeZone: string, locale: Locale, style: "short" | "long") {
  const parts = formatter(`${tagOf(locale)}|${timeZone}|${style}`).formatToParts(instant);
  const part = (type: string) => parts.find((found) => found.type === type)?.value ?? "";
  const comma = style === "long" && locale === "pl" ? "," : "";
  return {
    date: `${part("weekday")}${comma} ${part("day")} ${part("month")}`,
    time: `${part("hour")}:${part("minute")}`,
  };
}

const isZone = kept(1000, (zone) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
});
