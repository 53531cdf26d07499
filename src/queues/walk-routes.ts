/** Tries one way after another until one takes the message, or does not say no for good. */
import type { Outcome } from "../clients/aws.ts";

/** The code by which SNS says that an endpoint is disabled or unknown. */
export const isDeadEndpoint = (code: string): boolean =>
  code.startsWith("EndpointDisabled") || code.startsWith("NotFound");

/** What became of the last way tried. `onRefused` hears of each way that is closed for good. */
export async function walkRoutes<Route>(
  routes: readonly Route[],
  send: (route: Route) => Promise<Outcome>,
  onRefused: (route: Route, code: string) => void,
): Promise<{ outcome: Outcome; route: Route }> {
  const [first, ...others] = routes;
  if (first === undefined) throw new Error("there is no way to walk");
  const outcome = await send(first);
  if (outcome.outcome !== "refused") return { outcome, route: first };
  onRefused(first, outcome.error);
  return others.length > 0 ? walkRoutes(others, send, onRefused) : { outcome, route: first };
}
