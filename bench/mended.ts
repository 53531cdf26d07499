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
];

/** Why a goal is missed; `of` finds its lines. */
export type Why = { of: RegExp; reason: string };

export const WHY_MISSED: Why[] = [
  {
    of: /^api: /,
    reason:
      "**The reads beside `select 1`.** The ceiling's route does nothing but ask, and everything shares two cores. In the processes' own CPU time, taken once by hand and repeated by no command, a `select 1` costs 623 µs (workerd 429, endpoint 109, PostgreSQL 56, load 33) and a GET /users 1,154 µs (656, 153, 261, 33): in the Worker routing, validation, the token's entry, security headers and the log's line, which the ceiling's route has none of; in PostgreSQL finding the person by an index, and running a prepared statement by a function. Dropping the function for one written for each read would save 50 µs and still miss. GET /event hands on 23 KB, which PostgreSQL makes of 200 participants and three processes read and write: workerd 1,138 µs, endpoint 366, PostgreSQL 1,776. It would have to be kept ready-made in each event to come near, and would then be wrong whenever a person changes a name.",
  },
  {
    of: /^pipeline: .*(six connections|last accept)/,
    reason:
      "**The six connections.** While it sends, each channel reaches its goal or lies at its edge, though three queues share one thread of one isolate, beside PostgreSQL, the endpoint and the provider on two cores. What the whole lacks is its beginning, when nothing is sent yet: 0.3 to 0.4 s until the first of 10,000 events are claimed and picked, 0.9 s until 10,000 people of one event are fixed and the first 2,000 of them picked (in seven runs of a day the whole reached 296 to 315 messages a second, of 303 or 304 that are asked for). In production that time is not missed: a reminder is picked up to 150 s before its moment and waits in the queue.",
  },
];
