/** Holds what a run left behind against the rules. */
import type { Arranged } from "./arrangement.ts";
import type { Ledger } from "./ledger.ts";
import type { World } from "./world.ts";

/** Each line says which rule was broken, and where. */
export function judge(world: World, ledger: Ledger, _end: number, _arranged: Arranged): string[] {
  const broken: string[] = [];
  for (const one of ledger.reminders)
    if (one.status === "pending") broken.push(`reminder ${one.id} is pending for ever`);
  for (const one of ledger.deliveries)
    if (one.status === "pending") broken.push(`delivery ${one.id} is pending for ever`);
  if (world.running > 0) broken.push(`${world.running} tasks never ended`);
  return broken;
}
