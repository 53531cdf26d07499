import { Hono } from "hono";
import * as z from "zod";
import { deletePoolUser } from "../clients/cognito.ts";
import { snsClient } from "../clients/sns.ts";
import { confirmCaller } from "../domain/access.ts";
import { keepDevice } from "../domain/devices.ts";
import { eraseCaller } from "../domain/erasure.ts";
import { forgetOutside } from "../domain/erasure-remains.ts";
import { exportPerson } from "../domain/export.ts";
import { reserveCode, settleCode, verifyNumber } from "../domain/phone-verification.ts";
import { findByEmail, getProfile, setOrganization, setPreferences } from "../domain/users.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
import { timeZone } from "./fields.ts";
import { limitPerPerson } from "./rate-limit.ts";
import { email, id, input, text } from "./validate.ts";

/** A BCP 47 tag in its usual spelling; phones write `pl_PL`. */
const locale = z
  .string()
  .max(35)
  .transform((value, context) => {
    try {
      return Intl.getCanonicalLocales(value.replaceAll("_", "-"))[0]!;
    } catch {
      context.addIssue("is not a language tag like pl or en-GB");
      return z.NEVER;
    }
  })
  .meta({ description: "BCP 47: the language of one's reminders. Absent: as it is.", examples: ["pl"] });

const Preferences = z
  .object({
    reminder_preferences: z
      .enum(["SMS", "PUSH", "EMAIL"])
      .meta({ description: "By which channel one is reminded.", examples: ["EMAIL"] }),
    time_zone: timeZone.describe("IANA: where one's clock is. Absent: as it is.").optional(),
    locale: locale.optional(),
  })
  .meta({ id: "Preferences" });
const NewMobile = z
  .object({
    mobile_number: text(1, 40).meta({
      description: "As people write it; without a country code it is of the service's first country.",
      examples: ["+48 791 234 567"],
    }),
  })
  .meta({ id: "NewMobile" });
const PhoneCode = z
  .object({
    code: z
      .string()
      .regex(/^\s*\d{6}\s*$/, "must have six digits")
      .meta({ description: "The six digits that came by SMS.", examples: ["123456"] }),
  })
  .meta({ id: "PhoneCode" });
const OrganizationChoice = z
  .object({ organization_id: id.meta({ description: "One of the banks listed.", examples: [1] }) })
  .meta({ id: "OrganizationChoice" });
const Device = z
  .object({
    device_token: text(1, 4096).meta({
      description: "What the phone's push service gave the app.",
      examples: ["fcm-registration-token"],
    }),
    platform: z
      .enum(["fcm", "apns"])
      .default("fcm")
      .meta({ description: "Whose token it is: Firebase's, or Apple's.", examples: ["fcm"] }),
  })
  .meta({ id: "Device" });
const Address = z.object({ email: email.describe("Of the person looked for, in upper or lower case.") });

export const users = new Hono<Api>()
  .get("/", async (c) => ok(await act(c, (caller, { db }) => getProfile(db, caller))))
  .delete("/", async (c) => {
    const { db, log, now, settings } = c.var.deps;
    const outside = await act(c, (caller) => eraseCaller(db, caller, now()));
    // The person is erased: what cannot be done outside now is done at night.
    const faults = await forgetOutside(db, outside, {
      endpoint: (arn) => snsClient(settings).deleteEndpoint(arn),
      pool_user: (name) => deletePoolUser(settings, name),
    }).catch((fault: unknown) => [fault]);
    for (const fault of faults) log.error("erasure", fault);
    return ok(null);
  })
  .get("/export", async (c) =>
    ok(await act(c, (caller, { db, now, settings }) => exportPerson(db, caller, now(), settings.LIMIT_EXPORTS_A_DAY))),
  )
  .get("/email", input("query", Address), limitPerPerson("LIMIT_EMAIL_LOOKUPS"), async (c) => {
    const { user_id } = await act(c, (caller, { db }) => findByEmail(db, caller, c.req.valid("query").email));
    return ok({ user_id });
  })
  .patch("/preferences", input("json", Preferences), async (c) => {
    await act(c, (caller, { db }) => setPreferences(db, caller, c.req.valid("json")));
    return ok(null);
  })
  .post("/mobile", input("json", NewMobile), async (c) => {
    const { mobile_number } = c.req.valid("json");
    const { db, log, now, settings } = c.var.deps;
    const code = await act(c, (caller) => reserveCode(db, caller, mobile_number, settings, now()));
    const outcome = await snsClient(settings).publishSms(code.number, code.text);
    await settleCode(db, code, outcome, now()).catch((error: unknown) => {
      // The code is out and works: only the note that it was sent is missing.
      if (outcome.outcome !== "sent") throw error;
      log.error("phone code", error);
    });
    return ok(null);
  })
  .patch("/mobile", input("json", PhoneCode), async (c) => {
    const code = c.req.valid("json").code.trim();
    await act(c, (caller, { db, now, settings }) => verifyNumber(db, caller, code, settings, now()));
    return ok(null);
  })
  .patch("/organization", input("json", OrganizationChoice), async (c) => {
    const { organization_id } = c.req.valid("json");
    await act(c, (caller, { db }) => setOrganization(db, caller, organization_id));
    return ok(null);
  })
  .patch("/device", input("json", Device), async (c) => {
    const device = c.req.valid("json");
    await act(c, async (caller, { db, now, settings }) => {
      await confirmCaller(db, caller);
      const device_arn = await snsClient(settings).registerDevice(device.platform, device.device_token);
      await keepDevice(db, caller, { ...device, device_arn }, now());
    });
    return ok(null);
  });
