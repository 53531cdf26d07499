import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Inbox, startInbox } from "../../dev/inbox/index.ts";
import { openBrowser } from "./browser.ts";
import { credentials, registerDevice, sendEmail, sendPush, sendSms } from "./signed-calls.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

let directory: string;
let inbox: Inbox;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "torium-page-"));
  inbox = await startInbox({ port: 0, ...credentials, directory });
  return async () => {
    await inbox.stop();
    rmSync(directory, { recursive: true, force: true });
  };
});

/** The page, open and live, and what went wrong on it: errors on its console, and hosts other than the inbox that it called. */
async function openPage(options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const faults: string[] = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(`${inbox.url}/`)) faults.push(`called ${request.url()}`);
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => faults.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(inbox.url);
  await page.getByRole("status").getByText("Live", { exact: true }).waitFor();
  return { page, faults };
}

const people = [
  { name: "Anna Nowak", email: "anna@torium.test", phone: "+48600100200", device_token: "token-anna" },
  { name: "Bartek Lis", email: "bartek@torium.test", phone: "+48600100300", device_token: "token-bartek" },
  { name: "Cleo Martin", email: "cleo@torium.test", phone: null, device_token: "token-cleo" },
];
const namePeople = () => fetch(`${inbox.url}/people`, { method: "PUT", body: JSON.stringify(people) });

const phoneOf = (page: Page, name: string) => page.getByRole("region", { name: `Phone of ${name}` });
const mailboxOf = (page: Page, name: string) => page.getByRole("region", { name: `Mailbox of ${name}` });

