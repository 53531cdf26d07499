/** Who is behind an address: a person that the stack named (PUT /people), else a name guessed from the address itself. */
export class People {
  #byAddress = new Map();

  constructor(people = []) {
    for (const person of people) {
      const known = { key: `person ${person.name} ${person.email ?? person.phone ?? person.device_token}`, ...person };
      for (const address of [person.email, person.phone, person.device_token]) {
        if (address) this.#byAddress.set(address, known);
      }
    }
  }

  of({ to, channel }) {
    return this.#byAddress.get(to) ?? guess(to, channel);
  }
}

function guess(to, channel) {
  if (channel === "email") return { key: to, name: nameOf(to), email: to };
  if (channel === "sms") return { key: to, name: spaced(to), phone: to };
  return { key: to, name: `Device ${shortened(to)}`, device_token: to };
}

/** "anna.nowak+torium@…" reads Anna Nowak. */
function nameOf(address) {
  const words = address
    .split("@")[0]
    .split("+")[0]
    .split(/[._-]+/)
    .filter(Boolean);
  return words.map((word) => word[0].toUpperCase() + word.slice(1)).join(" ") || address;
}

/** A number in groups of three from the right, after a country code of two digits or one. */
export function spaced(number) {
  const [, country, rest] = /^(\+(?:1|7|\d\d))(\d+)$/.exec(number) ?? [];
  return rest ? `${country} ${rest.replace(/\B(?=(\d{3})+$)/g, " ")}` : number;
}

export const shortened = (token) => (token.length > 14 ? `${token.slice(0, 6)}…${token.slice(-4)}` : token);

export function initials(name) {
  const letters = name.split(/\s+/).map((word) => [...word][0] ?? "");
  const both = (letters[0] ?? "") + (letters.length > 1 ? letters.at(-1) : "");
  return /^\p{L}+$/u.test(both) ? both.toUpperCase() : "#";
}

/** Neighbours that are easy to tell apart. */
const HUES = [262, 200, 335, 168, 20, 230, 300, 185, 355, 250, 45, 215];
const hues = new Map();

/** A colour that stays with a person as long as the page is open. */
export function hueOf(key) {
  if (!hues.has(key)) hues.set(key, HUES[hues.size % HUES.length]);
  return hues.get(key);
}
