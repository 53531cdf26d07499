import { appName, icon, make } from "./dom.js";
import { clockNow, dayNow, delayElement, timeElement } from "./time.js";

/** Older ones leave the screen; they stay in the feed's count and in GET /messages. */
const MOST_ON_SCREEN = 40;

/** A phone whose lock screen shows what came, newest first. */
export class Phone {
  #list = make("ol", { class: "notes", role: "list" });
  #older = 0;
  #olderNote = make("p", { class: "older", hidden: true });
  #onMail;
  element;

  constructor(owner, addresses, onMail) {
    this.#onMail = onMail;
    const clock = make("p", { class: "clock", "aria-hidden": "true" });
    const day = make("p", { class: "day", "aria-hidden": "true" });
    this.tick = () => {
      clock.textContent = clockNow();
      day.textContent = dayNow();
    };
    this.tick();
    const status = make(
      "div",
      { class: "status", "aria-hidden": "true" },
      make("span", { class: "bars" }),
      make("span", { class: "battery" }),
    );
    const scroller = make(
      "div",
      { class: "scroller", tabindex: "0", role: "group", "aria-label": `Notifications of ${owner}, newest first` },
      this.#list,
      this.#olderNote,
    );
    const screen = make(
      "div",
      { class: "screen" },
      status,
      day,
      clock,
      scroller,
      make("span", { class: "home", "aria-hidden": "true" }),
    );
    this.element = make(
      "section",
      { class: "phone", "aria-label": addresses ? `Phone of ${owner}, ${addresses}` : `Phone of ${owner}` },
      screen,
    );
  }

  add(message, fresh) {
    this.#list.prepend(this.#note(message, fresh));
    if (this.#list.children.length > MOST_ON_SCREEN) {
      this.#list.lastElementChild.remove();
      this.#older += 1;
      this.#olderNote.hidden = false;
      this.#olderNote.textContent = `${this.#older} older`;
    }
  }

  #note(message, fresh) {
    const { channel, id } = message;
    const head = make(
      "div",
      { class: "note-head" },
      icon(channel),
      make("span", { class: "app" }, sender(message)),
      delayElement(message),
      timeElement(message.accepted_at),
    );
    const title = channel === "email" ? message.subject : message.title;
    const body = make("p", { class: "note-text" }, channel === "email" ? firstLines(message.text) : message.text);
    const content = [head, title ? make("p", { class: "note-title" }, title) : null, body];
    if (channel === "email")
      content.push(
        make("button", { type: "button", class: "open-mail", onclick: () => this.#onMail(id) }, "Read the e-mail"),
      );
    return make("li", { class: `note note-${channel}${fresh ? " fresh" : ""}` }, ...content);
  }
}

/** An SMS may come under a name instead of a number. */
const sender = ({ channel, headers }) => headers["AWS.SNS.SMS.SenderID"] ?? appName(channel);

const firstLines = (text) => {
  const words = text.replace(/\s+/g, " ").trim();
  return words.length > 120 ? `${words.slice(0, 119)}…` : words;
};
