import pg from "pg";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { waitFor } from "../../dev/client.ts";
import { hostile, writeConsoleData } from "./console-data.ts";
import { watchedPage, workerInBrowser } from "./worker-in-browser.ts";

const TOKEN = "an-operator-token-for-tests";
const SECTIONS = ["overview", "alerts", "dead-letters", "reminders", "reminders/1", "people/1"];

/** A message that fails once is dead, and what could not be kept is tried again a second later. */
const hasty = (toml: string) =>
  toml
    .replaceAll("max_retries = 100\nretry_delay = 30\n", "max_retries = 0\n")
    .replace("retry_delay = 900", "retry_delay = 1");

const worker = workerInBrowser({ settings: { OPERATOR_TOKEN: TOKEN }, configured: hasty });
let db: pg.Client;
beforeAll(async () => {
  db = new pg.Client(worker.database);
  await db.connect();
  await writeConsoleData(db);
});
afterAll(() => db?.end());

type View = { width?: number; hash?: string; session?: Session | undefined };
type Session = Awaited<ReturnType<BrowserContext["storageState"]>>;

async function openConsole({ width = 1280, hash = "", session }: View = {}) {
  const { api, browser } = worker;
  const settings = { viewport: { width, height: 800 }, locale: "en-GB", ...(session && { storageState: session }) };
  const watched = await watchedPage(browser, settings, (url) => url.startsWith(`${api}/`));
  await watched.page.goto(`${api}/console${hash}`);
  return watched;
}

