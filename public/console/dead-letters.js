import { act, askForm, read } from "./api.js";
import { confirmed } from "./confirm.js";
import { button, chip, empty, facts, fill, make, toast } from "./dom.js";
import { growing } from "./list.js";
import { revealed } from "./reveal.js";
import { instant, since } from "./time.js";
import { count, counted } from "./words.js";

export async function deadLetters(root, { query, signal }) {
  const queue = query.get("queue");
  const { data: kinds } = await read("dead-letters/kinds", {}, signal);
  const waiting = kinds.reduce((sum, kind) => sum + kind.waiting, 0);
  document.dispatchEvent(new CustomEvent("waiting", { detail: { "dead-letters": waiting } }));
  const reload = () => deadLetters(root, { query, signal }).catch((error) => toast(error.message));
  const chosen = kinds.find((kind) => kind.queue === queue);
  const list = make("ol", { class: "cards" });
  fill(
    root,
    make("div", { class: "head" }, make("h2", {}, "Dead letters"), button("Refresh", reload, "quiet")),
    make(
      "p",
      { class: "lead" },
      "Messages that could not be read, or ran out of tries. A replay puts one back into its queue as it was; the ledger sees to it that nobody gets anything twice.",
    ),
    kinds.length > 0 && kindLinks(kinds, waiting, queue),
    chosen?.waiting > 0 &&
      make(
        "p",
        {},
        button(`Replay all ${count(chosen.waiting)} of ${queue}`, () => replayAll(chosen, reload)),
      ),
    growing({
      load: (cursor) => read("dead-letters", { queue, cursor, limit: 50 }, signal),
      frame: list,
      body: list,
      row: (letter) => letterCard(letter, reload),
      none: empty(
        "No dead letters",
        queue ? `None of ${queue}.` : "Every message has reached its end in the ordinary way.",
      ),
      signal,
    }),
  );
}

const kindLinks = (kinds, waiting, chosen) =>
  make(
    "nav",
    { class: "filters", "aria-label": "Queues" },
    kindLink("#/dead-letters", "all", waiting, !chosen),
    kinds.map((kind) =>
      kindLink(
        `#/dead-letters?queue=${encodeURIComponent(kind.queue)}`,
        kind.queue,
        kind.waiting,
        kind.queue === chosen,
        kind.replayed,
      ),
    ),
  );

const kindLink = (href, name, waiting, current, replayed = 0) =>
  make(
    "a",
    {
      href,
      "aria-current": current && "true",
      title: replayed > 0 ? `${counted(replayed, "letter")} replayed already` : null,
    },
    name,
    make("b", {}, count(waiting)),
  );

function letterCard(letter, reload) {
  const { id, queue, message_id, reason, created_at, replayed_at, readable } = letter;
  const body = make("pre", { tabindex: "0", "aria-label": "Body of the message" }, pretty(letter.body));
  const show = button(
    "Reveal personal data",
    async () => {
      const answer = await revealed(`dead letter ${id}`, { dead_letter_id: id });
      if (!answer) return;
      fill(body, pretty([answer.data].flat()[0].body));
      body.closest("details").open = true;
      show.replaceWith(chip("personal data is shown", "late"));
    },
    "quiet",
  );
  return make(
    "li",
    { class: replayed_at ? "card" : "card loud", id: `letter-${id}` },
    make(
      "div",
      { class: "line" },
      chip(queue),
      !readable && chip("cannot be read", "bad"),
      replayed_at && chip("replayed", "good"),
      make("span", { class: "small" }, `No. ${id}, `, since(created_at)),
    ),
    make("p", { class: "message" }, reason),
    facts(
      ["Message", make("code", {}, message_id)],
      ["Since", instant(created_at)],
      ["Replayed", replayed_at && instant(replayed_at)],
    ),
    make("details", {}, make("summary", {}, "Body"), body),
    make(
      "div",
      { class: "buttons" },
      readable &&
        button(replayed_at ? "Replay again" : "Replay", () => replayOne(letter, reload), replayed_at ? "quiet" : ""),
      show,
    ),
  );
}

async function replayOne({ id, queue }, reload) {
  const data = await confirmed({
    title: "Replay this message?",
    text: `Dead letter ${id} goes back to ${queue} as it was. What was delivered meanwhile is not sent again.`,
    verb: "Replay",
    run: async (token) => (await act("replay", { dead_letter_id: id }, token)).data,
  });
  if (!data) return;
  toast(
    data.replayed > 0
      ? `Dead letter ${id} is back in ${queue}.`
      : `It stays: ${data.refused.map((one) => one.reason).join("; ")}.`,
  );
  reload();
}

/** Lot by lot, each by a form of its own; after a failure it goes on where it was. */
async function replayAll({ queue, waiting }, reload) {
  const done = { replayed: 0, refused: [], next: null };
  const sent = await confirmed({
    title: `Replay all of ${queue}?`,
    text: `${counted(waiting, "message goes", "messages go")} back to ${queue}, the oldest first. Those that cannot be read stay.`,
    verb: "Replay all",
    run: async (form_token, _, say) => {
      for (let token = form_token; ; token = await askForm()) {
        const { data } = await act("replay", { queue, ...(done.next && { after: done.next }) }, token);
        done.replayed += data.replayed;
        done.refused.push(...data.refused);
        done.next = data.next ?? null;
        if (done.next === null) return true;
        say(`${count(done.replayed)} are back so far, ${count(data.remaining)} remain…`);
      }
    },
  });
  if (!sent && done.replayed === 0) return;
  const reasons = [...new Set(done.refused.map(({ reason }) => reason))].slice(0, 3).join("; ");
  const stays = done.refused.length > 0 ? ` ${counted(done.refused.length, "stays", "stay")}: ${reasons}.` : "";
  toast(`${counted(done.replayed, "message is", "messages are")} back in ${queue}.${stays}`);
  reload();
}

function pretty(body) {
  if (typeof body !== "string") return JSON.stringify(body, null, 2);
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
