import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { watchedPage, workerInBrowser } from "./worker-in-browser.ts";

const shared = workerInBrowser();

/** The page as a browser with these settings shows it, and what went wrong: errors on its console, and whatever it called beside itself. */
async function openPage(settings: BrowserContextOptions) {
  const { api, browser } = shared;
  const own = (url: string) => url === `${api}/` || url.startsWith("data:");
  const { page, faults } = await watchedPage(browser, settings, own);
  await page.goto(api);
  const headings = (await page.getByRole("heading", { level: 1 }).allInnerTexts()).filter(Boolean);
  return { page, faults, headings };
}

const ENGLISH = "Plans that nobody forgets";
const POLISH = "Plany, o których każdy pamięta";

describe("the page at /, to which the letter of an invitation leads", () => {
  it.each([
    ["pl-PL", POLISH],
    ["pl", POLISH],
    ["en-GB", ENGLISH],
    ["de-DE", ENGLISH],
  ])("speaks to a browser in %s, of itself alone and as its headers allow", async (locale, heading) => {
    const { page, faults, headings } = await openPage({ locale });
    expect(headings).toEqual([heading]);
    expect(await page.getByRole("listitem").count()).toBe(3);
    expect(await page.locator("html").getAttribute("lang")).toBe(heading === POLISH ? "pl" : "en");
    expect(faults).toEqual([]);
  });

  it("shows both languages where scripts are off", async () => {
    const { headings } = await openPage({ javaScriptEnabled: false });
    expect(headings).toEqual([ENGLISH, POLISH]);
  });

  it.each(["light", "dark"] as const)("is readable on a phone, %s, and nothing is cut off", async (colorScheme) => {
    const { page } = await openPage({ colorScheme, viewport: { width: 320, height: 640 } });
    const seen = await page.evaluate(() => {
      const { document, getComputedStyle } = globalThis as unknown as {
        document: { documentElement: { scrollWidth: number }; querySelector: (name: string) => object };
        getComputedStyle: (element: object) => { color: string; backgroundColor: string };
      };
      const brightness = (color: string) => Number(/\d+/.exec(color)![0]);
      return {
        width: document.documentElement.scrollWidth,
        ink: brightness(getComputedStyle(document.querySelector("h1")).color),
        ground: brightness(getComputedStyle(document.querySelector("main")).backgroundColor),
      };
    });
    expect(seen.width).toBe(320);
    expect(seen.ground - seen.ink > 150).toBe(colorScheme === "light");
    expect(seen.ink - seen.ground > 150).toBe(colorScheme === "dark");
  });

  it("comes with headers that let it run nothing else and stand in no frame", async () => {
    const { headers, status } = await fetch(shared.api);
    expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const policy = headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  it.each([
    ["GET", "/nowhere", 401],
    ["GET", "/groups", 401],
    ["POST", "/groups", 401],
    ["GET", "/logos/nothing.png", 404],
    ["GET", "/health", 200],
  ])("leaves the API what is the API's: %s %s is answered in the envelope", async (method, path, code) => {
    const answer = await fetch(`${shared.api}${path}`, { method });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([code, "application/json; charset=utf-8"]);
    expect(await answer.json()).toMatchObject({ status: { code } });
  });

  it("an address of nothing is 404 in the envelope for whoever may ask", async () => {
    const answer = await fetch(`${shared.api}/nowhere`, {
      headers: { authorization: `Bearer ${await shared.idToken("Lost")}` },
    });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ status: { code: 404 }, data: null, error: { code: "not_found" } });
  });
});
