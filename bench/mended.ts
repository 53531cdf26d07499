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
    what: "GET /event reads its events once, and asks for role and group beside them instead of planning a join of five tables: PostgreSQL's CPU for a request, the median of 10 slices in turns",
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
];
