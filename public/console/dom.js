/**
 * Makes an element. Attributes that are null, undefined or false are left out; `on…` is a listener. Text only ever enters as text, so that nothing
 * in the data can become markup.
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...shown(children));
  return element;
}

export const fill = (element, ...children) => element.replaceChildren(...shown(children));

const shown = (children) => children.flat().filter((child) => child !== null && child !== undefined && child !== false);

export const button = (text, onclick, look = "") => make("button", { type: "button", class: look, onclick }, text);

export const chip = (text, look = "") => make("span", { class: `chip ${look}` }, text);

/** A list of names and values; pairs whose value is null or undefined are left out. */
export const facts = (...pairs) =>
  make(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))),
  );

export const loading = () =>
  make(
    "div",
    { class: "skeleton", role: "status" },
    make("span", { class: "unseen" }, "Loading…"),
    make("i"),
    make("i"),
    make("i"),
  );

export const empty = (title, text) => make("div", { class: "empty" }, make("strong", {}, title), make("p", {}, text));

/** What went wrong, and a way to try again. */
export const trouble = (error, again) =>
  make(
    "div",
    { class: "trouble", role: "alert" },
    make("p", {}, error.message),
    error.request_id && make("p", { class: "small" }, `Request ${error.request_id}`),
    again && button("Try again", again),
  );

let fading;
/** Says in passing what was done. */
export function toast(text) {
  const place = document.querySelector("#toast");
  clearTimeout(fading);
  place.textContent = text;
  place.hidden = false;
  fading = setTimeout(() => {
    place.hidden = true;
  }, 8_000);
}
