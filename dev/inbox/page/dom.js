/**
 * Makes an element. Attributes that are null are left out; children are elements or text. Text is only ever inserted as text, so nothing in a
 * message can become markup.
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const ICONS = {
  sms: "M12 4c5 0 9 3.2 9 7.2s-4 7.2-9 7.2c-.9 0-1.8-.1-2.6-.3L5 20.5l.9-3.7C4.1 15.5 3 13.5 3 11.2 3 7.2 7 4 12 4Z",
  push: "M12 3c-3.6 0-6 2.7-6 6.3v3.5l-1.8 3.1c-.4.7.1 1.5.8 1.5h14c.7 0 1.2-.8.8-1.5L18 12.8V9.3C18 5.7 15.6 3 12 3Zm-2.6 15.8a2.6 2.6 0 0 0 5.2 0Z",
  email: "M3 7.5 12 13l9-5.5V7a2 2 0 0 0-2-2H5a2 2 0 0 0-2 2Zm0 2.3V17a2 2 0 0 0 2 2h14a2 2 0 0 0 2-2V9.8l-9 5.5Z",
};
export const CHANNEL_NAMES = { sms: "SMS", push: "Push", email: "E-mail" };
const APP_NAMES = { sms: "Messages", push: "Torium", email: "Mail" };
export const appName = (channel) => APP_NAMES[channel];

export function icon(channel) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[channel]);
  svg.append(path);
  const tile = make("span", { class: `tile tile-${channel}` });
  tile.append(svg);
  return tile;
}
