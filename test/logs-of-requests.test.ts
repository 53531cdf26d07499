import { sql } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { app } from "../src/api/index.ts";
import { type Operation, operations } from "./fuzz/document.ts";
import { ID, restoreWorld, tokenOf } from "./fuzz/world.ts";
import { idToken, query, settings } from "./support/index.ts";
import { type Listening, listen, SECRETS, SEED } from "./support/logged.ts";
import { type Asked, ask, bearer, failingDatabases, inHeader, REPEATING } from "./support/logged-failures.ts";
import { intercept } from "./support/network.ts";

const ROUTES = [
  ...new Set(
    app.routes
      .filter(({ method, path }) => method !== "ALL" && !path.endsWith("*"))
      .map(({ method, path }) => `${method} ${path.replace(/(.)\/$/, "$1")}`),
  ),
];
const DIALECTS = { plain: {}, app: { "trm-screen": SEED.text.replace("ę", "e") } } as const;
const VALUES = Object.values(SEED);
const all = VALUES.join(" ");

let log: Listening;
beforeEach(async () => {
  await restoreWorld();
  // What the database answers with is seeded too.
  const [admin] = ID.people;
  await query(
    sql`update users set email = ${SEED.email}, username = ${SEED.username}, mobile_number = ${SEED.number} where id = ${admin}`,
  );
  await query(sql`update groups set name = ${SEED.place}, description = ${SEED.text}`);
  await query(sql`update events set name = ${SEED.place}, description = ${SEED.text}`);
  await query(sql`update events_comments set comment = ${SEED.text}`);
  await query(
    sql`insert into devices (user_id, platform, device_token, device_arn, registered_at) values (${admin}, 'fcm', ${SEED.device_token}, ${SEED.arn}, now())`,
  );
  log = listen();
});
afterEach(() => void vi.restoreAllMocks());

const seededHeaders = () => ({
  "user-agent": inHeader(all),
  referer: `https://app.test/${encodeURIComponent(all)}`,
  cookie: `torium_operator=${SEED.device_token}; name=${encodeURIComponent(all)}`,
  "x-forwarded-for": SEED.number,
  "x-request-id": SEED.email,
  origin: `https://${SEED.email}`,
  "accept-language": SEED.code,
});
const everyField = Object.fromEntries(
  Object.entries(SEED).flatMap(([name, value]) => [
    [name, value],
    [value, name],
  ]),
);
const NAMES = [
  "id",
  "event_id",
  "group_id",
  "user_id",
  "name",
  "description",
  "comment",
  "mobile_number",
  "code",
  "device_token",
  "time_zone",
  "locale",
  "recurrence",
  "event_timestamp",
  "starts_at",
  "cursor",
  "limit",
  "users",
  "budget",
  "to",
  "signature",
];

const SHIFTS = [0, 4, 7];
/** Each field with one of the seeds, another at each shift. */
const shifted = (shift: number): Record<string, string> =>
  Object.fromEntries(NAMES.map((name, index) => [name, VALUES[(index + shift) % VALUES.length]!]));

test("every route is asked by what the document says of it, or is another door", () => {
  const described = operations.map(({ name }) => name);
  const others = ROUTES.filter((route) => !described.includes(route));
  expect(
    others.filter((route) => !/ \/(console|hooks|unsubscribe|logos|openapi\.json|status|health|docs)/.test(route)),
  ).toEqual([]);
  expect(described.filter((name) => !ROUTES.includes(name))).toEqual([]);
});

