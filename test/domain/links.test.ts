import { expect, test } from "vitest";
import { unsubscribeAddress, unsubscribeUrl } from "../../src/domain/links.ts";

const PUBLIC_URL = "https://api.torium.test";
const old = { PUBLIC_URL, LINK_SECRET: ["an-older-secret-of-links"] };
const rotated = { PUBLIC_URL, LINK_SECRET: ["a-newer-secret-of-links", "an-older-secret-of-links"] };
const parametersOf = (link: string) => new URL(link).searchParams;

test("a link names its address, in lower case, and is the same each time", async () => {
  const link = await unsubscribeUrl(old, "Żaneta+List@Torium.test");
  expect(link).toMatch(/^https:\/\/api\.torium\.test\/unsubscribe\?to=[\w-]+&signature=[\w-]{43}$/);
  expect(await unsubscribeUrl(old, "żaneta+list@torium.test")).toBe(link);
  expect(await unsubscribeAddress(old, parametersOf(link))).toBe("żaneta+list@torium.test");
});

test("a link outlives the rotation of its secret, and ends with it", async () => {
  const link = await unsubscribeUrl(old, "ann@torium.test");
  expect(await unsubscribeAddress(rotated, parametersOf(link))).toBe("ann@torium.test");
  const newest = await unsubscribeUrl(rotated, "ann@torium.test");
  expect(await unsubscribeAddress(old, parametersOf(newest))).toBeNull();
});

test("a link that was changed, cut or made up names nobody", async () => {
  const parameters = parametersOf(await unsubscribeUrl(old, "ann@torium.test"));
  const other = parametersOf(await unsubscribeUrl(old, "ben@torium.test"));
  const forged = [
    { to: other.get("to")!, signature: parameters.get("signature")! },
    { to: parameters.get("to")!, signature: parameters.get("signature")!.slice(0, -2) },
    { to: parameters.get("to")!, signature: "" },
    { to: parameters.get("to")!, signature: "%%%" },
    { to: "", signature: parameters.get("signature")! },
    { signature: parameters.get("signature")! },
    { to: parameters.get("to")! },
    {},
  ];
  for (const one of forged) expect(await unsubscribeAddress(old, new URLSearchParams(one))).toBeNull();
});
