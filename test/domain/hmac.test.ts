import { expect, test, vi } from "vitest";
import { hmac, isSigned } from "../../src/hmac.ts";

// RFC 4231, test case 2.
const JEFE = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

test("it is HMAC-SHA-256 as RFC 4231 has it", async () => {
  expect(await hmac("Jefe", "what do ya want for nothing?")).toBe(JEFE);
  expect(await isSigned(["other", "Jefe"], JEFE, "what do ya want for nothing?")).toBe(true);
  expect(await isSigned(["other"], JEFE, "what do ya want for nothing?")).toBe(false);
});

test("a secret is imported once, each as its own, however many there are", async () => {
  const imported = vi.spyOn(crypto.subtle, "importKey");
  const own = crypto.randomUUID();
  const first = await hmac(own, "text");
  expect(await hmac(own, "text")).toBe(first);
  expect(imported).toHaveBeenCalledTimes(1);
  const others = await Promise.all(Array.from({ length: 50 }, (_, n) => hmac(`${own}-${n}`, "text")));
  expect(new Set([first, ...others]).size).toBe(51);
  expect(await hmac(own, "text")).toBe(first);
});
