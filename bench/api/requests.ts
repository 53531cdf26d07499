import type { Bed } from "../bed.ts";
import {
  emptyGroup,
  firstEventOf,
  groupOf,
  LANES,
  OPEN_INVITATIONS,
  ownEventOf,
  readerOf,
  subOf,
  writerOf,
} from "./world.ts";

/** What is asked again and again. `lists`: for each of the lanes, the requests that it goes through. */
export type Asked = {
  name: string;
  read: boolean;
  lists: Buffer[][];
  /** False: each request of a list means something only once. */
  again: boolean;
};

/** As many bytes as GET /event and GET /event/comment answer here. */
const PAGE_BYTES = 23_000;
const COMMENTS_BYTES = 3_400;
/** So many pages are more than the Worker keeps: of PAGE_BYTES for one person alone, of COMMENTS_BYTES for sixteen together. */
const FORGOTTEN_AFTER = 100;

/** The seven, and what they are measured against, each lane with a person and a token of its own. */
export async function allRequests({ token }: Pick<Bed, "token">) {
  const lanes = Array.from({ length: LANES }, (_, lane) => lane);
  const readers = await Promise.all(lanes.map((lane) => token(subOf(readerOf(lane)))));
  const writers = await Promise.all(lanes.map((lane) => token(subOf(writerOf(lane)))));
  const reads = (path: (person: number) => string): Asked => ({
    name: `GET ${path(0).replace(/\?.*/, "")}`,
    read: true,
    again: true,
    lists: lanes.map((lane) => [requestOf("GET", path(readerOf(lane)), readers[lane]!)]),
  });
  const writes = (method: string, path: string, bodies: (lane: number) => object[], again = true): Asked => ({
    name: `${method} ${path}`,
    read: false,
    again,
    lists: lanes.map((lane) => bodies(lane).map((body) => requestOf(method, path, writers[lane]!, body))),
  });
  // By more limits than the isolate keeps pages of, so that by the time that one comes again its page is forgotten.
  const readsAnew = ({ name }: Asked, path: (person: number, limit: number) => string): Asked => ({
    name: `${name} told for the first time`,
    read: false,
    again: true,
    lists: lanes.map((lane) =>
      Array.from({ length: FORGOTTEN_AFTER }, (_, n) =>
        requestOf("GET", path(readerOf(lane), 100 + n), readers[lane]!),
      ),
    ),
  });
  const events = reads(() => "/event");
  const commentsOf = (person: number) => `/event/comment?event_id=${ownEventOf(person)}`;
  const comments = reads(commentsOf);
  const plain = (name: string, path: string): Asked => ({ ...reads(() => path), name, read: false });
  const seven = [
    events,
    reads(() => "/users"),
    reads(() => "/groups"),
    comments,
    writes("POST", "/event/comment", (lane) => [
      { event_id: firstEventOf(writerOf(lane)) + 1, comment: "I bring the cake." },
    ]),
    writes("POST", "/event", (lane) => [{ group_id: groupOf(writerOf(lane)), ...NEXT_YEAR }]),
    // Each lane begins with another group, so that they do not wait for each other.
    writes(
      "PATCH",
      "/group/members/status",
      (lane) =>
        Array.from({ length: OPEN_INVITATIONS }, (_, n) => ({
          group_id: emptyGroup((lane + n) % OPEN_INVITATIONS),
          status: "confirmed",
        })),
      false,
    ),
  ];
  return {
    ceiling: plain("select 1", "/bench/select-1"),
    /** What tells how high the ceiling is. */
    bare: [
      plain("select 1 by a bare handler", "/bench/bare/select-1"),
      plain("23 KB ready-made by a route", `/bench/text?bytes=${PAGE_BYTES}`),
      plain("3 KB ready-made by a route", `/bench/text?bytes=${COMMENTS_BYTES}`),
      plain("23 KB ready-made by a bare handler", `/bench/bare/text?bytes=${PAGE_BYTES}`),
    ],
    seven,
    anew: [
      readsAnew(events, (_, limit) => `/event?limit=${limit}`),
      readsAnew(comments, (person, limit) => `${commentsOf(person)}&limit=${limit}`),
    ],
  };
}

const NEXT_YEAR = {
  name: "Rent",
  description: "Kitchen and rooms",
  event_timestamp: `${new Date().getFullYear() + 1}-06-11 18:00:00`,
  reminder: "periodical",
  schedule_period: "1 month",
  is_budget: true,
  budget: "99.50",
};

function requestOf(method: string, path: string, token: string | null, body?: object): Buffer {
  const text = body ? JSON.stringify(body) : "";
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...(token ? [`authorization: Bearer ${token}`] : []),
    ...(body ? ["content-type: application/json", `content-length: ${Buffer.byteLength(text)}`] : []),
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}
