/** The Worker as it is, and beside it two routes for the bench: what every request is measured against, and what a token costs. */
import { env } from "cloudflare:workers";
import { sql } from "drizzle-orm";
import { verifyToken } from "../../src/api/auth.ts";
import { connect, rows } from "../../src/clients/neon.ts";
import { readSettings } from "../../src/env.ts";
import torium from "../../src/index.ts";

const settings = readSettings(env);

export default {
  ...torium,
  fetch(request, bindings, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bench/select-1") return selectOne();
    if (pathname === "/bench/verify") return verifyAll(request);
    return torium.fetch(request, bindings, context);
  },
} satisfies ExportedHandler<Env>;

/** The ceiling: one round trip by the same driver, and nothing else. */
async function selectOne(): Promise<Response> {
  const db = connect(settings.DATABASE_URL, { fetchEndpoint: settings.NEON_FETCH_ENDPOINT });
  return Response.json(await rows(db, sql`select 1 as one`));
}

/** Goes through the body's list of tokens `times` times, one after another. The clock stands still meanwhile: whoever asks takes the time. */
async function verifyAll(request: Request): Promise<Response> {
  const times = Number(new URL(request.url).searchParams.get("times"));
  const tokens = await request.json<string[]>();
  for (let n = 0; n < times; n++) for (const token of tokens) await verifyToken(token, settings, Date.now());
  return Response.json(tokens.length);
}
