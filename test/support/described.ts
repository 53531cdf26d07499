/** Every answer that a test sees is held against the API document: its envelope, its data down to the last field, and its error codes. */
import { app } from "../../src/api/index.ts";
import { answerOf, describedRoutes } from "../../src/api/openapi.ts";
import { STATUS } from "../../src/errors.ts";

const ROUTES = describedRoutes(app.routes);

type Body = { status: { code: number }; data: unknown; error?: { code: keyof typeof STATUS } };

/** Throws where the answer is not as described. What other services call is left out. */
export function checkDescribed(request: Request, answer: Response, body: Body): void {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/hooks/") || pathname === "/openapi.json") return;
  const name = `${request.method} ${pathname}`;
  const told = (what: string) =>
    new Error(`${name} answered what openapi.json does not say: ${what}\n${JSON.stringify(body)}`);
  const inDialect = [...request.headers.keys()].some((header) => header.startsWith("trm-"));
  const isError = body.status.code !== 200;

  if (answer.status !== (inDialect ? 200 : body.status.code)) throw told(`HTTP ${answer.status}`);
  if (answer.headers.get("content-type") !== "application/json; charset=utf-8") throw told("content-type");
  const needsRetry = body.status.code === 429 || body.status.code === 503;
  if (needsRetry && !/^[1-9]\d*$/.test(answer.headers.get("retry-after") ?? "")) throw told("retry-after");

  const described = answerOf(name, ROUTES.get(name) !== undefined);
  const schema = isError ? described.error : described.success;
  if (!schema) throw told("an answer of no endpoint");
  const checked = schema.safeParse(inDialect && !isError ? plain(name, body) : body);
  if (!checked.success) throw told(checked.error.message);
  const code = body.error?.code;
  if (!code) return;
  if (STATUS[code] !== body.status.code) throw told("status.code");
  if (described.errors && !described.errors.includes(code)) throw told(`error.code ${code}`);
}

/** The one answer that the dialect writes otherwise. */
function plain(name: string, body: Body): unknown {
  if (name !== "POST /event/comment") return body;
  const [events_comments_id] = (body.data as { events_comments_id: number[] }).events_comments_id;
  return { ...body, data: { events_comments_id } };
}
