/** "Why did I get nothing?": what decides a person's channel, and what became of each of their reminders. */
import { ask } from "./api.js";
import { button, chip, empty, facts, fill, loading, make, trouble } from "./dom.js";
import { growing } from "./list.js";
import { revealed } from "./reveal.js";
import { steps } from "./steps.js";
import { instant, wall } from "./time.js";
import { channelName, counted, endedBecause, pickedBecause } from "./words.js";

const PREFERENCES = { SMS: "sms", PUSH: "push", EMAIL: "email" };

/** An address does not belong in the page's own address either: only a number is kept there. */
export async function people(root, { id, signal }) {
  const found = make("div", { class: "section" });
  const form = make(
    "form",
    { class: "fields", role: "search" },
    make(
      "label",
      {},
      "Who ",
      make("input", {
        name: "who",
        required: true,
        value: id,
        placeholder: "an id, or an e-mail address",
        autocomplete: "off",
        spellcheck: "false",
      }),
    ),
    make("button", { type: "submit" }, "Find"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const who = form.elements.who.value.trim();
    if (/^\d+$/.test(who) && who !== id) location.hash = `#/people/${who}`;
    else find(found, who, signal);
  });
  fill(
    root,
    make("div", { class: "head" }, make("h2", {}, "People")),
    make("p", { class: "lead" }, "Somebody asks why nothing came: find them by their id or e-mail address."),
    form,
    found,
  );
  if (id) await find(found, id, signal);
}

async function find(place, who, signal) {
  fill(place, loading());
  let first;
  try {
    first = await ask("person", { who }, { limit: 50 }, signal);
  } catch (error) {
    if (signal.aborted) return;
    fill(
      place,
      error.status === 404
        ? empty("Nobody", "There is no such person, or they were erased.")
        : trouble(error, () => find(place, who, signal)),
    );
    return;
  }
  const { person } = first.data;
  const list = make("ol", { class: "cards people" });
  const about = make("div", {}, aboutPerson(person));
  const show = button(
    "Reveal personal data",
    async () => {
      const answer = await revealed(`person ${person.user_id}`, { user_id: person.user_id });
      if (!answer) return;
      fill(about, aboutPerson(answer.data.person));
      show.replaceWith(chip("personal data is shown", "late"));
    },
    "quiet",
  );
  fill(
    place,
    make(
      "section",
      { class: "panel" },
      make("div", { class: "head" }, make("h3", {}, `Person ${person.user_id}`), show),
      about,
      make("h4", {}, "What decides their channel"),
      make("ol", { class: "timeline" }, channels(person)),
    ),
    make("h3", { class: "apart" }, "Their reminders, newest first"),
    growing({
      load: async (cursor) => {
        const answer =
          cursor === null ? first : await ask("person", { who: String(person.user_id) }, { cursor, limit: 50 }, signal);
        return { data: byReminder(answer.data.deliveries), page: answer.page };
      },
      frame: list,
      body: list,
      row: reminderCard,
      none: empty(
        "No reminder of theirs is in the ledger",
        "They took part in nothing that fell due, or it is past its keeping.",
      ),
      signal,
    }),
  );
}

const aboutPerson = ({ username, email, mobile_number, confirmed_at, time_zone, locale }) =>
  facts(
    ["Name", username],
    ["E-mail", email],
    ["Mobile number", mobile_number ?? "none verified"],
    ["Confirmed", confirmed_at === undefined ? null : confirmed_at === null ? "not yet" : instant(confirmed_at)],
    ["Time zone", time_zone],
    ["Language", locale],
  );

/** Each channel in the order in which it is tried, and what keeps it from them. */
function channels({
  reminder_preferences,
  verified,
  mobile_number,
  devices,
  unsubscribed,
  suppressed_address,
  switched_off = [],
}) {
  const chosen = PREFERENCES[reminder_preferences] ?? "email";
  const refused = [suppressed_address ?? []].flat();
  const off = (channel) => (switched_off ?? []).includes(channel) && "switched off by themselves";
  const suppressed = (channel) => {
    const found = refused.find((one) => one.channel === channel);
    return found && `must not be written to: ${endedBecause(found.reason)}`;
  };
  const hindrances = {
    email: suppressed("email") || (unsubscribed && "unsubscribed") || off("email"),
    push:
      (devices?.live === 0 && `no live device${devices.dead > 0 ? `, ${counted(devices.dead, "dead one")}` : ""}`) ||
      off("push"),
    sms: (!(verified ?? mobile_number) && "no verified number") || suppressed("sms") || off("sms"),
  };
  const fits = { email: "open", push: counted(devices?.live ?? 0, "live device"), sms: "verified number" };
  const order = [chosen, ...["email", "push", "sms"].filter((channel) => channel !== chosen)];
  return order.map((channel, place) =>
    make(
      "li",
      { class: hindrances[channel] ? "bad" : "good" },
      make("b", {}, channelName(channel)),
      make(
        "span",
        {},
        ` ${place === 0 ? (reminder_preferences ? "their own choice" : "first, as they chose none") : "if the others fail"}: `,
      ),
      make("span", {}, hindrances[channel] || fits[channel]),
    ),
  );
}

/** A page holds whole reminders: each with all its deliveries. */
const byReminder = (deliveries) => [...Map.groupBy(deliveries, (one) => one.event_reminders_id).values()];

function reminderCard(deliveries) {
  const [first] = deliveries;
  const { event_reminders_id, event_id, event_timestamp, due_at, picked, picked_reason, event_reminders_reason } =
    first;
  const sent = deliveries.filter((one) => one.channel);
  return make(
    "li",
    { class: "card" },
    make(
      "div",
      { class: "line" },
      make("a", { href: `#/reminders/${event_reminders_id}` }, `Reminder ${event_reminders_id}`),
      make("span", { class: "small" }, `of event ${event_id} at ${wall(event_timestamp)}, due `, instant(due_at)),
    ),
    make(
      "ol",
      { class: "timeline" },
      make(
        "li",
        { class: picked ? "good" : "soft" },
        make("b", {}, picked ? "Picked" : "Not picked"),
        ` ${pickedBecause(picked_reason)}`,
      ),
      sent.map(steps),
      event_reminders_reason &&
        make(
          "li",
          { class: "late" },
          make("b", {}, "The whole reminder"),
          ` ended: ${endedBecause(event_reminders_reason)}`,
        ),
    ),
  );
}
