import { describe, expect, it } from "vitest";
import { isCurrency, minorUnits, parseAmount, shareOf, shares } from "../../src/domain/money.ts";
import { seeded } from "./seeded.ts";

describe("currencies", () => {
  it.each([
    ["PLN", 2],
    ["EUR", 2],
    ["HUF", 2],
    ["IDR", 2],
    ["RSD", 2],
    ["JPY", 0],
    ["ISK", 0],
    ["KWD", 3],
    ["CLF", 4],
  ] as const)("%s has %i decimals, as ISO 4217 says", (currency, digits) => expect(minorUnits(currency)).toBe(digits));

  it("are the codes in use, in upper case", () => {
    expect(["PLN", "EUR", "USD", "UAH"].every(isCurrency)).toBe(true);
    expect(["pln", "ZZZ", "", "PLNN", "constructor"].some(isCurrency)).toBe(false);
  });
});

describe("an amount", () => {
  it.each([
    ["100", "PLN", "100.00"],
    ["99.50", "PLN", "99.50"],
    ["99.5", "PLN", "99.50"],
    [99.5, "PLN", "99.50"],
    [0, "PLN", "0.00"],
    ["007.10", "PLN", "7.10"],
    ["1.234", "KWD", "1.234"],
    ["500", "JPY", "500"],
    ["999999999999.99", "PLN", "999999999999.99"],
    [999999999999.99, "PLN", "999999999999.99"],
  ])("%j in %s is %s", (input, currency, amount) => expect(parseAmount(input, currency)).toBe(amount));

  it.each([
    ["99,50", "PLN"],
    ["-1", "PLN"],
    [-1, "PLN"],
    ["+1", "PLN"],
    [Number.NaN, "PLN"],
    [Number.POSITIVE_INFINITY, "PLN"],
    ["1e3", "PLN"],
    [1e21, "PLN"],
    [1e-7, "PLN"],
    [0.1 + 0.2, "PLN"],
    ["1.234", "PLN"],
    ["1.5", "JPY"],
    ["", "PLN"],
    [".5", "PLN"],
    ["5.", "PLN"],
    ["0x10", "PLN"],
    ["1 000", "PLN"],
    ["١", "PLN"],
    ["1000000000000", "PLN"],
    ["999999999999.991", "KWD"],
  ])("%j in %s is refused", (input, currency) => expect(parseAmount(input, currency)).toBeNull());
});

describe("shares", () => {
  it("give the spare minor units to the lowest ranks", () => {
    expect(shares("100.00", "PLN", 3)).toEqual({ base: "33.33", spare: 1 });
    expect([0, 1, 2].map((rank) => shareOf("100.00", "PLN", 3, rank))).toEqual(["33.34", "33.33", "33.33"]);
    expect([0, 1, 2].map((rank) => shareOf("100", "JPY", 3, rank))).toEqual(["34", "33", "33"]);
    expect([0, 1, 2].map((rank) => shareOf("0.02", "PLN", 3, rank))).toEqual(["0.01", "0.01", "0.00"]);
  });

  it("take an amount as a database column spells it", () => {
    expect(shareOf("100.0000", "PLN", 3, 0)).toBe("33.34");
    expect(shareOf("100.00", "JPY", 4, 3)).toBe("25");
    expect(shareOf("100", "PLN", 4, 3)).toBe("25.00");
  });

  it("add up to the amount to the last minor unit, and none is more than one unit above another", () => {
    const units = (text: string, digits: number) => {
      const [whole = "", fraction = ""] = text.split(".");
      return BigInt(whole) * 10n ** BigInt(digits) + BigInt(fraction.padEnd(digits, "0") || "0");
    };
    for (let seed = 1; seed <= 300; seed++) {
      const { below, pick } = seeded(seed);
      const currency = pick(["PLN", "EUR", "JPY", "KWD", "CLF"]);
      const digits = minorUnits(currency);
      const fraction = digits ? `.${String(below(10 ** digits)).padStart(digits, "0")}` : "";
      const amount = parseAmount(
        `${below(pick([10, 1000, 999_999_999]))}${below(2) ? "" : "123"}${fraction}`,
        currency,
      )!;
      const people = 1 + below(pick([3, 50, 700]));
      const each = Array.from({ length: people }, (_, rank) => units(shareOf(amount, currency, people, rank), digits));
      const { base, spare } = shares(amount, currency, people);
      expect({ seed, sum: each.reduce((sum, share) => sum + share) }).toEqual({ seed, sum: units(amount, digits) });
      expect({ seed, each }).toEqual({
        seed,
        each: each.map((_, rank) => units(base, digits) + (rank < spare ? 1n : 0n)),
      });
    }
  });

  it("refuse a division among nobody, and a rank outside", () => {
    expect(() => shares("1.00", "PLN", 0)).toThrow(RangeError);
    expect(() => shareOf("1.00", "PLN", 2, 2)).toThrow(RangeError);
    expect(() => shareOf("-1.00", "PLN", 2, 0)).toThrow(RangeError);
  });
});
