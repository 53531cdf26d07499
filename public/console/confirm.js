/** The confirmation of an action. Its form is asked for when it opens, and spent by the action. */
import { askForm } from "./api.js";
import { button, fill, make } from "./dom.js";

/** A form that was spent or is too old is no use any more; after a lost answer the same one is sent again, so that nothing is done twice. */
const ASK_ANEW = new Set([403, 409, 429]);

/**
 * Opens; `run(form_token, values, tell)` does it: `values` are those of the fields in `fields`, `tell` shows how far it is. What it answers is the answer here; undefined: closed without.
 */
export function confirmed({ title, text, fields = [], verb, look = "", run }) {
  return new Promise((resolve) => {
    const says = make("p", { class: "says", role: "alert" });
    const progress = make("p", { class: "small", role: "status" });
    const go = make("button", { type: "submit", class: look, disabled: true }, verb);
    const form = make(
      "form",
      { method: "dialog" },
      make("h2", { id: "confirm-title" }, title),
      [text].flat().map((line) => make("p", {}, line)),
      fields,
      progress,
      says,
      make(
        "div",
        { class: "buttons" },
        button("Cancel", () => dialog.close(), "quiet"),
        go,
      ),
    );
    const dialog = make("dialog", { "aria-labelledby": "confirm-title" }, form);
    let token = null;
    let answer;
    const say = (words) => fill(says, words ?? "");

    const prepare = async () => {
      go.disabled = true;
      try {
        token ??= await askForm();
        go.disabled = false;
      } catch (error) {
        say(error.message);
        go.disabled = false;
      }
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (token === null) {
        say();
        await prepare();
        if (token === null) return;
      }
      go.disabled = true;
      form.setAttribute("aria-busy", "true");
      try {
        answer = await run(token, Object.fromEntries(new FormData(form)), (words) => fill(progress, words));
        dialog.close();
      } catch (error) {
        say(error.message);
        go.textContent = "Try again";
        if (ASK_ANEW.has(error.status)) token = null;
        go.disabled = false;
      } finally {
        form.removeAttribute("aria-busy");
      }
    });
    dialog.addEventListener("close", () => {
      document.removeEventListener("session-over", over);
      dialog.remove();
      resolve(answer);
    });
    const over = () => dialog.close();
    document.addEventListener("session-over", over);
    document.body.append(dialog);
    dialog.showModal();
    prepare();
  });
}
