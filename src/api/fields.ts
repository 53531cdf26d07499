/** Input fields that several endpoints take, with what the API document says of each. */
import * as z from "zod";
import { timeZoneNamed } from "../domain/time.ts";
import { id, queryId } from "./validate.ts";

/** An id in a JSON body, and the same in a query. */
const idOf = (description: string, example: number) => ({
  json: id.meta({ description, examples: [example] }),
  query: queryId.meta({ description, examples: [example] }),
});

export const groupId = idOf("The group.", 7);
export const eventId = idOf("The event.", 31);
export const commentId = idOf("The comment.", 88);
export const userId = idOf("The person whom it is about.", 4);

/** Longer than any name; what is longer is not repeated to whoever sent it. */
const LONGEST_ZONE_NAME = 64;

export const timeZone = z
  .string()
  .transform((name, context) => {
    const zone = timeZoneNamed(name);
    if (zone !== null) return zone;
    context.addIssue(`${name.length > LONGEST_ZONE_NAME ? "" : `${JSON.stringify(name)} `}is not an IANA time zone`);
    return z.NEVER;
  })
  .meta({ examples: ["Europe/Warsaw"] });
