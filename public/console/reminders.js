import { read } from "./api.js";
import { empty, fill, make } from "./dom.js";
import { growing, table } from "./list.js";
import { instant, wall } from "./time.js";
import { count, endedBecause, kindName, leadWords, statusChip } from "./words.js";

const STATUSES = ["pending", "picked", "suppressed", "expired"];
const ENDS = ["sent", "failed", "suppressed", "expired", "pending"];

export async function reminders(root, { query, signal }) {
  const given = { event_id: query.get("event_id"), status: query.get("status") };
  const shown = table({ columns: COLUMNS, look: "links" });
  fill(
    root,
    make("div", { class: "head" }, make("h2", {}, "Reminders")),
    filters(given),
    growing({
      ...shown,
      load: (cursor) => read("reminders", { ...given, cursor, limit: 50 }, signal),
      none: empty(
        "No reminder",
        given.event_id || given.status ? "None fits these filters." : "None has fallen due yet.",
      ),
      signal,
    }),
  );
}

function filters({ event_id, status }) {
  const form = make(
    "form",
    { class: "fields" },
    make(
      "label",
      {},
      "Event ",
      make("input", {
        name: "event_id",
        inputmode: "numeric",
        pattern: "[0-9]*",
        value: event_id,
        placeholder: "any, by its id",
      }),
    ),
    make(
      "label",
      {},
      "Status ",
      make(
        "select",
        { name: "status" },
        make("option", { value: "" }, "any"),
        STATUSES.map((one) => make("option", { value: one, selected: one === status }, one)),
      ),
    ),
    make("button", { type: "submit" }, "Show"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
    location.hash = chosen.length > 0 ? `#/reminders?${new URLSearchParams(chosen)}` : "#/reminders";
  });
  form.elements.status.addEventListener("change", () => form.requestSubmit());
  return form;
}

const COLUMNS = [
  {
    name: "Due",
    cell: ({ id, due_at }) => make("a", { href: `#/reminders/${id}`, "aria-label": `Reminder ${id}` }, instant(due_at)),
  },
  {
    name: "Event",
    cell: ({ event_id, event_timestamp }) => [`${event_id} `, make("small", {}, `at ${wall(event_timestamp)}`)],
  },
  { name: "Reminder", cell: ({ reminder, kind }) => (kind === "automatic" ? leadWords(reminder) : kindName(kind)) },
  {
    name: "Status",
    cell: ({ status, reason }) => [statusChip(status), reason && make("small", {}, ` ${endedBecause(reason)}`)],
  },
  { name: "People", numeric: true, cell: ({ people }) => count(people) },
  { name: "Deliveries", cell: tally },
];

/** How the deliveries ended, as a strip with numbers. */
export function tally(row) {
  const parts = ENDS.filter((end) => row[end] > 0);
  if (parts.length === 0) return make("small", {}, "none");
  const strip = make(
    "span",
    { class: "strip", "aria-hidden": "true" },
    parts.map((end) => {
      const piece = make("i", { class: end });
      piece.style.flexGrow = row[end];
      return piece;
    }),
  );
  return make(
    "span",
    { class: "tally" },
    strip,
    make("small", {}, parts.map((end) => `${count(row[end])} ${end}`).join(", ")),
  );
}
