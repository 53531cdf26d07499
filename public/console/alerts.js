import { act, read } from "./api.js";
import { confirmed } from "./confirm.js";
import { button, chip, empty, fill, make, toast } from "./dom.js";
import { growing, table } from "./list.js";
import { between, instant, since, span } from "./time.js";
import { count } from "./words.js";

const SILENCES = { 15: "15 minutes", 60: "1 hour", 240: "4 hours", 1440: "24 hours" };

export async function alerts(root, { signal }) {
  const show = async () => {
    const { data, page } = await read("alerts", {}, signal);
    const open = data.filter(({ closed_at }) => closed_at === null);
    const closed = data.filter(({ closed_at }) => closed_at !== null);
    document.dispatchEvent(new CustomEvent("waiting", { detail: { alerts: open.length } }));
    fill(
      root,
      make(
        "div",
        { class: "head" },
        make("h2", {}, "Alerts"),
        button("Look now", () => lookNow(reload)),
        button("Refresh", reload, "quiet"),
      ),
      open.length > 0
        ? make(
            "ol",
            { class: "cards" },
            open.map((one) => alertCard(one, reload)),
          )
        : empty("No alert is open", "Every part was well at the last look, which is every five minutes."),
      make(
        "section",
        { class: "panel" },
        make("h3", {}, "Over, in the last seven days"),
        closedList({ data: closed, page }, signal),
      ),
    );
  };
  const reload = () => show().catch((error) => toast(error.message));
  await show();
}

async function lookNow(reload) {
  const done = await confirmed({
    title: "Look at every part now?",
    text: "As every five minutes: asks each service how it is, and tells Discord what broke and what is well again. It may take a minute.",
    verb: "Look now",
    run: async (token) => {
      const { faults, told } = (await act("look", {}, token)).data;
      const found = faults.length > 0 ? `Found ${faults.join(", ")}.` : "Every part is well.";
      return told ? found : `${found} Discord is not told of everything yet; the next look tries again.`;
    },
  });
  if (!done) return;
  toast(done);
  reload();
}

function alertCard(alert, reload) {
  const { id, part, key, message, opened_at, seen_at, acknowledged_at, silenced_until } = alert;
  const silent = silenced_until !== null && Date.parse(silenced_until) > Date.now();
  return make(
    "li",
    { class: acknowledged_at || silent ? "card" : "card loud" },
    make(
      "div",
      { class: "line" },
      chip(part, "bad"),
      make("code", {}, key),
      alert.count > 1 && chip(`${count(alert.count)} times`),
      acknowledged_at && chip("acknowledged", "good"),
      silent && chip("silenced", "soft"),
    ),
    make("p", { class: "message" }, message),
    make(
      "p",
      { class: "small" },
      "Since ",
      instant(opened_at),
      ` (${between(opened_at, new Date().toISOString())}), last seen `,
      since(seen_at),
      acknowledged_at && [", acknowledged ", instant(acknowledged_at)],
      silent && [", silent until ", instant(silenced_until)],
      ".",
    ),
    make(
      "div",
      { class: "buttons" },
      !acknowledged_at && button("Acknowledge", () => acknowledge(id, part, reload)),
      silent
        ? button("End the silence", () => silence(alert, 0, reload), "quiet")
        : button("Silence…", () => silence(alert, null, reload), "quiet"),
    ),
  );
}

async function acknowledge(alert_id, part, reload) {
  const done = await confirmed({
    title: "Acknowledge this alert?",
    text: `Discord is told no more of "${part}" until it is over. Its end is still told.`,
    verb: "Acknowledge",
    run: async (token) => {
      await act("acknowledge", { alert_id }, token);
      return true;
    },
  });
  if (!done) return;
  toast("Acknowledged.");
  reload();
}

/** `minutes` null: asks for how long. */
async function silence({ id: alert_id, part }, minutes, reload) {
  const choice = make(
    "fieldset",
    { class: "choice" },
    make("legend", {}, "For how long?"),
    Object.entries(SILENCES).map(([value, name], place) =>
      make("label", {}, make("input", { type: "radio", name: "minutes", value, checked: place === 1 }), name),
    ),
  );
  const done = await confirmed({
    title: minutes === 0 ? "End the silence?" : "Silence this alert?",
    text:
      minutes === 0
        ? `"${part}" is told again while it lasts.`
        : `"${part}" is not told again for a while, even if it gets worse.`,
    fields: minutes === 0 ? [] : [choice],
    verb: minutes === 0 ? "End it" : "Silence",
    run: async (token, values) => {
      const chosen = minutes ?? Number(values.minutes);
      await act("silence", { alert_id, minutes: chosen }, token);
      return chosen === 0 ? "The silence is over." : `Silent for ${span(chosen * 60)}.`;
    },
  });
  if (!done) return;
  toast(done);
  reload();
}

function closedList(first, signal) {
  const columns = [
    { name: "Part", cell: ({ part }) => chip(part) },
    { name: "What", cell: ({ message, key }) => make("span", { class: "message" }, message || key) },
    { name: "Opened", cell: ({ opened_at }) => instant(opened_at) },
    { name: "Lasted", numeric: true, cell: ({ opened_at, closed_at }) => between(opened_at, closed_at) },
    { name: "Seen", numeric: true, cell: (one) => count(one.count) },
  ];
  const shown = table({ columns });
  return growing({
    ...shown,
    load: async (cursor) => (cursor === null ? first : read("alerts", { cursor }, signal)),
    none: empty("Nothing was over lately", "Alerts that closed in the last seven days stand here."),
    signal,
  });
}
