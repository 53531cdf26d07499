/** What ARCHITECTURE.md says that the code says too. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TRANSITIONS } from "../../src/domain/delivery-states.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

test("the diagram of a delivery's states draws the table's transitions, all and no others, each once", () => {
  const [, diagram] = /stateDiagram-v2\n([^`]*)```/.exec(read("ARCHITECTURE.md"))!;
  const drawn = [...diagram!.matchAll(/^ {2}(\S+) --> (\w+): .+$/gm)].map(([, from, to]) => `${from} ${to}`);
  expect(drawn).toEqual(TRANSITIONS.map(({ from, to }) => `${from === "new" ? "[*]" : from} ${to}`));
  expect(new Set(drawn).size).toBe(drawn.length);
});

test("each transition is made by verbs that there are", () => {
  const room = readdirSync(new URL("src/domain", root)).filter((name) => name.endsWith(".ts"));
  const source = room.map((name) => read(`src/domain/${name}`)).join("\n");
  for (const verb of TRANSITIONS.flatMap(({ by }) => by)) expect(source).toContain(`export async function ${verb}(`);
});
