/** Holds what a run left behind against the rules; each line of the answer says which one was broken, and where. */
import type { Arranged } from "./arrangement.ts";
import type { Delivery, Ledger, Reminder } from "./ledger.ts";
import { type Version, versionsOf } from "./model.ts";
import { judgeAccepts } from "./oracle-accepts.ts";
import { judgeChannels } from "./oracle-channels.ts";
import { judgeLedger } from "./oracle-ledger.ts";
import { judgeMoney } from "./oracle-money.ts";
import { judgePeople } from "./oracle-people.ts";
import type { Record_ } from "./record.ts";
import type { World } from "./world.ts";

export type Case = {
  record: Record_;
  ledger: Ledger;
  arranged: Arranged;
  versions: Version[];
  reminders: Map<number, Reminder>;
  deliveries: Map<number, Delivery>;
  isCalm: boolean;
  budget_usd: string;
  /** When something went wrong, ms. */
  faults: number[];
  /** ms, until when the run went. */
  end: number;
};

export function judge(world: World, ledger: Ledger, end: number, arranged: Arranged): string[] {
  const { record, faults } = world;
  attribute(record);
  const found: Case = {
    record,
    ledger,
    arranged,
    versions: versionsOf(record.moments, end),
    reminders: new Map(ledger.reminders.map((one) => [one.id, one])),
    deliveries: new Map(ledger.deliveries.map((one) => [one.id, one])),
    isCalm: faults.isCalm,
    budget_usd: world.budget_usd,
    faults: faults.moments,
    end,
  };
  const stuck = [
    ...(world.running > 0 ? [`${world.running} tasks never ended`] : []),
    ...(world.queues.size > 0 ? [`${world.queues.size} messages are still in the queues`] : []),
  ];
  return [
    ...stuck,
    ...judgeLedger(found),
    ...judgePeople(found),
    ...judgeChannels(found),
    ...judgeAccepts(found),
    ...judgeMoney(found),
  ];
}

/**
 * Where a batch says the same to one address twice, the words cannot tell which message was for which row: what the batch settled with a
 * message's id can.
 */
function attribute({ attempts, settles }: Record_): void {
  for (const { task, rows } of settles) {
    for (const { id, provider_message_id } of rows) {
      const own = attempts.filter((one) => one.task === task);
      const right = own.find((one) => provider_message_id !== null && one.provider_message_id === provider_message_id);
      if (!right || right.row === id) continue;
      const other = own.find((one) => one.row === id && one.address === right.address);
      if (other) [right.row, other.row] = [other.row, right.row];
    }
  }
}
