import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { api } from "../../src/api/index.ts";
import { unsubscribeUrl } from "../../src/domain/links.ts";
import { inbox, person, query, settings, type TestDeps, testDeps, unique, uniqueNumber } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, receive, taken, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;
const newAddress = () => `${unique("reader")}@torium.test`.toLowerCase();

async function ask(link: string, init: RequestInit = {}, deps: TestDeps = testDeps()) {
  const before = deps.roundTrips();
  const answer = await api(new Request(link, init), deps, {} as ExecutionContext);
  const { status: http, headers } = answer;
  return { http, headers, html: await answer.text(), roundTrips: deps.roundTrips() - before };
}

const form = (value: string): RequestInit => ({
  method: "POST",
  body: new URLSearchParams({ "List-Unsubscribe": value }),
});
const ONE_CLICK = form("One-Click");
const UNDO = form("Undo");

const standing = async (email: string) => {
  const found = await query<{ reason: string }>(
    sql`select reason from suppressed_addresses where channel = 'email' and address = ${email}`,
  );
  return found.map(({ reason }) => reason);
};
const suppress = (email: string, reason: string) =>
  query(sql`insert into suppressed_addresses (channel, address, reason) values ('email', ${email}, ${reason})`);

test("GET shows a page that asks, as often as it is fetched, and changes nothing; HEAD the same without it", async () => {
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  for (const method of ["GET", "HEAD", "GET"]) {
    const { http, headers, html, roundTrips } = await ask(link, { method });
    expect({ http, roundTrips }).toEqual({ http: 200, roundTrips: 1 });
    expect(headers.get("content-type")).toBe("text/html; charset=UTF-8");
    if (method === "HEAD") expect(html).toBe("");
    else expect(html).toContain('<input type="hidden" name="List-Unsubscribe" value="One-Click">');
  }
  expect(await standing(email)).toEqual([]);
});

test("POST unsubscribes at once, in each encoding that mail programs use, again and twice at once; no token, cookie or origin is asked for", async () => {
  const multipart = new FormData();
  multipart.set("List-Unsubscribe", "One-Click");
  const ways: RequestInit[] = [
    ONE_CLICK,
    { method: "POST", body: multipart },
    { ...ONE_CLICK, headers: { origin: "https://mail.test", cookie: "a=b", authorization: "Bearer nonsense" } },
  ];
  for (const way of ways) {
    const email = newAddress();
    const link = await unsubscribeUrl(settings, email);
    const { http, html, roundTrips } = await ask(link, way);
    expect({ http, roundTrips }).toEqual({ http: 200, roundTrips: 1 });
    expect(html).toContain('value="Undo"');
    expect(await standing(email)).toEqual(["unsubscribed"]);
    const again = await Promise.all([ask(link, ONE_CLICK), ask(link, ONE_CLICK)]);
    expect(again.map((one) => one.http)).toEqual([200, 200]);
    expect(await standing(email)).toEqual(["unsubscribed"]);
  }
});

test("the page afterwards, and the link when it is opened again, offer to take it back; taken back, everything is as before", async () => {
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  await ask(link, ONE_CLICK);
  expect((await ask(link)).html).toContain('value="Undo"');
  for (const _ of ["once", "twice"]) {
    const { http, html } = await ask(link, UNDO);
    expect(http).toBe(200);
    expect(html).toContain("E-mail is on again");
    expect(await standing(email)).toEqual([]);
  }
  expect((await ask(link)).html).toContain('value="One-Click"');
});

test("the page's button posts to the link that it was opened by", async () => {
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  const { html } = await ask(link);
  const action = /<form method="post" action="([^"]+)">/.exec(html)![1]!.replaceAll("&amp;", "&");
  expect(new URL(action, link).href).toBe(link);
});

