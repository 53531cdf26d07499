/** Shows what is masked, after asking: the asking is logged. */
import { act } from "./api.js";
import { confirmed } from "./confirm.js";

/** Answers the envelope of the unmasked data, or undefined where it was not asked after all. */
export const revealed = (what, body) =>
  confirmed({
    title: "Show personal data?",
    text: [
      `Names, addresses, numbers and texts of ${what} are shown until you leave this view.`,
      "That you asked is written to the log, with the time and your session. The data itself is not.",
    ],
    verb: "Show, and log it",
    run: (token) => act("reveal", body, token),
  });
