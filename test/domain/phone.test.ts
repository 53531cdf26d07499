import { getExampleNumber } from "libphonenumber-js/mobile";
import examples from "libphonenumber-js/mobile/examples";
import { expect, it } from "vitest";
import { parseMobile } from "../../src/domain/phone.ts";

const notPhone = { reason: "This is not a phone number" };
const notMobile = { reason: "This is not a mobile number" };

it.each(["+48512345678", "+48 512 345 678", "0048 512-345-678", "512345678", " 512 345 678 ", "+４８512345678"])(
  "reads %j as a Polish mobile, in E.164",
  (text) => expect(parseMobile(text, ["PL", "DE"])).toEqual({ number: "+48512345678", country: "PL" }),
);

it("reads a number without its country code in the first allowed country", () => {
  expect(parseMobile("07400 123456", ["GB", "PL"])).toEqual({ number: "+447400123456", country: "GB" });
  expect(parseMobile("512345678", ["GB", "PL"])).toHaveProperty("reason");
});

it.each(["+48221234567", "22 123 45 67", "+48800123456", "+48700123456"])("refuses %s, which is no mobile", (text) =>
  expect(parseMobile(text, ["PL"])).toEqual(notMobile),
);

it.each([
  "",
  "abc",
  "112",
  "+48",
  "+48512",
  "call 512345678 now",
  "512345678 ext. 5",
  "+999512345678",
  "5".repeat(400),
  "\0",
])("refuses %j, which is no phone number", (text) => expect(parseMobile(text, ["PL"])).toEqual(notPhone));

it("refuses a mobile of a country that is not allowed, also where it shares the calling code", () => {
  const refused = { reason: "Numbers of this country are not served; served are: GB" };
  expect(parseMobile("+48512345678", ["GB"])).toEqual(refused);
  expect(parseMobile("+447797712345", ["GB"])).toEqual(refused);
  expect(parseMobile("+447797712345", ["JE"])).toEqual({ number: "+447797712345", country: "JE" });
});

it("takes a mobile where mobiles and landlines share their ranges", () => {
  expect(parseMobile("(201) 555-0123", ["US"])).toEqual({ number: "+12015550123", country: "US" });
});

it("knows a mobile of every country in the metadata", () => {
  const countries = Object.keys(examples) as (keyof typeof examples)[];
  for (const country of countries) {
    const { number } = getExampleNumber(country, examples)!;
    expect(parseMobile(number, countries)).toMatchObject({ number });
  }
});

it("accepts nothing where nothing is allowed, and survives a code that is no country", () => {
  expect(parseMobile("+48512345678", [])).toHaveProperty("reason");
  expect(parseMobile("512345678", ["XX"])).toEqual(notPhone);
});
