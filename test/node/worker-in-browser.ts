import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { openBrowser } from "./browser.ts";
import { startWholeWorker, type Wanted } from "./whole-worker.ts";

type Shared = Omit<Awaited<ReturnType<typeof startWholeWorker>>, "stop"> & { browser: Browser };

/** The Worker and a browser for as long as the test file runs; what it answers is filled in before the first test. */
export function workerInBrowser(wanted: Wanted = {}): Shared {
  const shared = {} as Shared;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const { stop, ...worker } = await startWholeWorker(wanted);
    ends.push(stop);
    const browser = await openBrowser();
    ends.push(() => browser.close());
    Object.assign(shared, { ...worker, browser });
  }, 90_000);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  }, 30_000);
  return shared;
}

/** An empty page, and what goes wrong on it: whatever its console complains of, and every call to an address that is not `own`. */
export async function watchedPage(browser: Browser, settings: BrowserContextOptions, own: (url: string) => boolean) {
  const context = await browser.newContext(settings);
  onTestFinished(() => context.close());
  const faults: string[] = [];
  context.on("request", (request) => {
    if (!own(request.url())) faults.push(`called ${request.url()}`);
  });
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => faults.push(String(error.error())));
  return { page: await context.newPage(), faults };
}
