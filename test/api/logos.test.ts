import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { api } from "../../src/api/index.ts";
import { call, testDeps, unique } from "../support/index.ts";

const PICTURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);

/** A logo of a name that no other test uses. */
async function newLogo(): Promise<{ path: string; etag: string }> {
  const name = `${unique("bank").toLowerCase()}.png`;
  const put = await env.LOGOS.put(name, PICTURE);
  return { path: `/logos/${name}`, etag: put!.httpEtag };
}

async function get(path: string, headers: Record<string, string> = {}, method = "GET") {
  const deps = testDeps();
  const request = new Request(new URL(path, "https://api.torium.test"), { method, headers });
  const answer = await api(request, deps, {} as ExecutionContext);
  return { answer, bytes: new Uint8Array(await answer.arrayBuffer()), roundTrips: deps.roundTrips() };
}

test("anybody gets a logo as a PNG that may be kept for ever and shown on any page, without the database", async () => {
  const { path, etag } = await newLogo();
  const { answer, bytes, roundTrips } = await get(path);
  expect(answer.status).toBe(200);
  expect(bytes).toEqual(PICTURE);
  expect(roundTrips).toBe(0);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "content-type": "image/png",
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    etag,
  });
});

test("whoever holds the logo already is told so, and gets no body", async () => {
  const { path, etag } = await newLogo();
  for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const { answer, bytes } = await get(path, { "if-none-match": tags });
    expect([answer.status, bytes.length], tags).toEqual([304, 0]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "public, max-age=31536000, immutable",
      "cross-origin-resource-policy": "cross-origin",
      etag,
    });
  }
});

test("whoever holds another one, or sends tags that are none, gets the logo", async () => {
  const { path, etag } = await newLogo();
  for (const tags of ['"other"', "", "nonsense", etag.replaceAll('"', "")]) {
    const { answer, bytes } = await get(path, { "if-none-match": tags });
    expect([answer.status, bytes], tags).toEqual([200, PICTURE]);
  }
});

test("HEAD answers as GET does, without the body", async () => {
  const { path, etag } = await newLogo();
  const { answer, bytes } = await get(path, {}, "HEAD");
  expect([answer.status, answer.headers.get("etag"), bytes.length]).toEqual([200, etag, 0]);
});

test("in the app's dialect a logo is the same", async () => {
  const { path, etag } = await newLogo();
  const app = { "trm-user-id": "1" };
  const { answer, bytes } = await get(path, app);
  expect([answer.status, answer.headers.get("content-type"), bytes]).toEqual([200, "image/png", PICTURE]);
  expect((await get(path, { ...app, "if-none-match": etag })).answer.status).toBe(304);
});

test("what is not there is 404 in the envelope, and is not kept", async () => {
  const answer = await call("GET", `/logos/${unique("none").toLowerCase()}.png`);
  expect(answer).toMatchObject({ http: 404, status: { code: 404 }, data: null, error: { code: "not_found" } });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.roundTrips).toBe(0);
});

test("only the names of logos are looked up, whatever else the bucket holds", async () => {
  const hidden = [
    "A.png",
    "a.svg",
    "a.png.html",
    ".png",
    "a b.png",
    "a_b.png",
    "../a.png",
    "x/a.png",
    "a.png\n",
    `${"a".repeat(2000)}.png`,
  ];
  for (const name of hidden) {
    if (name.length < 1000) await env.LOGOS.put(name, PICTURE);
    expect((await call("GET", `/logos/${encodeURIComponent(name)}`)).http, name).toBe(404);
  }
});
