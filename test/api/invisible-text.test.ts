import { expect, test } from "vitest";
import { base, made, put, read } from "../support/changed-events.ts";
import { call, person } from "../support/index.ts";

/** Zero-width, format, filling and blank characters; a joiner and a selector with nothing to join or select; a tag. */
const INVISIBLE = [
  "\u200b",
  "\u200d\u200d",
  "\ufeff \u2060",
  "\u202e",
  "\u00ad",
  "\u115f",
  "\u3164",
  "\uffa0",
  "\u2800 \u2800",
  "\ufe0f",
  "\u{e0041}",
];

test("a name or a comment of characters that show nothing counts as empty", async () => {
  const { admin, group_id, id } = await made();
  for (const text of INVISIBLE) {
    const json = { name: text, description: "" };
    const answers = [
      await call("POST", "/groups", { as: admin, json }),
      await call("PUT", "/groups", { as: admin, json: { id: group_id, ...json } }),
      await call("POST", "/event", { as: admin, json: { ...base, group_id, name: text } }),
      await put(admin, { id, name: text }),
      await call("POST", "/event/comment", { as: admin, json: { event_id: id, comment: text } }),
    ];
    for (const answer of answers) {
      expect(answer.http, JSON.stringify(text)).toBe(400);
      expect(answer.error!.issues).toMatchObject([
        { path: expect.stringMatching("name|comment"), message: "must not be empty" },
      ]);
    }
  }
});

test("what such characters stand beside keeps them: emoji with joiners and selectors, and scripts that need them", async () => {
  const { admin, id } = await made();
  for (const name of [
    "👨\u200d👩\u200d👧",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "🏴\u{e0067}\u{e0062}\u{e007f}",
    "می\u200cخواهم",
    "☕",
    ".",
  ]) {
    expect((await put(admin, { id, name })).http, name).toBe(200);
    expect((await read(admin, id)).name).toBe(name);
  }
});

test("a description may show nothing, as it may be empty", async () => {
  const as = await person();
  expect((await call("POST", "/groups", { as, json: { name: "A", description: "\u200b" } })).http).toBe(200);
});
