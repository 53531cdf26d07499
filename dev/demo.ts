/** `npm run demo`: the whole story through public doors, on the stack that is up or on one that lives as long as this. */
import { say } from "./demo/say.ts";
import { stackForDemo } from "./demo/stack.ts";
import { tellStory } from "./demo/story.ts";

try {
  const { stack, end } = await stackForDemo();
  try {
    const missing = await tellStory(stack);
    for (const what of missing) say(`MISSING  ${what}`);
    if (missing.length > 0) process.exitCode = 1;
  } finally {
    await end();
  }
} catch (error) {
  console.error(`The demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
