/** A stand-in for one outside address; everything else is reached as ever. Until `vi.restoreAllMocks()`. */
import { vi } from "vitest";

const real = globalThis.fetch;

export type Call = { url: string; headers: Headers; body: string };

/** Calls to addresses that begin with `prefix` are answered by `answer`, and recorded. */
export function intercept(prefix: string, answer: (call: Call) => Promise<Response> | Response): Call[] {
  const calls: Call[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (!url.startsWith(prefix)) return real(input, init);
    const request = new Request(input, init);
    const call = { url, headers: request.headers, body: new TextDecoder().decode(await request.arrayBuffer()) };
    calls.push(call);
    return answer(call);
  });
  return calls;
}
