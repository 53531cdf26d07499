import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { unsubscribeUrl } from "../../src/domain/links.ts";
import { openBrowser } from "./browser.ts";
import { startWholeWorker } from "./whole-worker.ts";

const ends: (() => Promise<void>)[] = [];
let browser: Browser;
let link: string;

beforeAll(async () => {
  const worker = await startWholeWorker();
  ends.push(worker.stop);
  link = await unsubscribeUrl(
    { PUBLIC_URL: worker.api, LINK_SECRET: ["a-link-secret-for-tests"] },
    "Zażółć.Gęślą@torium.test",
  );
  browser = await openBrowser();
  ends.push(() => browser.close());
}, 90_000);
afterAll(async () => {
  for (const end of ends.reverse()) await end();
}, 30_000);

it("unsubscribes and takes it back on a small phone without scripts, in its own style, light and dark", async () => {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 320, height: 568 },
    locale: "pl-PL",
    colorScheme: "dark",
  });
  onTestFinished(() => context.close());
  const faults: string[] = [];
  context.on("console", (message) => faults.push(message.text()));
  const page = await context.newPage();
  await page.goto(link);
  const heading = () => page.getByRole("heading").textContent();
  const dark = await page.screenshot();
  expect(await heading()).toBe("Zrezygnować z e-maili?");
  await page.getByRole("button", { name: "Rezygnuję" }).click();
  expect(await heading()).toBe("Rezygnacja przyjęta");
  await page.goto(link);
  expect(await heading()).toBe("Rezygnacja przyjęta");
  await page.getByRole("button", { name: "Cofnij rezygnację" }).click();
  expect(await heading()).toBe("E-maile znów włączone");
  await page.goto(link);
  await page.emulateMedia({ colorScheme: "light" });
  expect((await page.screenshot()).equals(dark)).toBe(false);
  const { width } = (await page.getByRole("main").boundingBox())!;
  expect(width).toBeLessThanOrEqual(320);
  const { height } = (await page.getByRole("button").boundingBox())!;
  expect(height).toBeGreaterThanOrEqual(44);
  expect(faults).toEqual([]);
});