describe.each(Object.entries(DIALECTS))("in the dialect %s", (_, dialect) => {
  test.each(ROUTES)("%s writes one line, whatever is sent", async (route) => {
    const admin = tokenOf("admin")!;
    const newcomer = await idToken(crypto.randomUUID(), SEED.stranger, { name: SEED.username });
    log.hide(admin, newcomer, tokenOf("forged")!);
    const auth = [
      admin,
      newcomer,
      tokenOf("forged")!,
      SEED.device_token,
      SECRETS.OPERATOR_TOKEN,
      all.replaceAll(" ", ""),
    ].map((token) => bearer(inHeader(token)));
    const bodies = [
      "",
      `"${all}"`,
      `{"${all}`,
      JSON.stringify(everyField),
      ...SHIFTS.map((shift) => JSON.stringify(shifted(shift))),
    ];
    for (const headers of [{}, ...auth])
      await ask(log, route, {
        headers: { ...seededHeaders(), ...headers, ...dialect },
        query: everyField,
        body: JSON.stringify(everyField),
      });
    for (const [index, body] of bodies.entries()) {
      const parameters = shifted(index);
      const asHeaders =
        "trm-screen" in dialect
          ? Object.fromEntries(
              Object.entries(parameters).map(([name, value]) => [`trm-${name.replaceAll("_", "-")}`, inHeader(value)]),
            )
          : {};
      await ask(log, route, {
        headers: { ...bearer(admin), "content-type": "application/json", ...asHeaders },
        query: parameters,
        body,
      });
      await ask(log, route, {
        headers: {
          ...bearer(SECRETS.OPERATOR_TOKEN),
          origin: "https://api.torium.test",
          "content-type": "application/json",
        },
        query: parameters,
        body,
      });
    }
    log.check();
  });

  test.each(operations.map((operation) => [operation.name, operation] as const))(
    "%s writes one line of what it takes, also where the database or what is outside fails",
    async (name, operation) => {
      const valid = asked(operation);
      const token = tokenOf("admin")!;
      log.hide(token);
      const headers = { ...bearer(token), ...dialect, "content-type": "application/json" };
      const good = log.depsOf();
      const ends = [await ask(log, name, { ...valid, headers, deps: good })];
      for (const [, db] of Object.entries(failingDatabases(good.db)))
        ends.push(await ask(log, name, { ...valid, headers, deps: log.depsOf({ db }) }));
      for (const answer of Object.values(REPEATING)) {
        intercept(settings.AWS_ENDPOINT_URL_SNS!, answer);
        ends.push(await ask(log, name, { ...valid, headers, deps: log.depsOf() }));
      }
      if (!operation.open && name !== "GET /users/email")
        expect(ends.map(({ status }) => status)).toEqual(expect.arrayContaining([500, 503]));
      log.check();
      await query(sql`delete from erased_people`);
      await query(sql`update users set email = ${SEED.email} where id = ${ID.people[0]}`);
    },
  );
});

/** Such as the operation takes, with seeds wherever a text may be anything. */
function asked({ fields, target }: Operation): Pick<Asked, "query" | "body"> {
  const OF: Record<string, unknown> = {
    ...SEED,
    mobile_number: SEED.number,
    name: SEED.place,
    description: SEED.text,
    comment: SEED.text,
    platform: "fcm",
  };
  const values = fields
    .map(({ name, required, example, schema }): [string, unknown] => {
      if (name in OF) return [name, OF[name]];
      // One of the two says who.
      if (name === "user_id" && !required) return [name, undefined];
      if (schema.maximum === Number.MAX_SAFE_INTEGER) return [name, ID.first];
      if (schema.items) return [name, required ? [ID.first] : undefined];
      return [name, example];
    })
    .filter(([, value]) => value !== undefined);
  if (target === "query") return { query: Object.fromEntries(values.map(([name, value]) => [name, String(value)])) };
  return { body: JSON.stringify(Object.fromEntries(values)) };
}

test("a path that is none says nothing of itself", async () => {
  for (const path of VALUES.map(encodeURIComponent))
    for (const method of ["GET", "POST", "DELETE"])
      for (const headers of [{}, bearer(tokenOf("admin")!)])
        expect(await ask(log, `${method} /${path}/${path}?${path}=${path}`, { headers })).toMatchObject({
          path: "unknown",
        });
  log.check();
});
