import { Hono } from "hono";
import { z } from "zod";
import { snsClient } from "../clients/sns.ts";
import { confirmCaller } from "../domain/access.ts";
import { keepDevice } from "../domain/devices.ts";
import { reserveCode, settleCode, verifyNumber } from "../domain/phone-verification.ts";
import { isTimeZone } from "../domain/time.ts";
import { findByEmail, getProfile, setOrganization, setPreferences } from "../domain/users.ts";
import { act } from "./auth.ts";
import { type Api, ok } from "./envelope.ts";
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
  });

const Preferences = z.object({
  reminder_preferences: z.enum(["SMS", "PUSH", "EMAIL"]),
  time_zone: z.string().refine(isTimeZone, "is not an IANA time zone").optional(),
  locale: locale.optional(),
});
const NewMobile = z.object({ mobile_number: text(1, 40) });
const Code = z.object({ code: z.string().regex(/^\s*\d{6}\s*$/, "must have six digits") });
const Device = z.object({ device_token: text(1, 4096), platform: z.enum(["fcm", "apns"]).default("fcm") });

export const users = new Hono<Api>()
  .get("/", async (c) => ok(await act(c, (caller, { db }) => getProfile(db, caller))))
  .get("/email", input("query", z.object({ email })), limitPerPerson("LIMIT_EMAIL_LOOKUPS"), async (c) => {
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
  .patch("/mobile", input("json", Code), async (c) => {
    const code = c.req.valid("json").code.trim();
    await act(c, (caller, { db, now, settings }) => verifyNumber(db, caller, code, settings, now()));
    return ok(null);
  })
  .patch("/organization", input("json", z.object({ organization_id: id })), async (c) => {
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
