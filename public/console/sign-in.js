import { signIn } from "./api.js";
import { button, fill, make } from "./dom.js";

export function signInForm(notice, done) {
  const says = make("p", { class: "says", role: "alert" });
  const token = make("input", {
    id: "token",
    type: "password",
    autocomplete: "current-password",
    required: true,
    spellcheck: "false",
  });
  const go = make("button", { type: "submit" }, "Sign in");
  const form = make(
    "form",
    { class: "door" },
    make("img", { src: "/console/icon.svg", alt: "", width: 64, height: 64 }),
    make("h1", {}, "Torium console"),
    make("p", {}, notice ?? "For whoever runs Torium. Sign in with the operator's token."),
    make("label", { for: "token" }, "Operator token"),
    token,
    says,
    go,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    fill(says);
    try {
      await signIn(token.value.trim());
      done();
    } catch (error) {
      const wrong = error.status === 401 || error.status === 403;
      fill(says, wrong ? "That is not the operator's token." : error.message);
      token.select();
    } finally {
      go.disabled = false;
    }
  });
  return form;
}

/** Cloudflare Access signs in by itself when the page is loaded. */
export const accessOver = () =>
  make(
    "div",
    { class: "door" },
    make("img", { src: "/console/icon.svg", alt: "", width: 64, height: 64 }),
    make("h1", {}, "Torium console"),
    make("p", {}, "Your session with Cloudflare Access is over. Loading the page anew signs you in."),
    button("Load anew", () => location.reload()),
  );
