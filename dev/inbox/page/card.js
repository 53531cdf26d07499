import { make } from "./dom.js";
import { Mailbox } from "./mailbox.js";
import { hueOf, initials, shortened, spaced } from "./people.js";
import { Phone } from "./phone.js";

let cards = 0;

/** One person: a phone, and a mailbox once e-mail has come. */
export class Card {
  #person;
  #mailbox = null;
  #devices = make("div", { class: "devices" });
  element;
  phone;

  constructor(person) {
    this.#person = person;
    const id = `card-${++cards}`;
    const { name, phone, email, device_token } = person;
    const addresses = [phone && spaced(phone), email, device_token && `device ${shortened(device_token)}`].filter(
      Boolean,
    );
    const shown = addresses.filter((address) => address !== name && address.toLowerCase() !== name.toLowerCase());
    this.phone = new Phone(name, addresses.filter((address) => address !== name).join(", "), (messageId) =>
      this.#mailbox?.focus(messageId),
    );
    this.#devices.append(this.phone.element);
    this.element = make(
      "article",
      { class: "card", id, tabindex: "-1", "aria-labelledby": `${id}-name` },
      make(
        "header",
        { class: "person" },
        make("span", { class: "avatar", "aria-hidden": "true" }, initials(name)),
        make(
          "div",
          { class: "who" },
          make("h2", { id: `${id}-name` }, name),
          ...shown.map((address) => make("p", { class: "address" }, address)),
        ),
      ),
      this.#devices,
    );
    this.element.style.setProperty("--hue", hueOf(person.key));
  }

  add(message, fresh) {
    this.phone.add(message, fresh);
    if (message.channel !== "email") return;
    if (!this.#mailbox) {
      this.#mailbox = new Mailbox(this.#person.name, message.to);
      this.#devices.append(this.#mailbox.element);
    }
    this.#mailbox.add(message, fresh);
  }
}
