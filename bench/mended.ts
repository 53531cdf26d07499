/** What the bench showed to be slow, and what became of it: figures of the same machine, right before and right after. */
export type Mended = { what: string; before: string; after: string };

export const MENDED: Mended[] = [
  {
    what: "A token found good is not verified again for five minutes: workerd's CPU for a GET /users, the median of 20 slices taken in turns (16 connections, as below)",
    before: "757 µs",
    after: "617 µs",
  },
  {
    what: "GET /users finds the caller once and not twice, with one join less to plan: PostgreSQL's CPU for a request, the median of 20 slices in turns",
    before: "499 µs",
    after: "374 µs",
  },
  {
    what: "GET /event reads its events once, and planned fewer joins for each request (since plans are kept, it joins again): PostgreSQL's CPU for a request, the median of 10 slices in turns",
    before: "3,335 µs",
    after: "2,992 µs",
  },
  {
    what: "GET /event hands on the list as the text that the database wrote, and every answer of the database is read once and not through a second Response: workerd's CPU for a GET /event, the median of 10 slices in turns",
    before: "1,267 µs",
    after: "1,076 µs",
  },
  {
    what: "GET /event/comment names authors by a subquery and joins two tables less: PostgreSQL's CPU for a request, the median of 10 slices in turns",
    before: "982 µs",
    after: "837 µs",
  },
  {
    what: "GET /groups takes the page of memberships first and then their groups: PostgreSQL's CPU for a request, the median of 20 slices in turns",
    before: "505 µs",
    after: "435 µs",
  },
  {
    what: "DELETE /users beside 1,000,000 events: no index serves both sides of an OR, so every event, lead and comment was read",
    before: "4,209,860 rows, 111,095 pages",
    after: "10,107 rows, 614 pages, of which 10,000 rows are all dead letters",
  },
  {
    what: "The night's forgetting outside, beside 100,000 devices: EXISTS as a column read them all",
    before: "110,101 rows, 2,955 pages",
    after: "10,101 rows, 1,716 pages",
  },
  {
    what: "The profile, the lists of events, groups and comments are read by plans that a session keeps (0009_kept-plans): over HTTP each statement was parsed and planned anew. A round trip to PostgreSQL on one connection, the median of 300, one after another in one run: GET /event, GET /users, GET /groups, GET /event/comment",
    before: "2,490, 350, 425, 750 µs",
    after: "1,200, 170, 210, 300 µs",
  },
  {
    what: "The Worker's bundle carries no languages of zod that nobody speaks, and is minified: compressed, as the deployment's dry run tells it",
    before: "502 KiB",
    after: "340 KiB",
  },
  {
    what: "A channel's batch is 60 messages of at most 10 people instead of 10 of at most 50, since most reminders are for few: messages a second with an event each and a provider that takes 50 ms, one channel (what six connections allow is 120)",
    before: "44 to 71",
    after: "84 to 105",
  },
  {
    what: "It is 96 messages of at most 6 people instead: sixteen full rounds of the six connections where each is for one person, and nearly as many people as before where each is for many. Each of three channels' share of what its connections allow at exactly 50 ms, from 10,000 events each for one person",
    before: "0.82 to 0.83",
    after: "0.84 to 0.87",
  },
  {
    what: "A tick looks for one lead more than it takes: round trips of one with 10,000 due",
    before: "21",
    after: "20",
  },
  {
    what: "Secrets are imported as keys once, and a text that fits is not taken apart: by the profile of sending 3,000 reminders, µs of the Worker's thread a message",
    before: "17 to 84",
    after: "none",
  },
  {
    what: "Whoever picks or claims a hundred looks these up by their keys. Where ten thousand waited, and PostgreSQL by its last look expected none, it read everything that waits and all people in the order of their ids for each: rows looked at to pick 100 reminders, and to claim 100 letters, among 10,000 people (bounds by `npx vitest run --project worker test/domain/busy-hour-plans.test.ts`)",
    before: "2,031,901 and 2,002,404",
    after: "fewer than 10,000 each",
  },
  {
    what: "One event with 10,000 participants at 50 ms, from the tick to the last accept, since claims and pickings look their rows up: share of what the connections allow",
    before: "0.84",
    after: "0.87 to 0.88",
  },
  {
    what: "GET /event looks its people up by their ids. Where events have many people and there are not many more, PostgreSQL read all people for each event of the page: the most rows that a part of the plan handed on, for 20 events of 40 people among 2,000 (bound by `npx vitest run --project worker test/domain/event-people-plan.test.ts`)",
    before: "40,000",
    after: "1,600 at the most",
  },
  {
    what: "GET /event/comment tells its rows as arrays: PostgreSQL's CPU for the list of 20 by a named statement on one connection, the median of three times 3,000",
    before: "200 µs",
    after: "163 µs",
  },
  {
    what: "The four reads that the app opens its screens with are functions of the database, planned once in a session, and take short requests; people and groups that the events of a page share are told once, and the Worker writes the answer (0010_reads). PostgreSQL's CPU for a request, both versions by turns, as `npm run bench -- --only api` tells it: GET /event, GET /users, GET /groups, GET /event/comment",
    before: "1,743, 249, 275, 399 µs",
    after: "912 to 1,017, 176, 204 to 247, 352 to 377 µs",
  },
  {
    what: "The same: share of the ceiling at 16 connections",
    before: "0.32, 0.79, 0.70, 0.66",
    after: "0.41 to 0.44, 0.91 to 0.96, 0.70 to 0.80, 0.66 to 0.76",
  },
  {
    what: "The same: rows, descents into an index and pages that GET /event touches beside 1,000,000 events (`npm run bench -- --only growth`)",
    before: "703, 342, 1,090",
    after: "275, 94, 329",
  },
  {
    what: "GET /event/comment looks up whether each author takes part. As EXISTS beside OR, where events have many comments, PostgreSQL read all who take part anywhere for each page: the most rows that a part of the plan handed on, for 20 comments among 20,000 participations (bound by `npx vitest run --project worker test/domain/comment-plans.test.ts`)",
    before: "20,000",
    after: "42 at the most",
  },
  {
    what: "A call to AWS is signed without a second Request, its timer ends with it instead of after five seconds, and a text in which nothing is to be cleaned is not gone through: 6,000 events each for one person at 50 ms, both versions by turns, twice: workerd's CPU for a message, and share of what the connections allow",
    before: "1,113 and 1,172 µs; 0.82 and 0.83",
    after: "973 and 1,013 µs; 0.84 and 0.85",
  },
  {
    what: "GET /event tells a page to which nothing happened again, by the database's word that it holds (0011_told-again), instead of finding and writing it: CPU of PostgreSQL and of workerd for a request, and share of the ceiling at 16 connections, the first time and again, in this page's run",
    before: "1,043 µs, 1,075 µs, 0.33",
    after: "263 µs, 577 µs, 0.71",
  },
  {
    what: "GET /event/comment too, of which the isolate keeps what the rows hold, once for all who take part (0012_comments-told-again): the same figures, the first time and again, in this page's run",
    before: "371 µs, 631 µs, 0.63",
    after: "224 µs, 576 µs, 0.74",
  },
  {
    what: "The functions of the database are asked by the driver itself, past Drizzle: CPU of a call with nine parameters whose answer is made up, the median of three times 30,000 in Node",
    before: "22 µs",
    after: "8 µs",
  },
  {
    what: "GET /event/comment is told by columns: PostgreSQL's CPU for a call on one connection, both by turns, in three hours of the machine",
    before: "165, 250, 166 µs",
    after: "148, 239, 164 µs",
  },
  {
    what: "A tick places each wall time in its zone once and not up to six times, and by its parts instead of its text: workerd's CPU for a due reminder, ticks of 10,000, two before and two after in one hour",
    before: "150 and 155 µs",
    after: "82 and 92 µs",
  },
  {
    what: "GET /event/comment keeps each comment as JSON that is written already but for its age: workerd's CPU for a request less that of the ceiling, and share of the ceiling at 16 connections, the median of 15 slices by turns, one run before and one after",
    before: "150 µs, 0.70",
    after: "65 µs, 0.79",
  },
  {
    what: "The events of GET /event's mark are looked up together (0013_events-marked-at-once): PostgreSQL's CPU for a call on one connection, the median of four times 6,000",
    before: "183 µs",
    after: "175 µs",
  },
];

/** Why a goal is missed; `of` finds its lines. */
export type Why = { of: RegExp; reason: string };

export const WHY_MISSED: Why[] = [];
