import { make } from "./dom.js";
import { delayElement, timeElement } from "./time.js";

const MOST_LISTED = 40;
const LEAST_HEIGHT_PX = 72;
const MOST_HEIGHT_PX = 640;

/** A mailbox: its letters newest first, and one of them open. The newest is, until somebody picks another. */
export class Mailbox {
  #list = make("ol", { class: "letters", role: "list" });
  #reader = make("div", { class: "reader" });
  #count = make("span", { class: "mail-count" });
  #rows = new Map();
  #total = 0;
  #open = null;
  #picked = false;
  element;

  constructor(owner, address) {
    const head = make(
      "div",
      { class: "mail-head" },
      make("h3", {}, "Mailbox"),
      make("span", { class: "mail-address" }, address),
      this.#count,
    );
    this.element = make(
      "section",
      { class: "mailbox", "aria-label": `Mailbox of ${owner}, ${address}` },
      head,
      this.#list,
      this.#reader,
    );
  }

  add(message, fresh) {
    this.#total += 1;
    this.#count.textContent = this.#total === 1 ? "1 letter" : `${this.#total} letters`;
    const button = make(
      "button",
      {
        type: "button",
        class: `letter${fresh ? " unread" : ""}`,
        "aria-expanded": "false",
        onclick: () => this.pick(message.id),
      },
      make("span", { class: "letter-from" }, senderName(message)),
      timeElement(message.accepted_at),
      make("span", { class: "letter-subject" }, message.subject || "(no subject)"),
    );
    const row = make("li", {}, button);
    this.#rows.set(message.id, { message, button, row });
    this.#list.prepend(row);
    if (this.#rows.size > MOST_LISTED) this.#drop();
    if (!this.#picked) this.#show(message.id);
  }

  /** Opens a letter and keeps it open when others come. */
  pick(id) {
    if (!this.#rows.has(id)) return;
    this.#picked = id !== [...this.#rows.keys()].at(-1);
    this.#show(id);
    this.#rows.get(id).button.classList.remove("unread");
  }

  focus(id) {
    this.pick(id);
    this.#rows.get(id)?.button.focus();
  }

  #drop() {
    for (const [id, { row }] of this.#rows) {
      if (id === this.#open) continue;
      row.remove();
      this.#rows.delete(id);
      return;
    }
  }

  #show(id) {
    if (this.#open === id) return;
    this.#rows.get(this.#open)?.button.setAttribute("aria-expanded", "false");
    this.#open = id;
    const { message, button } = this.#rows.get(id);
    button.setAttribute("aria-expanded", "true");
    this.#reader.replaceChildren(...letterParts(message));
  }
}

const senderName = ({ headers }) =>
  (headers.From ?? "").replace(/\s*<[^>]*>\s*$/, "").replace(/^"|"$/g, "") || headers.From || "Unknown";

function letterParts(message) {
  const views = {
    Formatted: message.has_html ? () => frame(message) : null,
    Text: () => plain(message.text),
    Headers: () => headers(message),
  };
  const body = make("div", { class: "letter-body" });
  const buttons = Object.entries(views)
    .filter(([, view]) => view)
    .map(([name, view]) =>
      make("button", { type: "button", onclick: (event) => show(event.currentTarget, view) }, name),
    );
  function show(button, view) {
    for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
    body.replaceChildren(view());
  }
  buttons[0].click();
  const meta = make(
    "dl",
    { class: "letter-meta" },
    make("dt", {}, "From"),
    make("dd", {}, message.headers.From ?? ""),
    make("dt", {}, "To"),
    make("dd", {}, message.to),
    make("dt", {}, "Accepted"),
    make("dd", {}, timeElement(message.accepted_at), delayElement(message)),
  );
  return [
    make("h4", { class: "reader-subject" }, message.subject || "(no subject)"),
    meta,
    make("div", { class: "views", role: "group", "aria-label": "Show the letter as" }, ...buttons),
    body,
  ];
}

/** The letter's HTML comes from an address of its own, whose policy allows no script and loads nothing; a clicked link opens a new tab. */
function frame({ id, subject }) {
  const element = make("iframe", {
    src: `/messages/${encodeURIComponent(id)}/html`,
    title: `E-mail: ${subject}`,
    sandbox: "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    referrerpolicy: "no-referrer",
    loading: "lazy",
  });
  element.addEventListener("load", () => {
    // A document is never lower than its frame: measure it in a low one.
    element.style.height = `${LEAST_HEIGHT_PX}px`;
    const height = element.contentDocument?.documentElement?.scrollHeight ?? MOST_HEIGHT_PX;
    element.style.height = `${Math.min(Math.max(height, LEAST_HEIGHT_PX), MOST_HEIGHT_PX)}px`;
  });
  return element;
}

const plain = (text) => make("pre", { class: "plain", tabindex: "0" }, text);

const headers = (message) =>
  make(
    "dl",
    { class: "header-list" },
    ...Object.entries(message.headers).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
