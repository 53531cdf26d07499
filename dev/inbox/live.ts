import type { IncomingMessage, ServerResponse } from "node:http";
import type { Message } from "./message.ts";
import type { Messages } from "./messages.ts";
import type { People } from "./people.ts";

/** A burst becomes one event, and no more than the newest of it go to the page. */
const GATHER_MS = 40;
const MOST_AT_ONCE = 300;
const KEEP_ALIVE_MS = 15_000;

/** How far a page has been told. */
interface Place {
  era: string;
  seen: number;
}

/**
 * The stream that the page lives on (server-sent events). `start` carries the people and the newest messages, `more` what came since, `people` a new grouping.
 * An event's id is era and place, so that a page that comes back is told only what it missed.
 */
export function openLive(messages: Messages, people: People) {
  const pages = new Map<ServerResponse, Place>();
  let gathering: NodeJS.Timeout | null = null;

  const send = (page: ServerResponse, { era, seen }: Place, event: string, data: object) =>
    page.write(`id: ${era}:${seen}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

  function tell(page: ServerResponse, place: Place) {
    const { era, all } = messages;
    const same = place.era === era && place.seen <= all.length;
    if (same && place.seen === all.length) return;
    const unseen = same ? all.slice(place.seen).slice(-MOST_AT_ONCE) : all.slice(-MOST_AT_ONCE);
    const reached = { era, seen: all.length };
    pages.set(page, reached);
    send(page, reached, same ? "more" : "start", {
      total: all.length,
      messages: unseen.map(forPage),
      ...(!same && { people: people.all }),
    });
  }

  messages.onChange(() => {
    if (pages.size === 0 || gathering) return;
    gathering = setTimeout(() => {
      gathering = null;
      for (const [page, place] of pages) tell(page, place);
    }, GATHER_MS);
  });
  people.onChange(() => {
    for (const [page, place] of pages) send(page, place, "people", { people: people.all });
  });
  const keepAlive = setInterval(() => {
    for (const page of pages.keys()) page.write(": still here\n\n");
  }, KEEP_ALIVE_MS);

  return {
    open(request: IncomingMessage, page: ServerResponse) {
      page.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
      page.write("retry: 1000\n\n");
      const [era = "", seen = ""] = String(request.headers["last-event-id"] ?? "").split(":");
      const place = { era, seen: Number(seen) };
      pages.set(page, place);
      page.on("close", () => pages.delete(page));
      // Somebody who was here already hears of people too: they may have changed meanwhile.
      if (place.era === messages.era) send(page, place, "people", { people: people.all });
      tell(page, place);
    },
    stop() {
      clearInterval(keepAlive);
      if (gathering) clearTimeout(gathering);
      for (const page of pages.keys()) page.end();
    },
  };
}

/** What the page shows; the call itself stays with GET /messages. */
function forPage(message: Message) {
  const { id, channel, to, title, subject, text, html, data, headers, accepted_at } = message;
  return {
    id,
    channel,
    to,
    title,
    subject,
    text,
    has_html: html !== null,
    data,
    headers,
    accepted_at,
    ...lateness(message),
  };
}

/** A sender may say when the message was due (RFC 3339), in an e-mail header or a message attribute of this name. */
const DUE_HEADER = "X-Torium-Due";

function lateness({ headers, accepted_at }: Message): { delay_ms?: number } {
  const due = Date.parse(headers[DUE_HEADER] ?? "");
  return Number.isNaN(due) ? {} : { delay_ms: accepted_at - due };
}