test("what bounced or was complained of stays so, whatever the link's holder chooses, and the page does not promise otherwise", async () => {
  for (const reason of ["bounced", "complained"]) {
    const email = newAddress();
    const link = await unsubscribeUrl(settings, email);
    await suppress(email, reason);
    expect((await ask(link, ONE_CLICK)).http).toBe(200);
    expect(await standing(email)).toEqual([reason]);
    const { http, html } = await ask(link, UNDO);
    expect(http).toBe(200);
    expect(html).toContain("E-mail stays off");
    expect(await standing(email)).toEqual([reason]);
  }
});

test("a link of the older secret works, and one of neither does not", async () => {
  const email = newAddress();
  const older = { ...settings, LINK_SECRET: [settings.LINK_SECRET[1]!] };
  expect((await ask(await unsubscribeUrl(older, email), ONE_CLICK)).http).toBe(200);
  expect(await standing(email)).toEqual(["unsubscribed"]);
  const gone = { ...settings, LINK_SECRET: ["a-secret-that-was-rotated-out"] };
  const other = newAddress();
  expect((await ask(await unsubscribeUrl(gone, other), ONE_CLICK)).http).toBe(404);
  expect(await standing(other)).toEqual([]);
});

test("a link that is broken, forged or another's is a page that says so and no more, and touches nothing", async () => {
  const [mine, other] = [newAddress(), newAddress()];
  const link = new URL(await unsubscribeUrl(settings, mine));
  const forged = new URL(link);
  forged.searchParams.set("to", new URL(await unsubscribeUrl(settings, other)).searchParams.get("to")!);
  const cut = new URL(link.href.slice(0, -3));
  for (const bad of [
    forged,
    cut,
    "https://api.torium.test/unsubscribe",
    "https://api.torium.test/unsubscribe?to=%00&signature=%",
  ]) {
    for (const init of [{}, ONE_CLICK, UNDO]) {
      const { http, html, headers, roundTrips } = await ask(String(bad), init);
      expect({ http, roundTrips }).toEqual({ http: 404, roundTrips: 0 });
      expect(headers.get("content-type")).toContain("text/html");
      expect(html).toContain("This link does not work");
      expect(html).not.toContain("<form");
    }
  }
  expect([...(await standing(mine)), ...(await standing(other))]).toEqual([]);
});

test("a POST that does not say one-click is no wish: the page says so and offers the button", async () => {
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  const bodies: RequestInit[] = [
    {},
    { body: new URLSearchParams({ "List-Unsubscribe": "Yes" }) },
    { body: new URLSearchParams({ other: "One-Click" }) },
    { body: JSON.stringify({ "List-Unsubscribe": "One-Click" }), headers: { "content-type": "application/json" } },
    { body: "--x", headers: { "content-type": "multipart/form-data; boundary=y" } },
  ];
  for (const body of bodies) {
    const { http, html } = await ask(link, { method: "POST", ...body });
    expect(http).toBe(400);
    expect(html).toContain("The form was incomplete");
    expect(html).not.toContain("This link does not work");
    expect(html).toContain('<input type="hidden" name="List-Unsubscribe" value="One-Click">');
  }
  expect(await standing(email)).toEqual([]);
});

test("a header of the app's dialect changes nothing here: neither the wish nor the status", async () => {
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  const headers = { "trm-user-id": "1" };
  expect((await ask(link, { headers })).http).toBe(200);
  expect((await ask(link, { method: "POST", headers })).http).toBe(400);
  expect(await standing(email)).toEqual([]);
  expect((await ask(link, { ...ONE_CLICK, headers })).http).toBe(200);
  expect(await standing(email)).toEqual(["unsubscribed"]);
  expect((await ask("https://api.torium.test/unsubscribe", { headers })).http).toBe(404);
});

test("the page speaks its person's language, else the browser's, else the service's", async () => {
  const page = async (email: string, accept?: string) => {
    const { html } = await ask(
      await unsubscribeUrl(settings, email),
      accept ? { headers: { "accept-language": accept } } : {},
    );
    return /<html lang="(..)">/.exec(html)![1];
  };
  const polish = await person({ locale: "pl-PL" });
  expect(await page(polish.email, "en")).toBe("pl");
  const unknown = newAddress();
  expect(await page(unknown)).toBe("en");
  expect(await page(unknown, "pl-PL,pl;q=0.9,en;q=0.8")).toBe("pl");
  expect(await page(unknown, "de-DE,en;q=0.5,pl;q=0.7")).toBe("pl");
  expect(await page(unknown, "de, pl;q=0")).toBe("en");
  expect(await page(unknown, "x;q=;,,;")).toBe("en");
});

