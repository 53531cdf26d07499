import { Card } from "./card.js";
import { Announcer, Feed } from "./feed.js";
import { People } from "./people.js";

/** The page keeps and shows the newest; everything is in GET /messages. */
const MOST_KEPT = 2000;
const MOST_CARDS = 60;
const RETRY_AFTER_MS = 2000;

const find = (selector) => document.querySelector(selector);
const [state, tools, welcome, cardsElement, morePeople] = [
  "#state",
  "#tools",
  "#welcome",
  "#cards",
  "#more-people",
].map(find);
const feed = new Feed();
const announcer = new Announcer();

let messages = [];
let total = 0;
let named = [];
let people = new People();
/** By the person's key, the one heard from last at the end. */
let cards = new Map();
let hidden = new Set();

const wanted = () => {
  const { channel, find: words } = Object.fromEntries(new FormData(tools));
  return { channel, words: words.trim().toLowerCase() };
};

function fits(message, { channel, words }) {
  if (channel && message.channel !== channel) return false;
  if (!words) return true;
  const { name } = people.of(message);
  return [name, message.to, message.title, message.subject, message.text].some((part) =>
    part?.toLowerCase().includes(words),
  );
}

function show(message, fresh) {
  const person = people.of(message);
  let card = cards.get(person.key);
  if (!card) {
    card = new Card(person);
    hidden.delete(person.key);
    // People keep their places, so that nothing moves under a reader's eyes.
    cardsElement.append(card.element);
  }
  cards.delete(person.key);
  cards.set(person.key, card);
  card.add(message, fresh);
  feed.add(message, person, card, fresh);
  if (fresh) announcer.tell(message, person);
  if (cards.size > MOST_CARDS) {
    const [key, oldest] = cards.entries().next().value;
    oldest.element.remove();
    cards.delete(key);
    hidden.add(key);
  }
}

function redraw() {
  cards = new Map();
  hidden = new Set();
  cardsElement.replaceChildren();
  feed.clear();
  const filter = wanted();
  for (const message of messages) if (fits(message, filter)) show(message, false);
  settle();
}

function settle() {
  feed.count(total);
  welcome.hidden = cards.size > 0;
  const narrowed = total > 0;
  find("#welcome-title").textContent = narrowed ? "Nothing here fits" : "Nothing has arrived yet";
  find("#welcome-text").hidden = narrowed;
  find("#welcome-hint").hidden = narrowed;
  find("#welcome-narrow").hidden = !narrowed;
  morePeople.hidden = hidden.size === 0;
  morePeople.textContent = `The ${MOST_CARDS} heard from last; ${hidden.size} more are left out. Find somebody by name, number or address above.`;
}

/** After each reconnection too: who reads a letter keeps it open unless something changed. */
function regroup(anew) {
  if (JSON.stringify(anew) === JSON.stringify(named)) return;
  named = anew;
  people = new People(named);
  redraw();
}

function tell(kind, text) {
  if (state.dataset.state === kind) return;
  state.dataset.state = kind;
  state.textContent = text;
}

function connect() {
  const stream = new EventSource("/events");
  stream.addEventListener("open", () => tell("live", "Live"));
  stream.addEventListener("start", ({ data }) => {
    const start = JSON.parse(data);
    named = start.people;
    people = new People(named);
    messages = start.messages;
    total = start.total;
    redraw();
  });
  stream.addEventListener("more", ({ data }) => {
    const more = JSON.parse(data);
    const filter = wanted();
    total = more.total;
    messages.push(...more.messages);
    if (messages.length > MOST_KEPT) messages = messages.slice(-MOST_KEPT);
    for (const message of more.messages) if (fits(message, filter)) show(message, true);
    settle();
  });
  stream.addEventListener("people", ({ data }) => {
    regroup(JSON.parse(data).people);
  });
  stream.addEventListener("error", () => {
    tell("lost", "Connection lost, trying again…");
    // The browser tries again by itself unless it has given up.
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_AFTER_MS);
  });
}

tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("input", redraw);

/** The first press asks, the second empties. */
const emptyButton = find("#empty-inbox");
const emptyWords = emptyButton.textContent;
emptyButton.addEventListener("click", async () => {
  if (emptyButton.dataset.sure === undefined) {
    emptyButton.dataset.sure = "";
    emptyButton.textContent = "Really? Press again";
    return;
  }
  calm();
  await fetch("/messages", { method: "DELETE" }).catch(() => tell("lost", "Connection lost, trying again…"));
});
emptyButton.addEventListener("blur", calm);
function calm() {
  delete emptyButton.dataset.sure;
  emptyButton.textContent = emptyWords;
}

setInterval(() => {
  for (const card of cards.values()) card.phone.tick();
}, 5000);

connect();
