import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { call, query, testDeps, unique } from "../support/index.ts";

type Organization = { id: number; name: string; url: string; logo_link: string };
const list = (query: object = {}) => call<Organization[]>("GET", "/organizations", { query: { ...query } });

test("anybody reads the organizations in one round trip, each with the address of its logo", async () => {
  const answer = await list();
  expect(answer).toMatchObject({ http: 200, roundTrips: 1, page: { next_cursor: null } });
  const banks = Object.fromEntries(answer.data.map(({ name, url, logo_link }) => [name, [url, logo_link]]));
  expect(banks).toMatchObject({
    PKO: ["https://www.ipko.pl/", "https://api.torium.test/logos/pko.png"],
    Pekao: ["https://www.pekao24.pl/logowanie", "https://api.torium.test/logos/pekao.png"],
    ING: ["https://login.ingbank.pl/mojeing/app/#login", "https://api.torium.test/logos/ing.png"],
  });
  for (const one of answer.data) {
    expect(one).toEqual({ id: expect.any(Number), name: one.name, url: one.url, logo_link: one.logo_link });
  }
});

test("a logo's address follows PUBLIC_URL and is a valid one", async () => {
  const name = unique("A bank");
  await query(
    sql`insert into organizations (name, url, logo_link) values (${name}, 'https://bank.test/', 'a b#1.png')`,
  );
  const deps = testDeps({ settings: { PUBLIC_URL: "https://torium.example" } });
  const { data } = await call<Organization[]>("GET", "/organizations", { deps });
  expect(data.find((one) => one.name === name)!.logo_link).toBe("https://torium.example/logos/a%20b%231.png");
});

test("the list goes on by name where a page ends", async () => {
  const names: string[] = [];
  let cursor: string | null | undefined;
  do {
    const answer: Awaited<ReturnType<typeof list>> = await list({ limit: 1, ...(cursor && { cursor }) });
    expect(answer.data).toHaveLength(1);
    names.push(answer.data[0]!.name);
    cursor = answer.page!.next_cursor;
  } while (cursor);
  expect(names).toEqual((await list()).data.map(({ name }) => name));
});

test("a cursor that this list did not make, and a limit out of range, are refused by name", async () => {
  for (const [field, value] of [
    ["cursor", "nonsense"],
    ["cursor", btoa("[1]")],
    ["cursor", btoa('["a\\u0000"]')],
    ["limit", "0"],
    ["limit", "1001"],
    ["limit", "many"],
  ] as const) {
    const answer = await call("GET", "/organizations", { query: { [field]: value } });
    expect(answer).toMatchObject({ http: 400, error: { issues: [{ path: field }] } });
  }
});
