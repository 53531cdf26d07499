/** As much of Markdown as the description uses: headings, paragraphs, lists, tables, code and bold. */
import { element } from "./element.js";

export const markdown = (text) =>
  text
    .trim()
    .split(/\n{2,}/)
    .map(block);

function block(text) {
  const heading = /^(#+) (.*)$/.exec(text);
  if (heading) return element(`h${heading[1].length}`, {}, heading[2]);
  if (text.startsWith("- ")) {
    const items = text.slice(2).split(/\n- /);
    return element("ul", {}, ...items.map((item) => element("li", {}, ...inline(item))));
  }
  if (text.startsWith("|")) {
    const rows = text.split("\n").filter((row) => !/^\|[-|]+$/.test(row));
    const cells = rows.map((row) => row.slice(1, -1).split("|"));
    return element(
      "table",
      {},
      ...cells.map((row, place) =>
        element("tr", {}, ...row.map((cell) => element(place === 0 ? "th" : "td", {}, ...inline(cell.trim())))),
      ),
    );
  }
  return element("p", {}, ...inline(text));
}

const inline = (text) =>
  text.split(/(`[^`]+`)/).map((part) => (part.startsWith("`") ? element("code", {}, part.slice(1, -1)) : part));
