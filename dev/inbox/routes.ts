import type { IncomingMessage, ServerResponse } from "node:http";
import { type Faults, type Issue, parseFaults } from "./faults.ts";
import { readBody, sendJson, sendList } from "./http.ts";
import { CHANNELS, type Channel, normalizeAddress } from "./message.ts";
import type { Messages } from "./messages.ts";
import { sendEmailHtml, sendPageFile } from "./page.ts";
import type { People } from "./people.ts";

interface Room {
  messages: Messages;
  faults: Faults;
  people: People;
  live: { open(request: IncomingMessage, response: ServerResponse): void };
}

/** The inbox's own doors: the page, its stream, and JSON. */
export async function answerInbox(request: IncomingMessage, response: ServerResponse, url: URL, room: Room) {
  const { messages, faults, people, live } = room;
  switch (`${request.method} ${url.pathname}`) {
    case "GET /messages":
      return sendMessages(response, url.searchParams, messages);
    case "DELETE /messages":
      return sendJson(response, 200, { deleted: await messages.clear() });
    case "GET /faults":
      return sendJson(response, 200, faults.inForce);
    case "POST /faults":
    case "PUT /faults": {
      const { faults: wanted, issues } = parseFaults(parseJson(await readBody(request)));
      if (issues.length > 0) return sendIssues(response, issues);
      if (request.method === "PUT") faults.replace(wanted);
      else faults.add(wanted);
      return sendJson(response, 200, faults.inForce);
    }
    case "GET /people":
      return sendJson(response, 200, people.all);
    case "PUT /people": {
      const issues = people.replace(parseJson(await readBody(request)));
      return issues.length > 0 ? sendIssues(response, issues) : sendJson(response, 200, people.all);
    }
    case "GET /events":
      return live.open(request, response);
  }
  const id = request.method === "GET" ? /^\/messages\/([\w-]+)\/html$/.exec(url.pathname)?.[1] : undefined;
  const message = id === undefined ? undefined : messages.find(id);
  if (message) return sendEmailHtml(response, message);
  if (request.method === "GET" && sendPageFile(response, url.pathname)) return;
  sendJson(response, 404, { error: { message: `There is no ${request.method} ${url.pathname} here` } });
}

function sendMessages(response: ServerResponse, query: URLSearchParams, messages: Messages) {
  const channel = query.get("channel");
  if (channel !== null && !CHANNELS.includes(channel as Channel)) {
    return sendIssues(response, [{ path: "channel", message: `must be one of ${CHANNELS.join(", ")}` }]);
  }
  // A number's + arrives as a space where nobody encoded it.
  const to = query.get("to")?.replace(/^ (?=\d)/, "+") ?? null;
  return sendList(response, messages.select(channel as Channel | null, to === null ? null : normalizeAddress(to)));
}

const sendIssues = (response: ServerResponse, issues: Issue[]) =>
  sendJson(response, 400, { error: { message: "The request is not valid", issues } });

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