test("the page is kept nowhere, framed nowhere, loads nothing, runs nothing, and shows no whole address", async () => {
  const email = newAddress();
  const { headers, html } = await ask(await unsubscribeUrl(settings, email));
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  expect(headers.get("x-frame-options")).toBe("DENY");
  const style = new TextEncoder().encode(/<style>(.*)<\/style>/s.exec(html)![1]);
  const hash = btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", style))));
  expect(headers.get("content-security-policy")).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  );
  expect(html).not.toMatch(/<script|<link|<img|style=|http-equiv/);
  expect(html).not.toContain(email);
  expect(html).toContain("r***@torium.test");
});

test("where the database is away the page still asks, and a wish is asked for again", async () => {
  const link = await unsubscribeUrl(settings, newAddress());
  const away = () => testDeps({ settings: { DATABASE_URL: "postgres://nobody:x@localhost:1/none" } });
  expect(await ask(link, {}, away())).toMatchObject({ http: 200, html: expect.stringContaining('value="One-Click"') });
  const { http, headers, html } = await ask(link, ONE_CLICK, away());
  expect({ http, after: headers.get("retry-after") }).toEqual({ http: 503, after: "5" });
  expect(html).toContain("Not now");
});

test("no address and no link is logged", async () => {
  const lines: string[] = [];
  const keep = (...said: unknown[]) => void lines.push(JSON.stringify(said));
  const email = newAddress();
  const link = await unsubscribeUrl(settings, email);
  await ask(link, ONE_CLICK, testDeps({ log: { info: keep, warn: keep, error: keep } }));
  expect(lines.join("\n")).toContain('"unsubscribed"');
  for (const secret of [email, new URL(link).search.slice(1), new URL(link).searchParams.get("signature")!]) {
    expect(lines.join("\n")).not.toContain(secret);
  }
});

/** Somebody with a verified number, and a reminder by e-mail that is picked and waits in its queue. */
async function waiting() {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const deps = clockedDeps(clock);
  const mobile_number = uniqueNumber();
  const someone = await person({ mobile_number, reminder_preferences: "EMAIL" });
  const event_id = await event(someone, { group_id: await group(someone), at: clock.ms + 10 * MINUTE }, deps);
  clock.ms += 9 * MINUTE;
  await tick(deps, clock.ms);
  await receive(deps, taken(deps));
  expect(deps.sent).toMatchObject([{ type: "send-email" }]);
  return { clock, deps, someone, mobile_number, event_id };
}

test("who unsubscribes between the picking and the sending gets that reminder by the next channel, and no mail", async () => {
  const { clock, deps, someone, mobile_number, event_id } = await waiting();
  await ask(await unsubscribeUrl(settings, someone.email), ONE_CLICK);
  await drain(deps, clock);
  expect(await inbox("email", someone.email)).toHaveLength(0);
  expect(await inbox("sms", mobile_number)).toHaveLength(1);
  expect(await ledger(event_id)).toMatchObject([
    { channel: "email", status: "failed", last_error: "unsubscribed" },
    { channel: "sms", status: "sent", reason: "email: unsubscribed; push: no_live_device" },
  ]);
});

test("the link in a reminder's mail, header and both parts, is the one that works", async () => {
  const { clock, deps, someone } = await waiting();
  await drain(deps, clock);
  const [mail] = await inbox("email", someone.email);
  const link = await unsubscribeUrl(settings, someone.email);
  expect(mail!.headers).toMatchObject({
    "List-Unsubscribe": `<${link}>`,
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
  });
  expect(mail!.text).toContain(link);
  expect(mail!.html).toContain(link.replaceAll("&", "&amp;"));
});
