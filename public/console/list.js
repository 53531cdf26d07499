/** Lists that grow by "More", as tables that become cards on a phone. */
import { Refused } from "./api.js";
import { button, fill, loading, make, trouble } from "./dom.js";

/** `columns`: [{ name, cell: (row) => what is shown, numeric }]. Roles are told, since a phone's style takes a table's meaning away. */
export function table({ caption, columns, rows = [], look = "" }) {
  const body = make("tbody", { role: "rowgroup" });
  const heads = columns.map(({ name, numeric }) =>
    make("th", { scope: "col", role: "columnheader", class: numeric && "number" }, name),
  );
  const row = (item) =>
    make(
      "tr",
      { role: "row" },
      columns.map(({ name, cell, numeric }) =>
        make("td", { role: "cell", "data-label": name, class: numeric && "number" }, make("div", {}, cell(item))),
      ),
    );
  body.append(...rows.map(row));
  const frame = make(
    "table",
    { role: "table", class: look },
    caption && make("caption", {}, caption),
    make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, heads)),
    body,
  );
  return { frame, body, row };
}

/**
 * Fills `body` with what `load(cursor)` answers, an element by `row` for each, and offers more while there is more. `frame` (which holds `body`) is
 * hidden while there is nothing. Answers an element that holds all of it.
 */
export function growing({ load, frame, body, row, none, signal }) {
  const foot = make("div", { class: "more" });
  frame.hidden = true;
  const next = async (cursor) => {
    fill(foot, loading());
    try {
      const { data, page } = await load(cursor);
      if (signal?.aborted) return;
      const items = data ?? [];
      const first = body.childElementCount;
      body.append(...items.map(row));
      frame.hidden = body.childElementCount === 0;
      const following = page?.next_cursor ?? null;
      fill(foot, following !== null && button("More", () => next(following)), frame.hidden && none);
      // Whoever pressed "More" goes on reading where the new ones begin.
      if (cursor !== null) focusInside(body.children[first]);
    } catch (error) {
      if (signal?.aborted || error.name === "AbortError") return;
      fill(
        foot,
        trouble(error instanceof Refused ? error : new Error(`The page failed: ${error.message}`), () => next(cursor)),
      );
    }
  };
  next(null);
  return make("div", { class: "growing" }, frame, foot);
}

function focusInside(element) {
  element?.querySelector("a, button, summary")?.focus({ preventScroll: true });
}
