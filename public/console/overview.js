import { read } from "./api.js";
import { drawCharts } from "./charts.js";
import { empty, fill, loading, make, trouble } from "./dom.js";
import { table } from "./list.js";
import { instant, since, span } from "./time.js";
import { channelName, count, endedBecause, statusChip } from "./words.js";

const RANGES = { 15: "15 m", 60: "1 h", 180: "3 h", 1440: "24 h" };
const EVERY_MS = 10_000;
/** A tick is due each minute; a second one that is missing is worth a look. */
const TICK_LATE_SECONDS = 150;
const OVERDUE_LATE_SECONDS = 60;

export async function overview(root, { query, signal }) {
  const minutes = Object.hasOwn(RANGES, query.get("minutes") ?? "") ? query.get("minutes") : "60";
  const state = make("span", { class: "state", role: "status" }, "Loading…");
  const tiles = make("dl", { class: "tiles" });
  const charts = make("div", { class: "charts" });
  const tables = make("div", { class: "pair" });
  const note = make("div", { class: "note" });
  fill(
    root,
    make("div", { class: "head" }, make("h2", {}, "Overview"), state, ranges(minutes)),
    note,
    loading(),
    tiles,
    charts,
    tables,
  );
  const draw = await drawCharts(charts, signal);
  let answered = null;

  const refresh = async () => {
    try {
      const { data } = await read("overview", { minutes }, signal);
      root.querySelector(":scope > .skeleton")?.remove();
      answered = new Date();
      fill(note, data.cut && cutAt(data.from));
      fill(state, "as of ", instant(answered.toISOString()));
      state.dataset.state = "live";
      fill(tiles, figures(data));
      draw(data);
      fill(tables, outcomes(data), backlogs(data));
      document.dispatchEvent(
        new CustomEvent("waiting", { detail: { alerts: data.alerts, "dead-letters": data.dead_letters } }),
      );
    } catch (error) {
      if (signal.aborted) return;
      root.querySelector(":scope > .skeleton")?.remove();
      state.dataset.state = "lost";
      fill(state, answered ? "not up to date" : "no answer");
      fill(note, trouble(error, refresh));
    }
  };
  await refresh();
  whileVisible(refresh, signal);
}

const cutAt = (from) =>
  make("p", {}, "More was sent than is counted here: the figures, charts and outcomes begin at ", instant(from), ".");

/** Every ten seconds while the page is looked at, and at once when somebody looks at it again. */
function whileVisible(refresh, signal) {
  let timer;
  const plan = () => {
    clearTimeout(timer);
    if (!signal.aborted && document.visibilityState === "visible") timer = setTimeout(again, EVERY_MS);
  };
  const again = async () => {
    await refresh();
    plan();
  };
  const looked = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") again();
  };
  document.addEventListener("visibilitychange", looked, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  plan();
}

const ranges = (chosen) =>
  make(
    "nav",
    { class: "ranges", "aria-label": "Range" },
    Object.entries(RANGES).map(([minutes, name]) =>
      make("a", { href: `#/overview?minutes=${minutes}`, "aria-current": minutes === chosen && "true" }, name),
    ),
  );

function figures({ last_tick_at, oldest_overdue_at, lateness, dead_letters, alerts, sms }) {
  const ago = (at) => (at ? (Date.now() - Date.parse(at)) / 1000 : null);
  const spent = Number(sms.spent_usd);
  const budget = Number(sms.budget_usd);
  const part = budget > 0 ? spent / budget : 0;
  return [
    tile("Last tick", since(last_tick_at), {
      bad: last_tick_at === null || ago(last_tick_at) > TICK_LATE_SECONDS,
      small: last_tick_at && instant(last_tick_at),
    }),
    tile("Oldest overdue", oldest_overdue_at ? since(oldest_overdue_at) : "none", {
      bad: oldest_overdue_at !== null && ago(oldest_overdue_at) > OVERDUE_LATE_SECONDS,
      small: oldest_overdue_at ? instant(oldest_overdue_at) : "everything due is settled",
    }),
    tile("Lateness p50", seconds(lateness.p50), { small: "half are at least as early" }),
    tile("Lateness p95", seconds(lateness.p95), { small: "19 of 20" }),
    tile("Lateness p99", seconds(lateness.p99), { small: "99 of 100" }),
    tile("Dead letters", count(dead_letters), {
      bad: dead_letters > 0,
      href: "#/dead-letters",
      small: dead_letters > 0 ? "wait for a replay" : "none waits",
    }),
    tile("Open alerts", count(alerts), {
      bad: alerts > 0,
      href: "#/alerts",
      small: alerts > 0 ? "look at them" : "all is well",
    }),
    tile("SMS this month", `$${spent.toFixed(2)}`, {
      bad: part >= 0.8,
      small: `of $${budget.toLocaleString("en-GB")}`,
      share: part,
    }),
  ];
}

const seconds = (value) => (value === null || value === undefined ? "–" : span(value));

function tile(name, value, { bad = false, small = null, href = null, share = null } = {}) {
  const meter =
    share !== null &&
    make("progress", { max: 1, value: Math.min(1, share), "aria-label": `${name}: part of the budget` });
  return make(
    "div",
    { class: bad ? "tile bad" : "tile" },
    make("dt", {}, href ? make("a", { href }, name) : name),
    make("dd", {}, value, meter, small && make("small", {}, small)),
  );
}

function outcomes({ outcomes: list }) {
  const sum = list.reduce((total, one) => total + one.count, 0);
  const most = Math.max(1, ...list.map((one) => one.count));
  const rows = list.toSorted((a, b) => b.count - a.count);
  const columns = [
    { name: "Channel", cell: ({ channel }) => channelName(channel) },
    { name: "Outcome", cell: ({ outcome }) => statusChip(outcome) },
    { name: "Reason", cell: ({ reason }) => endedBecause(reason) },
    {
      name: "Deliveries",
      numeric: true,
      cell: (one) =>
        make(
          "span",
          { class: "bar-number" },
          make("progress", { max: most, value: one.count, "aria-hidden": "true" }),
          count(one.count),
        ),
    },
    {
      name: "Share",
      numeric: true,
      cell: (one) => `${((100 * one.count) / sum).toFixed(one.count * 10 < sum ? 1 : 0)} %`,
    },
  ];
  return panel(
    "Outcomes by channel and reason",
    list.length > 0 ? table({ columns, rows }).frame : empty("Nothing was settled", "in this range."),
  );
}

function backlogs({ queues }) {
  const columns = [
    { name: "Queue", cell: ({ queue }) => make("code", {}, queue) },
    { name: "Waiting", numeric: true, cell: ({ waiting }) => count(waiting) },
    { name: "Oldest", numeric: true, cell: ({ oldest_at }) => (oldest_at ? since(oldest_at) : "–") },
  ];
  return panel("Due and not settled, by queue", table({ columns, rows: queues }).frame);
}

const panel = (title, ...content) => make("section", { class: "panel" }, make("h3", {}, title), content);
