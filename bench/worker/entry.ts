/** The Worker as it is, and beside it what the bench needs: what every request is measured against, and what a token costs. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { verifyToken } from "../../src/api/auth.ts";
import { ok } from "../../src/api/envelope.ts";
import { app } from "../../src/api/index.ts";
import { connect, type Db, row, rows } from "../../src/clients/neon.ts";
import { JsonText } from "../../src/domain/json-text.ts";
import { readSettings } from "../../src/env.ts";
import torium from "../../src/index.ts";
import { CONNECTIONS, eachAtMost } from "../../src/queues/concurrency.ts";
import { sendLetters } from "./letters.ts";

const settings = readSettings(env);

/** Calls leave by the network itself, as on the platform. The simulator would lead each through an isolate of its own that looks after headers. */
const { NETWORK: network } = env as unknown as { NETWORK: Fetcher };
globalThis.fetch = ((input: RequestInfo, init?: RequestInit) => network.fetch(input, init)) as typeof fetch;

/** The ceiling: a route like the others, with their token, headers and log line, whose work is one `select 1`. */
app.get("/bench/select-1", async (c) => ok(await rows(c.var.deps.db, sql`select 1 as one`)));
/** As long as a page of events, and ready-made: whatever reads one and hands it on does this much at the least. */
app.get("/bench/text", async (c) => ok(new JsonText(await readyMade(c.var.deps.db, Number(c.req.query("bytes"))))));

export default {
  ...torium,
  fetch(request, bindings, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/bench/bare/select-1") return selectOne();
    if (pathname === "/bench/bare/text") return selectText(Number(searchParams.get("bytes")));
    if (pathname === "/bench/bare/calls") return callProvider(Number(searchParams.get("calls")));
    if (pathname === "/bench/letters")
      return sendLetters(Number(searchParams.get("letters")), Number(searchParams.get("a_call")), settings).then(() =>
        Response.json(null),
      );
    if (pathname === "/bench/verify") return verifyAll(request);
    return torium.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Env>;

const database = () => connect(settings.DATABASE_URL, { fetchEndpoint: settings.NEON_FETCH_ENDPOINT });

/** One round trip by the same driver, and nothing else: no route, no token, no headers, no log. */
const selectOne = async () => Response.json(await rows(database(), sql`select 1 as one`));

const selectText = async (bytes: number) =>
  new Response(await readyMade(database(), bytes), { headers: { "content-type": "application/json; charset=utf-8" } });

/** As long as a signed reminder by SMS is. */
const CALL = "x".repeat(300);

/** What no consumer of a channel can do without: calls to the provider over its six connections, whose answers are read. The clock is of whoever asks. */
async function callProvider(calls: number): Promise<Response> {
  const call = async () => {
    const answer = await fetch(`${settings.AWS_ENDPOINT_URL_SNS}/`, { method: "POST", body: CALL });
    await answer.text();
    if (!answer.ok) throw new Error(`the provider answered ${answer.status}`);
  };
  await eachAtMost(CONNECTIONS, Array.from({ length: calls }), call);
  return Response.json(calls);
}

async function readyMade(db: Db, bytes: number): Promise<string> {
  const person = '{"id":10000,"email":"person-10000@torium.bench","username":"Person 10000"}';
  const people = Math.ceil(bytes / (person.length + 1));
  const { list } = await row<{ list: string }>(
    db,
    sql`select '[' || repeat(${`${person},`}::text, ${people - 1}::int) || ${person}::text || ']' as list`,
  );
  return list;
}

/** Goes through the body's list of tokens `times` times, one after another. The clock stands still meanwhile: whoever asks takes the time. */
async function verifyAll(request: Request): Promise<Response> {
  const times = Number(new URL(request.url).searchParams.get("times"));
  const tokens = await request.json<string[]>();
  for (let n = 0; n < times; n++) for (const token of tokens) await verifyToken(token, settings, Date.now());
  return Response.json(tokens.length);
}
