/** What stands above the endpoints in the API document: the envelope, the errors, lists, time, and the app's dialect. */
import { type ErrorCode, STATUS } from "../../errors.ts";

/** When each error happens. */
export const WHEN: Record<ErrorCode, string> = {
  invalid_input:
    "The body is no JSON, or a field is missing, of a wrong type or out of range: `issues` names every one at once.",
  unauthenticated: "No token, or one that is expired, forged, made for something else, or of an erased person.",
  forbidden: "A member of the group whose role, or whose not taking part in the event, does not allow it.",
  not_found: "It does not exist, or the caller is a stranger to it: which of the two is never told.",
  conflict: "It contradicts what is.",
  payload_too_large: "The body is over 64 KiB.",
  rate_limited: "Too often; `Retry-After` says when again.",
  internal: "A fault on our side; `request_id` finds it.",
  unavailable: "Something that the service needs is out of reach for a moment; `Retry-After` says when again.",
};

const table = (Object.keys(STATUS) as ErrorCode[]).map((code) => `| \`${code}\` | ${STATUS[code]} | ${WHEN[code]} |`);

export const DESCRIPTION = `Reminders for groups: people form groups, plan events, and are reminded on time by SMS, e-mail or push.

## Envelope

Success is HTTP 200, whatever the method: \`{"status": {"code": 200, "message": "Success"}, "data": …}\`; \`data\` is null where there is nothing to say.
GET and DELETE take query parameters; POST, PUT and PATCH a JSON body of at most 64 KiB. Unknown fields are ignored. Ids are integers.
Every answer carries \`x-request-id\`.

## Errors

\`error.code\` is one of these, with its HTTP status. Where several apply, the first of 401, 413, 400, 404, 403, 409, 429.

| code | HTTP | when |
|---|---|---|
${table.join("\n")}

## Lists

A list takes \`limit\` (1 to 1,000; 1,000 when absent) and \`cursor\`, and adds \`"page": {"next_cursor": …}\`, which is the next page's \`cursor\`, or null
on the last one. A cursor belongs to the list that made it and says nothing to anybody else.

## Sign-in

\`Authorization: Bearer <token>\`: an access or ID token of the service's Cognito user pool. The caller is whoever the token says.

## Time

Wall time (\`2026-11-11 18:00:00\`) is what clocks show in the event's time zone; instants are RFC 3339. An event at six in the evening stays at six when the clocks
change.

## The app's dialect

A request with any \`trm-…\` header speaks the dialect of the first Torium's app. New clients send no such header. It differs in this:

- Each \`trm-\` header is an input field: prefix off, lower case, \`-\` to \`_\`. It wins over the body and the query. DELETE and GET may carry their fields in headers, and DELETE in a JSON
  body.
- Every answer has HTTP 200, errors too: the real code is in \`status.code\`.
- \`user_id\` and \`admin_id\` name the caller and are dropped, except in POST and DELETE /group/members, where \`trm-user-id\` is whom it is about, and in PATCH
  /group/members/role, where the body's \`user_id\` is.
- Ids and numbers may be strings (\`"12"\`, \`"99.50"\`); \`users\` may repeat the caller; \`budget\` may be \`""\` or \`-1\` where there is none.
- \`event_timestamp\` may have hours to 24: \`2026-11-11 24:30:00.00\` is half past midnight as 11 November begins.
- POST /event/comment answers \`events_comments_id\` as a list of one number; GET /event/comment leaves out authors who no longer take part.
`;
