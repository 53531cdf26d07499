import { launchStack, type StackInUse, stackInUse } from "../stack-process.ts";
import { say } from "./say.ts";

/** The stack that is up, or one that is started here and ended by `end`. */
export async function stackForDemo(): Promise<StackInUse> {
  const up = await stackInUse(say);
  if (up) return up;
  say("No stack is up: starting one");
  return launchStack({ flags: ["--no-seed"] });
}
