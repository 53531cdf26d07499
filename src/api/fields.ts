/** Input fields that several endpoints take, with what the API document says of each. */
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