describe("the inbox page", () => {
  it("shows an SMS, a push and an e-mail on the phones of three people without a reload", async () => {
    await namePeople();
    const arn = await registerDevice(inbox.url, "token-cleo");
    const { page, faults } = await openPage();
    await page.evaluate("window.neverReloaded = true");
    await page.getByRole("heading", { name: "Nothing has arrived yet" }).waitFor();

    await sendSms(inbox.url, "+48600100200", "Dinner today, 19:00 Warsaw");
    await phoneOf(page, "Anna Nowak").getByText("Dinner today, 19:00 Warsaw").waitFor();
    await sendEmail(inbox.url, "bartek@torium.test");
    await phoneOf(page, "Bartek Lis").getByText("Dinner tonight").waitFor();
    await sendPush(inbox.url, arn, "Dinner", "Today, 18:00 your time");
    await phoneOf(page, "Cleo Martin").getByText("Today, 18:00 your time").waitFor();

    const letter = mailboxOf(page, "Bartek Lis").frameLocator("iframe");
    await letter.getByText("Dinner at 19:00").waitFor();
    const feed = page.getByRole("complementary", { name: "Who got what, and when" }).getByRole("listitem");
    expect(await feed.count()).toBe(3);
    expect(await feed.first().textContent()).toContain("Cleo Martin");
    expect(await feed.first().textContent()).toMatch(/\d\d:\d\d:\d\d/);
    expect(await page.getByRole("article").count()).toBe(3);
    expect(await page.getByText("Nothing has arrived yet").isVisible()).toBe(false);
    expect(await page.evaluate("window.neverReloaded")).toBe(true);
    expect(faults).toEqual([]);
  });

  it("keeps the newest on top of a phone and open in a mailbox, until somebody picks another letter", async () => {
    const { page } = await openPage();
    const subject = (Data: string) => ({ Subject: { Data } });
    for (const n of ["one", "two"]) {
      await sendSms(inbox.url, "+48600100200", `SMS ${n}`);
      await sendEmail(inbox.url, "anna.nowak@torium.test", subject(`Letter ${n}`));
    }
    await phoneOf(page, "+48 600 100 200").getByText("SMS two").waitFor();
    const notes = phoneOf(page, "+48 600 100 200").getByRole("listitem");
    expect(await notes.first().textContent()).toContain("SMS two");

    const mailbox = mailboxOf(page, "Anna Nowak");
    await mailbox.getByRole("heading", { name: "Letter two" }).waitFor();
    await mailbox.getByRole("button", { name: "Letter one" }).press("Enter");
    await mailbox.getByRole("heading", { name: "Letter one" }).waitFor();
    await sendEmail(inbox.url, "anna.nowak@torium.test", subject("Letter three"));
    await mailbox.getByRole("button", { name: "Letter three" }).waitFor();
    expect(await mailbox.getByRole("heading", { level: 4 }).textContent()).toBe("Letter one");
    await phoneOf(page, "Anna Nowak").getByRole("button", { name: "Read the e-mail" }).first().click();
    await mailbox.getByRole("heading", { name: "Letter three" }).waitFor();
  });

  it("shows what a message says as text, and runs and loads nothing of it", async () => {
    const called: string[] = [];
    const tracker = createServer((request, response) => {
      called.push(request.url ?? "");
      response.end();
    });
    await new Promise<void>((done) => tracker.listen(0, "127.0.0.1", done));
    onTestFinished(() => void tracker.close());
    const host = `http://127.0.0.1:${(tracker.address() as AddressInfo).port}`;
    const { page } = await openPage();
    const hostile = `<img src="${host}/image" onerror="document.title='owned'"><b>bold</b>`;
    await sendSms(inbox.url, "+48600100200", hostile);
    await phoneOf(page, "+48 600 100 200").getByText(hostile).waitFor();
    await sendPush(inbox.url, await registerDevice(inbox.url, "token"), hostile, hostile);
    await sendEmail(inbox.url, "anna@torium.test", {
      Subject: { Data: hostile },
      Body: {
        Html: {
          Data: `${hostile}<script>parent.document.title = "owned"</script><script src="${host}/script"></script>
                 <meta http-equiv="refresh" content="0;url=${host}/refresh"><link rel="stylesheet" href="${host}/style">
                 <iframe src="${host}/frame"></iframe><video src="${host}/video"></video>
                 <form action="${host}/form"><button>Go</button></form><p>the end</p>`,
        },
      },
    });
    const letter = mailboxOf(page, "Anna").frameLocator("iframe").first();
    await letter.getByText("the end").waitFor();
    await letter.getByRole("button", { name: "Go" }).click();
    await sendSms(inbox.url, "+48600100200", "afterwards");
    await phoneOf(page, "+48 600 100 200").getByText("afterwards").waitFor();
    expect(await page.title()).toBe("Torium inbox");
    expect(await page.getByRole("article").locator("img, script, b").count()).toBe(0);
    expect(called).toEqual([]);
  });

  it("says when the connection is lost, comes back by itself, and shows what it missed once", async () => {
    const { page } = await openPage();
    await sendSms(inbox.url, "+48600100200", "before the crash");
    const phone = phoneOf(page, "+48 600 100 200");
    await phone.getByText("before the crash").waitFor();
    const port = Number(new URL(inbox.url).port);
    await inbox.stop();
    await page.getByRole("status").getByText("Connection lost").waitFor();
    inbox = await startInbox({ port, ...credentials, directory });
    await sendSms(inbox.url, "+48600100200", "while away");
    await phone.getByText("while away").waitFor();
    await page.getByRole("status").getByText("Live", { exact: true }).waitFor();
    expect(await phone.getByRole("listitem").count()).toBe(2);
  });

  it.each(["light", "dark"] as const)(
    "fits a screen of 360 px without sideways scrolling (%s)",
    async (colorScheme) => {
      const { page, faults } = await openPage({ viewport: { width: 360, height: 740 }, colorScheme });
      const endless = "W".repeat(300);
      await sendSms(inbox.url, "+48600100200", endless);
      await sendEmail(inbox.url, `${"very-long-name".repeat(4)}@torium.test`, {
        Subject: { Data: endless },
        Body: { Html: { Data: `<table width="900"><tr><td>${endless}</td></tr></table>` }, Text: { Data: endless } },
      });
      await sendPush(inbox.url, await registerDevice(inbox.url, endless), endless, endless);
      await page.getByRole("article").nth(2).waitFor();
      await page.getByRole("button", { name: "Headers" }).click();
      const width = await page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]");
      expect(width).toEqual([360, 360]);
      expect(faults).toEqual([]);
    },
  );

  it("can be used by keyboard and heard by a screen reader", async () => {
    const { page } = await openPage();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the phones");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("people");
    await sendSms(inbox.url, "+48600100200", "Dinner at 19:00");
    await page.locator("[aria-live=polite]", { hasText: "SMS for +48 600 100 200: Dinner at 19:00" }).waitFor();
    for (const landmark of ["banner", "main", "complementary"] as const) {
      expect(await page.getByRole(landmark).count()).toBe(1);
    }
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    expect(await page.getByRole("article", { name: "+48 600 100 200" }).count()).toBe(1);
  });

  it("narrows down by channel and by word, and can be emptied", async () => {
    const { page } = await openPage();
    await sendSms(inbox.url, "+48600100200", "dinner");
    await sendSms(inbox.url, "+48600100300", "football");
    await sendEmail(inbox.url, "anna@torium.test");
    await page.getByRole("article").nth(2).waitFor();
    await page.getByText("E-mail", { exact: true }).click();
    expect(await page.getByRole("article").count()).toBe(1);
    await page.getByText("All", { exact: true }).click();
    await page.getByRole("searchbox").fill("FOOTBALL");
    expect(await page.getByRole("article").count()).toBe(1);
    await page.getByRole("searchbox").fill("nobody");
    await page.getByRole("heading", { name: "Nothing here fits" }).waitFor();
    await page.getByRole("searchbox").fill("");
    await page.getByRole("button", { name: "Empty the inbox" }).click();
    expect(await page.getByRole("article").count()).toBe(3);
    await page.getByRole("button", { name: "Really? Press again" }).click();
    await page.getByRole("heading", { name: "Nothing has arrived yet" }).waitFor();
    expect(await (await fetch(`${inbox.url}/messages`)).json()).toEqual([]);
  });

  it("puts the addresses of one person on one card as soon as it learns of them", async () => {
    const { page } = await openPage();
    await sendSms(inbox.url, "+48600100200", "to the phone");
    await sendEmail(inbox.url, "anna@torium.test");
    await page.getByRole("article").nth(1).waitFor();
    await namePeople();
    await phoneOf(page, "Anna Nowak").getByText("to the phone").waitFor();
    expect(await page.getByRole("article").count()).toBe(1);
    const wrong = await fetch(`${inbox.url}/people`, { method: "PUT", body: JSON.stringify([{ email: 5 }]) });
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ error: { issues: [{ path: "0.name" }, { path: "0.email" }] } });
  });
});
