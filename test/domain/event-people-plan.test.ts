/** Where events have many people and there are not many more, all people look as near as those of an event; read for each event of a page, they are not. */
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { listEvents } from "../../src/domain/event-list.ts";
import { testDeps } from "../support/index.ts";
import { gatherCrowd } from "./crowd.ts";
import { touched } from "./touched.ts";

const { db } = testDeps();
const NOW = Date.parse("2030-06-01T12:00:00Z");
const EVENTS = 20;
const PEOPLE = 40;

test("a page of events looks at its events' people and at nobody else", async () => {
  await gatherCrowd(db, { groups: 50, people: PEOPLE, events: EVENTS });
  await db.execute(sql`vacuum analyze`);
  const caller = { cognito_user_id: "sub-1", email: null, name: null };
  const { most, told } = await touched(db, (heard) => listEvents(heard, caller, { limit: 1_000, after: null }, NOW));
  expect(told).toBe(EVENTS);
  expect(most).toBeLessThanOrEqual(2 * EVENTS * PEOPLE);
});
