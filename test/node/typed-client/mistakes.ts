/** Each line with a mistake must not compile: an expected error that does not come is one itself. Never run. */
import { ok } from "@oazapfts/runtime";
import * as torium from "./torium.ts";

const event: torium.NewEvent = { group_id: 7, name: "Rent", description: "", is_budget: false };

// @ts-expect-error a required field is missing
await torium.createGroup({ name: "Flat 12" });
// @ts-expect-error a body is needed
await torium.createEvent();
// @ts-expect-error an id is a number
await torium.createEvent({ ...event, group_id: "7" });
// @ts-expect-error a text is never null
await torium.createEvent({ ...event, description: null });
// @ts-expect-error no such period
await torium.createEvent({ ...event, schedule_period: "1 year" });
// @ts-expect-error an exception says where it goes
await torium.createEvent({ ...event, exceptions: [{ occurrence: "2099-12-11 18:00:00" }] });
// @ts-expect-error no such field
await torium.createEvent({ ...event, colour: "red" });
// @ts-expect-error the change of an event names it
await torium.changeEvent({ name: "Rent" });
// @ts-expect-error no such role
await torium.changeRole({ group_id: 7, user_id: 4, status: "owner" });
// @ts-expect-error no such channel
await torium.setPreferences({ reminder_preferences: "PIGEON" });
// @ts-expect-error no such filter
await torium.listEvents({ group: 7 });
// @ts-expect-error a limit is a number
await torium.listEvents({ limit: "2" });
// @ts-expect-error comments are of an event
await torium.listComments();
// @ts-expect-error no such endpoint
await torium.listEvnts();

const listed = await torium.listEvents();
// @ts-expect-error what the answer holds depends on its status
listed.data.page;
// @ts-expect-error the endpoint never answers so
listed.status === 404;
if (listed.status === 400) {
  // @ts-expect-error no such code
  listed.data.error.code === "teapot";
  // @ts-expect-error only a fault of the input has issues
  listed.data.error.issues.length;
}

const { data, page } = await ok(torium.listEvents());
for (const found of data) {
  // @ts-expect-error no such field
  found.colour;
  // @ts-expect-error none where it happens once
  found.recurrence.length;
  // @ts-expect-error money is exact, a text
  found.budget === 2400;
  // @ts-expect-error none but the three
  found.status === "owner";
}
// @ts-expect-error null on the last page
page.next_cursor.length;
// @ts-expect-error nothing is said but that it is done
(await ok(torium.deleteEvent(31))).data.id;