async function signIn(page: Page, token = TOKEN) {
  await page.getByLabel("Operator token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** One session serves them all: an address has ten tries a minute to sign in. */
let session: Session | undefined;
async function signedIn(view: View = {}) {
  const watched = await openConsole({ ...view, session });
  if (!session) await signIn(watched.page);
  await watched.page.getByRole("navigation", { name: "Sections" }).waitFor();
  session ??= await watched.page.context().storageState();
  return watched;
}

const dialogOf = (page: Page) => page.getByRole("dialog");
const rest = (page: Page) => page.locator(".skeleton").first().waitFor({ state: "detached" });

describe("the console's page", () => {
  it("opens for the operator's token and for no other, asks no other host, and breaks no rule of its own", async () => {
    const { page, faults } = await openConsole({ hash: "#/reminders" });
    await signIn(page, "a-guess");
    await page.getByText("That is not the operator's token.").waitFor();
    expect(faults).toEqual([expect.stringContaining("401")]);
    faults.length = 0;
    await signIn(page);
    await page.getByRole("heading", { name: "Reminders" }).waitFor();
    for (const name of ["Overview", "Alerts", "Dead letters", "People"]) {
      await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name }).click();
      await page.getByRole("heading", { name, level: 2 }).waitFor();
      await rest(page);
    }
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are signed out.").waitFor();
    expect(faults).toEqual([]);
  });

  it("asks to sign in again when the session is over, and goes on where it was", async () => {
    const { page } = await signedIn({ hash: "#/alerts" });
    await page.context().clearCookies();
    await page.getByRole("link", { name: "Reminders" }).click();
    await page.getByText("Your session is over.").waitFor();
    await signIn(page);
    await page.getByRole("heading", { name: "Reminders" }).waitFor();
  });

  it("fits a small phone: in no section anything is wider than the screen or cut off", async () => {
    const width = 360;
    const { page, faults } = await signedIn({ width });
    for (const section of SECTIONS) {
      await page.goto(`${worker.api}/console#/${section}`);
      await page.locator(`.section.${section.split("/")[0]}`).waitFor();
      await rest(page);
      expect(await page.evaluate(whatOverflows, width), section).toEqual([]);
    }
    expect(faults).toEqual([]);
  });

  it("draws both charts from what the ledger says, and anew in the dark", async () => {
    const { page } = await signedIn();
    await page.locator("canvas").nth(1).waitFor();
    const light = await page.evaluate(coloursDrawn);
    expect(light.map(({ colours }) => colours > 3)).toEqual([true, true]);
    const told = await page.locator(".plot").first().getAttribute("aria-label");
    expect(told).toContain("due 2, sent 1, failed 1");
    await page.emulateMedia({ colorScheme: "dark" });
    const drawn = () => page.evaluate(coloursDrawn);
    await expect
      .poll(async () => (await drawn()).some((chart, place) => chart.picture === light[place]!.picture))
      .toBe(false);
    const dark = await drawn();
    await page.getByRole("button", { name: "failed" }).click();
    await expect.poll(drawn).not.toEqual(dark);
  });

  it("says since when it counts where not everything of the range is", async () => {
    const { page } = await signedIn();
    const said = page.getByText("More was sent than is counted here");
    await page.locator("canvas").nth(1).waitFor();
    expect(await said.count()).toBe(0);
    await page.route("**/data/overview?*", async (route) => {
      const answer = await route.fetch();
      const told = (await answer.json()) as { data: { to: string } };
      const from = new Date(Date.parse(told.data.to) - 90_000).toISOString();
      await route.fulfill({ json: { ...told, data: { ...told.data, cut: true, from } } });
    });
    await page.getByRole("link", { name: "24 h" }).click();
    await said.waitFor();
  });

  it("shows hostile texts as texts", async () => {
    const { page, faults } = await signedIn({ hash: "#/alerts" });
    await page.getByText(hostile).first().waitFor();
    expect(await page.getByText(hostile, { exact: true }).count()).toBe(2);
    await page.goto(`${worker.api}/console#/reminders/1`);
    await page.getByText(hostile).first().waitFor();
    expect(await page.locator("main img").count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it("follows a reminder person by person, masked until the operator asks for more", async () => {
    const { page } = await signedIn({ hash: "#/reminders/1" });
    await page.getByText("muted the event").waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Zofia Testowa");
    await page.getByRole("button", { name: "Reveal personal data" }).click();
    await dialogOf(page).getByText("written to the log").waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Zofia Testowa");
    await dialogOf(page).getByRole("button", { name: "Show, and log it" }).click();
    await page.getByRole("link", { name: "Zofia Testowa" }).click();
    await page.getByText("What decides their channel").waitFor();
    expect(await page.locator("main").innerText()).not.toContain("Zofia Testowa");
  });

  it("answers why somebody got nothing, found by the address that they write from", async () => {
    const { page } = await signedIn({ hash: "#/people" });
    await page.getByLabel("Who").fill("zofia@console.test");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByText("their own choice: no verified number").waitFor();
    expect(page.url()).not.toContain("zofia");
    await page.getByLabel("Who").fill("nobody@console.test");
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByText("There is no such person").waitFor();
  });

  it("acknowledges and silences an alert", async () => {
    const { page } = await signedIn({ hash: "#/alerts" });
    const card = page.getByRole("listitem").filter({ hasText: "to-be-acknowledged" });
    await card.getByRole("button", { name: "Acknowledge" }).click();
    await dialogOf(page).getByRole("button", { name: "Acknowledge" }).click();
    await card.getByText("acknowledged", { exact: true }).waitFor();
    await card.getByRole("button", { name: "Silence…" }).click();
    await dialogOf(page).getByLabel("4 hours", { exact: true }).check();
    await dialogOf(page).getByRole("button", { name: "Silence" }).click();
    await card.getByText("silenced", { exact: true }).waitFor();
  });

  it("looks at every part when it is asked to, and not again within 30 seconds", async () => {
    await db.query(
      "insert into schedule_runs (job, ran_at, now_at) values ('schedule-events', now() - interval '1 hour', now() - interval '1 hour')",
    );
    const { page } = await signedIn({ hash: "#/alerts" });
    const look = async () => {
      await page.getByRole("button", { name: "Look now" }).first().click();
      await dialogOf(page).getByRole("button", { name: "Look now" }).click();
    };
    await look();
    await page.getByText(/^Found .*tick\//).waitFor();
    await page.getByRole("listitem").filter({ hasText: "tick" }).first().waitFor();
    await look();
    await dialogOf(page)
      .getByText(/Too many tries\. Wait \d+ seconds\./)
      .waitFor();
  });
});

describe("a dead letter that a fault made", () => {
  it("is found on the page, put back by its button, and delivered; a form that is spent is refused and said so", async () => {
    const to = `invited-${crypto.randomUUID()}@console.test`;
    await db.query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'no room'; end $$;
      create trigger refuse before update on group_invitation_logs for each row execute function refuse()`);
    await invite(to);
    const letter = () => db.query("select id from dead_letters where queue = 'send-push-group-invitation'");
    await waitFor(async () => ((await letter()).rowCount ? true : null), 30_000);
    await db.query("drop function refuse cascade");
    expect(await inboxOf(to)).toEqual([]);

    const { page } = await signedIn({ hash: "#/dead-letters" });
    await page.getByRole("link", { name: /send-push-group-invitation/ }).click();
    const card = page.getByRole("listitem").filter({ hasText: "out of tries" });
    await card.getByText("Body").click();
    expect(await card.locator("pre").innerText()).not.toContain(to);
    const form = page.waitForResponse((answer) => answer.url().endsWith("/data/form"));
    await card.getByRole("button", { name: "Replay" }).click();
    const { form_token } = (await (await form).json()).data;
    await dialogOf(page).getByRole("button", { name: "Replay" }).click();
    await page.getByText("is back in send-push-group-invitation").waitFor();
    await waitFor(async () => ((await inboxOf(to)).length > 0 ? true : null), 30_000);
    await page.getByRole("button", { name: "Replay again" }).waitFor();

    await page.route("**/data/form", (route) =>
      route.fulfill({ json: { status: { code: 200, message: "Success" }, data: { form_token } } }),
    );
    await page.getByRole("button", { name: "Replay again" }).click();
    await dialogOf(page).getByRole("button", { name: "Replay" }).click();
    await dialogOf(page)
      .getByRole("alert")
      .filter({ hasText: /used|spent/ })
      .waitFor();
    await page.unroute("**/data/form");
    await dialogOf(page).getByRole("button", { name: "Try again" }).click();
    await dialogOf(page).waitFor({ state: "detached" });
    expect(await inboxOf(to)).toHaveLength(1);
  });
});

async function invite(email: string) {
  const authorization = `Bearer ${await worker.idToken("Host")}`;
  const call = async (method: string, path: string, body: object) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${worker.api}${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { data: { group_id: number } }).data;
  };
  const { group_id } = await call("POST", "/groups", { name: "Console", description: "" });
  await call("POST", "/group/members", { group_id, email });
}

async function inboxOf(to: string): Promise<unknown[]> {
  const answer = await fetch(`${worker.inbox}/messages?channel=email&to=${encodeURIComponent(to)}`);
  return (await answer.json()) as unknown[];
}

/** What leaves the screen, or is wider than its place. */
function whatOverflows(screen: number): string[] {
  // A body scrolls inside its own frame; what only a screen reader reads has no room at all.
  const own = ["PRE", "INPUT", "SELECT"];
  return [...document.querySelectorAll("body, body *")]
    .filter((one) => {
      const { left, right } = one.getBoundingClientRect();
      const overflows =
        !own.includes(one.tagName) && !one.closest(".unseen, .skip") && one.scrollWidth > one.clientWidth;
      return right > screen + 0.5 || left < -0.5 || (overflows && one.clientWidth > 0);
    })
    .map((one) => `${one.tagName}.${one.className} ${one.textContent?.slice(0, 40)}`);
}

/** Of each chart: how many colours its canvas holds, and the picture. */
function coloursDrawn(): { colours: number; picture: string }[] {
  return [...document.querySelectorAll("canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return { colours: new Set(new Uint32Array(data.buffer)).size, picture: canvas.toDataURL() };
  });
}
