/** `npm run dev`: the whole of Torium on this machine. What it promises stands in `--help`. */
import { HELP, parseFlags, UsageError } from "./flags.ts";
import { runStack } from "./lifetime.ts";

try {
  const flags = parseFlags(process.argv.slice(2));
  if (flags) await runStack(flags);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 1;
}
