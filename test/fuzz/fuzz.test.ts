/**
 * Every operation of the OpenAPI document, in both dialects, with whatever somebody may send: no answer is outside the document. Another seed at every run;
 * `FUZZ_SEED=… FUZZ_RUNS=… npm run test:long` plays one again.
 */
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { call } from "../support/index.ts";
import { operations } from "./document.ts";
import { answersAsDescribed } from "./properties.ts";
import { type Dialect, requestsOf } from "./requests.ts";
import { restoreWorld, tokenOf } from "./world.ts";

const { seed, runs, seconds } = inject("fuzz");
const DIALECTS: Dialect[] = ["plain", "app"];
const again = `FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`;
console.log(`fuzz: ${again}`);

/** Time is shared out among what is still to come, so that what is quick leaves its rest to the others. */
let left = operations.length * DIALECTS.length;
const end = Date.now() + seconds * 1000;
const SHRINK_MS = 20_000;

/** Bodies are large because one thing comes many times. */
const short = (report: string) =>
  report.replace(/(.{1,8}?)\1{30,}/gs, (all: string, part: string) => `${part} (${all.length / part.length} times)`);

describe.each(DIALECTS)("whatever is sent in the dialect %s", (dialect) => {
  test.each(operations)(
    "$name answers as its document says",
    { timeout: seconds * 1000 + 60_000 },
    async (operation) => {
      const stop = Date.now() + Math.max(200, (end - Date.now()) / left--);
      let fault: unknown;
      const property = fc.asyncProperty(requestsOf(operation, dialect), async (sent) => {
        if (!fault && Date.now() > stop) return;
        await answersAsDescribed(operation, dialect, sent).catch((error: unknown) => {
          fault = error;
          throw error;
        });
      });
      const found = await fc.check(property, {
        seed,
        numRuns: runs,
        interruptAfterTimeLimit: seconds * 1000 + SHRINK_MS,
      });
      if (found.failed) throw new Error(short(`${again}\n${fault}\n${fc.defaultReportMessage(found)}`));
    },
  );
});

test("what the document does not name is no address, in neither dialect", async () => {
  await restoreWorld();
  const paths = new Set(operations.map(({ path }) => path));
  const all = [...paths].flatMap((path) =>
    ["GET", "POST", "PUT", "PATCH", "DELETE"].map((method) => `${method} ${path}`),
  );
  const strange = [
    ...all,
    "GET /",
    "POST /users/0",
    "GET /event/",
    "GET /EVENT",
    "GET /event%2Fcomment",
    "GET //event",
    "DELETE /%00",
    "PUT /%ff/%",
  ];
  for (const name of strange.filter((one) => !operations.some((described) => described.name === one))) {
    const [method, path] = name.split(" ") as [string, string];
    for (const headers of [{}, { "trm-screen": "1" }]) {
      const { http, status, error } = await call(method, path, { as: tokenOf("admin")!, headers });
      expect({ name, http, status: status.code, error }).toMatchObject({
        name,
        http: "trm-screen" in headers ? 200 : 404,
        status: 404,
        error: { code: "not_found" },
      });
    }
  }
});
