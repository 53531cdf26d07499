/** Where events have many comments, to look each author up among those who take part seems dearer than to read all who take part anywhere: it is not. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { listComments } from "../../src/domain/comments.ts";
import { testDeps } from "../support/index.ts";
import { AT, gatherCrowd } from "./crowd.ts";
import { touched } from "./touched.ts";

const { db } = testDeps();
const EVENTS = 200;
const PEOPLE = 100;
const COMMENTS = 250;

test("a page of comments looks at its own authors and at nobody else, whether they take part or not", async () => {
  await gatherCrowd(db, { groups: 1, people: PEOPLE, events: EVENTS });
  await db.execute(
    sql`insert into events_comments (event_id, user_id, comment, created_at)
        select e.id, 1 + n % ${PEOPLE}::int, 'Hi', ${AT} - make_interval(secs => n) from events e, generate_series(1, ${COMMENTS}::int) n`,
  );
  await db.execute(sql`vacuum analyze`);
  const caller = { cognito_user_id: "sub-1", email: null, name: null };
  for (const participants_only of [true, false]) {
    const page = { event_id: 7, participants_only, limit: 20, after: null };
    const { most, told } = await touched(db, (heard) =>
      listComments(heard, caller, page, { now: Date.parse("2030-07-02T12:00:00Z"), locale: "en" }),
    );
    expect(told).toBe(20);
    expect(most).toBeLessThanOrEqual(2 * 21);
  }
});
