import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { watchedPage, workerInBrowser } from "./worker-in-browser.ts";

const shared = workerInBrowser();

/** The page with all its endpoints, and what went wrong on it: errors on its console, and hosts other than its own that it called. */
async function openPage(width = 1280): Promise<{ page: Page; faults: string[] }> {
  const { api, browser } = shared;
  const own = (url: string) => url.startsWith(`${api}/`);
  const { page, faults } = await watchedPage(browser, { viewport: { width, height: 800 } }, own);
  await page.goto(`${api}/docs`);
  await page.getByRole("heading", { name: "Events", exact: true }).waitFor();
  return { page, faults };
}

describe("the page at /docs", () => {
  it("shows every endpoint of openapi.json and calls no other host", async () => {
    const { page, faults } = await openPage();
    const { paths } = (await (await fetch(`${shared.api}/openapi.json`)).json()) as { paths: Record<string, object> };
    const count = Object.values(paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
    expect(await page.locator("details").count()).toBe(count);
    expect(await page.getByRole("cell", { name: "invalid_input" }).first().isVisible()).toBe(true);
    expect(faults).toEqual([]);
  });

  it("fits a phone: with every entry open nothing is wider than the screen, and no text is cut off", async () => {
    const width = 390;
    const { page } = await openPage(width);
    const tooWide = await page.evaluate((screen) => {
      type Box = { tagName: string; textContent: string; open?: boolean; scrollWidth: number; clientWidth: number };
      type Shown = Box & { getBoundingClientRect(): { left: number; right: number } };
      const { document } = globalThis as unknown as {
        document: { querySelectorAll(selector: string): Iterable<Shown> };
      };
      for (const entry of document.querySelectorAll("details")) entry.open = true;
      return [...document.querySelectorAll("body, body *")]
        .filter((one) => {
          const { left, right } = one.getBoundingClientRect();
          // Examples scroll inside their own frame.
          const overflows = !["PRE", "TEXTAREA", "INPUT"].includes(one.tagName) && one.scrollWidth > one.clientWidth;
          return right > screen || left < 0 || (overflows && one.clientWidth > 0);
        })
        .map((one) => `${one.tagName} ${one.textContent.slice(0, 40)}`);
    }, width);
    expect(tooWide).toEqual([]);
    expect(await page.getByText("event_timestamp", { exact: true }).first().isVisible()).toBe(true);
  });

  it("tries calls with a token: a group is founded and then listed", async () => {
    const { page, faults } = await openPage();
    await page.getByLabel("Token").fill(await shared.idToken("Docs"));
    const tried = async (operation: string) => {
      await page.evaluate((name) => {
        (globalThis as unknown as { location: { hash: string } }).location.hash = name;
      }, operation);
      const shown = page.locator(`#${operation}`);
      await shown.getByRole("button", { name: "Send" }).click();
      const answer = shown.getByRole("status").filter({ hasText: "HTTP" });
      await answer.waitFor();
      return answer.innerText();
    };
    expect(await tried("createGroup")).toMatch(/^HTTP 200.*"group_id": \d+/s);
    expect(await tried("listGroups")).toMatch(/^HTTP 200.*"name": "Flat 12"/s);
    expect(faults).toEqual([]);
  });
});
