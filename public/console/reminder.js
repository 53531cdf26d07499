/** One reminder, followed person by person from due to settled. */
import { act, askForm, read } from "./api.js";
import { button, chip, empty, facts, fill, make } from "./dom.js";
import { growing } from "./list.js";
import { tally } from "./reminders.js";
import { revealed } from "./reveal.js";
import { steps } from "./steps.js";
import { between, instant, wall } from "./time.js";
import { count, endedBecause, kindName, leadWords, pickedBecause, statusChip } from "./words.js";

export async function reminder(root, { id, signal }) {
  const path = `reminders/${encodeURIComponent(id)}`;
  const first = await read(path, { limit: 50 }, signal);
  const head = first.data.reminder;
  const list = make("ol", { class: "cards people" });
  let open = false;
  /** Once personal data is shown, further pages show it too, and each is asked for and logged by itself. */
  const page = async (cursor) => {
    const answer =
      open && cursor !== null
        ? await act("reveal", { event_reminders_id: head.id, cursor }, await askForm())
        : cursor === null
          ? first
          : await read(path, { cursor, limit: 50 }, signal);
    return { data: answer.data.people, page: answer.page };
  };
  const people = make("div");
  const fillPeople = (load) => {
    list.replaceChildren();
    fill(
      people,
      growing({ load, frame: list, body: list, row: personCard, none: empty("Nobody", whyNobody(head)), signal }),
    );
  };
  const show = button(
    "Reveal personal data",
    async () => {
      const answer = await revealed(`the people of reminder ${head.id}`, { event_reminders_id: head.id });
      if (!answer) return;
      open = true;
      show.replaceWith(chip("personal data is shown", "late"));
      fillPeople(async (cursor) => (cursor === null ? { data: answer.data.people, page: answer.page } : page(cursor)));
    },
    "quiet",
  );
  fill(
    root,
    make("p", { class: "back" }, make("a", { href: "#/reminders" }, "All reminders")),
    make("div", { class: "head" }, make("h2", {}, `Reminder ${head.id}`), statusChip(head.status), show),
    make(
      "section",
      { class: "panel" },
      facts(
        ["Event", make("a", { href: `#/reminders?event_id=${head.event_id}` }, `${head.event_id}`)],
        ["Its time, where it is", wall(head.event_timestamp)],
        ["Begins", instant(head.starts_at)],
        ["Reminder", head.kind === "automatic" ? leadWords(head.reminder) : kindName(head.kind)],
        ["Group", head.group_id],
        ["Revision", head.revision],
        ["People", count(head.people)],
        ["Why it ended so", head.reason ? endedBecause(head.reason) : null],
      ),
      milestones(head),
      tally(head),
    ),
    make("h3", { class: "apart" }, "Person by person"),
    people,
  );
  fillPeople(page);
}

const whyNobody = ({ status }) =>
  status === "pending" ? "Its people are not picked yet." : "Nobody took part when it fell due.";

/** Claimed, due, sent from, handed on: each with its distance to the moment at which it was due. */
function milestones({ status, claimed_at, due_at, send_at, settled_at }) {
  const shifted = send_at && Math.abs(Date.parse(send_at) - Date.parse(due_at)) >= 1000;
  const all = [
    ["Claimed by the tick", claimed_at],
    ["Due", due_at],
    shifted && ["To be sent, by the clock", send_at],
    [status === "picked" || status === "pending" ? "All handed to their channels" : "Ended", settled_at],
  ].filter((one) => one?.[1] !== undefined && one !== false);
  const place = (at) => (at === null ? Number.MAX_SAFE_INTEGER : Date.parse(at));
  return make(
    "ol",
    { class: "milestones" },
    all
      .toSorted((a, b) => place(a[1]) - place(b[1]))
      .map(([name, at]) =>
        make(
          "li",
          { class: at === null ? "open" : "" },
          make("span", {}, name),
          make("b", {}, at === null ? "not yet" : instant(at)),
          at !== null && name !== "Due" && make("small", {}, distance(due_at, at)),
        ),
      ),
  );
}

const distance = (due, at) =>
  Date.parse(at) < Date.parse(due) ? `${between(at, due)} before it was due` : `${between(due, at)} after it was due`;

function personCard({ user_id, username, picked, reason, acknowledged_at, deliveries }) {
  const last = deliveries.at(-1);
  return make(
    "li",
    { class: "card" },
    make(
      "div",
      { class: "line" },
      make("a", { href: `#/people/${user_id}` }, username ? `${username}` : "erased"),
      make("span", { class: "small" }, `No. ${user_id}`),
      last ? statusChip(last.status) : chip(picked ? "waits for a channel" : "not picked", "soft"),
      acknowledged_at && chip("acknowledged", "good"),
    ),
    make(
      "ol",
      { class: "timeline" },
      make(
        "li",
        { class: picked ? "good" : "soft" },
        make("b", {}, picked ? "Picked" : "Not picked"),
        make("span", {}, ` ${pickedBecause(reason)}`),
      ),
      deliveries.map((one) => steps(one)),
      acknowledged_at && make("li", { class: "good" }, make("b", {}, "Acknowledged "), instant(acknowledged_at)),
    ),
  );
}
