/** A small client on what is generated from openapi.json: `node program.ts <base URL> <token>` prints what it got. */
import { ok } from "@oazapfts/runtime";
import {
  createEvent,
  createGroup,
  defaults,
  deleteGroup,
  type Event,
  type Group,
  listEvents,
  listGroups,
  type NewEvent,
} from "./torium.ts";

const [api = "", token = ""] = process.argv.slice(2);
defaults.baseUrl = api;
defaults.headers = { authorization: `Bearer ${token}` };

const { data: founded } = await ok(createGroup({ name: "Flat 12", description: "" }));
const rent: NewEvent = {
  group_id: founded.group_id,
  name: "Rent",
  description: "Kitchen and rooms",
  event_timestamp: "2099-11-11 18:00:00",
  time_zone: "Europe/Warsaw",
  recurrence: "FREQ=MONTHLY;BYMONTHDAY=11",
  exceptions: [{ occurrence: "2099-12-11 18:00:00", moved_to: null }],
  reminders: ["P1D", 30],
  is_budget: true,
  budget: "2400.00",
};
const planned: number[] = [];
for (const name of ["Rent", "Heating", "Water"]) {
  const { data } = await ok(createEvent({ ...rent, name }));
  planned.push(data.id);
}

async function* pagesOfEvents(groupId: number): AsyncGenerator<Event[]> {
  let from: { cursor?: string } = {};
  for (;;) {
    const { data, page } = await ok(listEvents({ groupId, limit: 2, ...from }));
    yield data;
    if (page.next_cursor === null) return;
    from = { cursor: page.next_cursor };
  }
}

const MAY_PLAN: Record<Group["status"], boolean> = { standard: false, moderator: true, admin: true };

const pages: { name: string; starts: number; skipped: number; budget: string | null }[][] = [];
for await (const page of pagesOfEvents(founded.group_id)) {
  pages.push(
    page.map(({ name, starts_at, exceptions, budget }) => ({
      name,
      starts: Date.parse(starts_at),
      skipped: exceptions.filter(({ moved_to }) => moved_to === null).length,
      budget,
    })),
  );
}

const wrong = await createEvent({ ...rent, name: "", reminders: ["P2M"], users: [0] });
const faults = wrong.status === 400 ? (wrong.data.error.issues ?? []).map(({ path }) => path) : [];

const elsewhere = await deleteGroup(Number.MAX_SAFE_INTEGER);
const refusal = elsewhere.status === 200 ? null : elsewhere.data.error.code;

const { data: groups } = await ok(listGroups());
const plannable = groups.filter(({ status }) => MAY_PLAN[status]).map(({ name }) => name);
console.log(JSON.stringify({ planned: planned.length, pages, faults, refusal, plannable }));
