/** How input is read: whatever a client's habits, every fault is named at once, and once. */
import { describe, expect, test } from "vitest";
import { encodeCursor } from "../../src/api/validate.ts";
import { call, person } from "../support/index.ts";
import { group } from "../support/pipeline.ts";

const NEW_GROUP = JSON.stringify({ name: "Flat 12", description: "" });
const MALFORMED = [{ path: "", message: "The body is not valid JSON" }];
const inApp = { "trm-screen": "1" };
const pathsOf = ({ error }: Awaited<ReturnType<typeof call>>) => error?.issues?.map(({ path }) => path).sort();
const bytes = (text: string, ...more: number[]) => new Uint8Array([...new TextEncoder().encode(text), ...more]);

test("an id with a fraction hides no other fault, those between fields neither", async () => {
  const json = { group_id: 1.5, name: "", description: 7, is_budget: true, budget: "much", users: [1, 2.5] };
  const answer = await call("POST", "/event", { as: await person(), json });
  const between = ["budget", "event_timestamp", "reminder", "schedule_period"];
  expect(pathsOf(answer)).toEqual([...between, "description", "group_id", "name", "users.1"].sort());
});

test("an id that is too large, too small or endless is named once", async () => {
  const someone = await person();
  for (const id of ["9007199254740993", "9999999999999999", "0"]) {
    expect([id, pathsOf(await call("GET", "/event", { as: someone, query: { id } }))]).toEqual([id, ["id"]]);
  }
  for (const id of ["9007199254740993", "1e308", "1e400", "0", "-1", "1.5"]) {
    const answer = await call("POST", "/event/notify", { as: someone, body: `{"event_id":${id}}` });
    expect([id, pathsOf(answer)]).toEqual([id, ["event_id"]]);
  }
});

test("a cursor that the list did not make is named beside every other fault, in every list", async () => {
  const as = await person();
  const lists = ["/event", "/groups", "/groups/invitation", "/group/members", "/event/comment", "/organizations"];
  for (const list of lists) {
    const query = { limit: 0, cursor: "x", group_id: "x", event_id: "x" };
    const own = { "/event": ["group_id"], "/group/members": ["group_id"], "/event/comment": ["event_id"] }[list] ?? [];
    expect([list, pathsOf(await call("GET", list, { as, query }))]).toEqual([list, ["cursor", ...own, "limit"]]);
  }
});

test("a cursor of an instant that PostgreSQL cannot read is none of the list's", async () => {
  const as = await person();
  const endless = `2026-01-01T00:00:00.${"9".repeat(300)}Z`;
  for (const list of ["/event", "/groups/invitation", "/event/comment"]) {
    const query = { cursor: encodeCursor([endless, 1]), event_id: 1 };
    expect([list, pathsOf(await call("GET", list, { as, query }))]).toEqual([list, ["cursor"]]);
  }
});

test("what is missing is said to be missing", async () => {
  const answer = await call("POST", "/groups", { as: await person(), json: { description: "" } });
  expect(answer.error?.issues).toEqual([{ path: "name", message: "is missing" }]);
});

describe("a JSON body", () => {
  test("is read as that, whatever its content type says", async () => {
    const someone = await person();
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16", ";;"]) {
      const headers = { "content-type": type };
      const answer = await call("POST", "/groups", { as: someone, headers, body: NEW_GROUP });
      expect([type, answer.http]).toEqual([type, 200]);
    }
    expect((await call("POST", "/groups", { as: someone, body: bytes(NEW_GROUP) })).http).toBe(200);
  });

  test("that is malformed is said to be so, whatever its content type says", async () => {
    const someone = await person();
    for (const body of ["{", "name=x&description=", "", " ", '{"name":NaN}']) {
      const answer = await call("POST", "/groups", { as: someone, body });
      expect([body, answer.http, answer.error?.issues]).toEqual([body, 400, MALFORMED]);
    }
  });

  test("that is no UTF-8 is malformed, in both dialects", async () => {
    const someone = await person();
    for (const headers of [{}, inApp]) {
      for (const wrong of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
        const body = bytes('{"description":"","name":"', ...wrong, ...bytes('"}'));
        const answer = await call("POST", "/groups", { as: someone, headers, body });
        expect(answer.status.code).toBe(400);
        expect(answer.error?.issues).toEqual(MALFORMED);
      }
    }
  });

  test("may name a key twice, or one of JavaScript's own: the last counts, and the others are ignored", async () => {
    const someone = await person();
    const own = '"__proto__":{"description":"inherited"},"constructor":null,"toString":1,"hasOwnProperty":[]';
    for (const headers of [{}, { ...inApp, "trm-__proto__": "x", "trm-constructor": "x" }]) {
      const missing = await call("POST", "/groups", { as: someone, headers, body: `{${own},"name":"x"}` });
      expect(pathsOf(missing)).toEqual(["description"]);
      const body = `{${own},"name":7,"description":"","name":"The last"}`;
      expect((await call("POST", "/groups", { as: someone, headers, body })).status.code).toBe(200);
    }
    const { data } = await call("GET", "/groups", { as: someone });
    expect(data).toMatchObject([
      { name: "The last", description: "" },
      { name: "The last", description: "" },
    ]);
    expect(Object.hasOwn(Object.prototype, "description")).toBe(false);
  });
});

test("in the app's dialect an object in the place of a text is refused by its name, also one that no text can be made of", async () => {
  const admin = await person();
  const deep = `${"[".repeat(30_000)}1${"]".repeat(30_000)}`;
  const group_id = await group(admin);
  const rest = `"group_id":"${group_id}","name":"x","description":"","event_timestamp":"2030-01-01 10:00:00.00","reminder":"once","schedule_period":"1 day"`;
  for (const odd of ['{"toString":1,"valueOf":1}', deep, "[]", "{}"]) {
    const as = { as: admin, headers: inApp };
    const budget = await call("POST", "/event", { ...as, body: `{${rest},"is_budget":"true","budget":${odd}}` });
    const isBudget = await call("POST", "/event", { ...as, body: `{${rest},"is_budget":${odd}}` });
    const deleted = await call("DELETE", "/groups", { ...as, body: `{"id":${odd}}` });
    expect([pathsOf(budget), pathsOf(isBudget), pathsOf(deleted)]).toEqual([["budget"], ["is_budget"], ["id"]]);
  }
});
