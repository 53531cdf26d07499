import { expect, it } from "vitest";
import { unsubscribeUrl } from "../../src/domain/links.ts";
import { watchedPage, workerInBrowser } from "./worker-in-browser.ts";

const shared = workerInBrowser();

it("unsubscribes and takes it back on a small phone without scripts, in its own style, light and dark", async () => {
  const { api, browser } = shared;
  const link = await unsubscribeUrl(
    { PUBLIC_URL: api, LINK_SECRET: ["a-link-secret-for-tests"] },
    "Zażółć.Gęślą@torium.test",
  );
  const small = {
    javaScriptEnabled: false,
    viewport: { width: 320, height: 568 },
    locale: "pl-PL",
    colorScheme: "dark",
  } as const;
  const { page, faults } = await watchedPage(browser, small, (url) => url.startsWith(`${api}/`));
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
