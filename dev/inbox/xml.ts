const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
// XML 1.0 has no way to write most control characters.
const unwritable = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const escaped = (text: string) =>
  text.replace(unwritable, "\u{FFFD}").replace(/[&<>"']/g, (character) => ENTITIES[character]!);

export const element = (name: string, content: string) => `<${name}>${escaped(content)}</${name}>`;

export const entries = (name: string, map: Record<string, string>) =>
  `<${name}>${Object.entries(map)
    .map(([key, value]) => `<entry>${element("key", key)}${element("value", value)}</entry>`)
    .join("")}</${name}>`;
