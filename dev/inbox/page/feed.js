import { CHANNEL_NAMES, icon, make } from "./dom.js";
import { delayElement, timeElement } from "./time.js";

const MOST_LISTED = 100;
const WORDS_AFTER_MS = 600;

/** The list of all that came, newest first; an entry leads to its person. */
export class Feed {
  #list = document.querySelector("#feed");
  #count = document.querySelector("#feed-count");

  add(message, person, card, fresh) {
    const entry = make(
      "a",
      { href: `#${card.element.id}`, class: fresh ? "fresh" : null },
      icon(message.channel),
      make("span", { class: "feed-who" }, person.name),
      make("span", { class: "feed-when" }, delayElement(message), timeElement(message.accepted_at)),
      make(
        "span",
        { class: "feed-what" },
        make("span", { class: "unseen" }, `${CHANNEL_NAMES[message.channel]}: `),
        headline(message),
      ),
    );
    this.#list.prepend(make("li", {}, entry));
    if (this.#list.children.length > MOST_LISTED) this.#list.lastElementChild.remove();
  }

  count(total) {
    this.#count.textContent =
      total === 0 ? "No messages" : total === 1 ? "1 message" : `${total.toLocaleString("en")} messages`;
  }

  clear() {
    this.#list.replaceChildren();
  }
}

export const headline = ({ title, subject, text }) =>
  [title || subject, text].filter(Boolean).join(": ").replace(/\s+/g, " ").slice(0, 160);

/** Tells a screen reader what came, gathered, so that a burst is one sentence. */
export class Announcer {
  #element = document.querySelector("#announcer");
  #waiting = [];
  #timer = null;

  tell(message, person) {
    this.#waiting.push(`${CHANNEL_NAMES[message.channel]} for ${person.name}: ${headline(message)}`);
    if (this.#timer === null) this.#timer = setTimeout(() => this.#speak(), WORDS_AFTER_MS);
  }

  #speak() {
    this.#timer = null;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#element.textContent = lines.length > 3 ? `${lines.length} new messages` : lines.join(". ");
  }
}
