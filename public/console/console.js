/** The operator's console: who is signed in, which section the address names, and what went wrong. */
import { alerts } from "./alerts.js";
import { session, signOut } from "./api.js";
import { deadLetters } from "./dead-letters.js";
import { fill, loading, make, trouble } from "./dom.js";
import { overview } from "./overview.js";
import { people } from "./people.js";
import { reminder } from "./reminder.js";
import { reminders } from "./reminders.js";
import { accessOver, signInForm } from "./sign-in.js";
import { ZONE } from "./time.js";

const SECTIONS = {
  overview: { name: "Overview", show: overview },
  alerts: { name: "Alerts", show: alerts },
  "dead-letters": { name: "Dead letters", show: deadLetters },
  reminders: { name: "Reminders", show: (main, place) => (place.id ? reminder : reminders)(main, place) },
  people: { name: "People", show: people },
};

const main = document.querySelector("#main");
const bar = document.querySelector("#bar");
const foot = document.querySelector("#foot");
const nav = document.querySelector("#sections");
let leaving = new AbortController();
let mode = "token";

const links = Object.entries(SECTIONS).map(([name, section]) => {
  const badge = make("span", { class: "badge", hidden: true });
  const link = make("a", { href: `#/${name}` }, section.name, badge);
  nav.append(link);
  return { name, link, badge };
});

/** What waits for the operator, beside the name of its section. */
document.addEventListener("waiting", ({ detail }) => {
  for (const { name, badge } of links) {
    if (detail[name] === undefined) continue;
    badge.hidden = detail[name] === 0;
    badge.textContent = detail[name] > 99 ? "99+" : detail[name];
  }
});

/** "#/reminders/12?status=sent" -> { name, id, query }. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, id] = path.split("/");
  return { name: Object.hasOwn(SECTIONS, name) ? name : "overview", id, query: new URLSearchParams(query) };
}

async function open(moved) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { name, id, query } = place();
  for (const { name: own, link } of links) {
    if (own === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${SECTIONS[name].name} · Torium console`;
  const root = make("div", { class: `section ${name}` }, loading());
  fill(main, root);
  if (moved) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  try {
    await SECTIONS[name].show(root, { id, query, signal });
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    fill(
      root,
      trouble(error, () => open(false)),
    );
  }
}

function showSections() {
  bar.hidden = foot.hidden = false;
  document.querySelector("#sign-out").hidden = mode !== "token";
  main.removeAttribute("aria-busy");
  open(false);
}

function showSignIn(notice) {
  leaving.abort();
  bar.hidden = foot.hidden = true;
  main.removeAttribute("aria-busy");
  document.title = "Sign in · Torium console";
  fill(main, mode === "access" ? accessOver() : signInForm(notice, showSections));
  main.querySelector("input, button")?.focus();
}

document.addEventListener("session-over", () => {
  if (!bar.hidden) showSignIn("Your session is over. Sign in again to go on where you were.");
});
document.querySelector("#sign-out").addEventListener("click", async () => {
  try {
    await signOut();
    showSignIn("You are signed out.");
  } catch (error) {
    fill(
      main,
      trouble(error, () => open(false)),
    );
  }
});
// The link to the content is none of the sections' addresses.
document.querySelector("#skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("hashchange", () => {
  if (!bar.hidden) open(true);
});
const offline = () => {
  document.querySelector("#offline").hidden = navigator.onLine;
};
addEventListener("online", offline);
addEventListener("offline", offline);
fill(
  foot,
  `Times are those of ${ZONE}; hold the pointer over one for UTC. Personal data is masked until it is asked for, and the asking is logged.`,
);

async function begin() {
  try {
    const known = await session();
    mode = known.mode;
    if (known.signed_in) showSections();
    else showSignIn();
  } catch (error) {
    main.removeAttribute("aria-busy");
    fill(main, trouble(error, begin));
  }
}
offline();
begin();
