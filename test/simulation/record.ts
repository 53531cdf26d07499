/** What a run leaves behind for the oracle to judge, beside the ledger itself. */
import type { Moment } from "./history.ts";
import type { Channel } from "./provider.ts";
import type { Task } from "./task.ts";

/** One call to the provider that named a recipient of a message. */
export type Attempt = {
  /** ms */
  asked_at: number;
  at: number;
  task: Task;
  channel: Channel;
  address: string;
  text: string;
  title: string;
  /** event_reminders_logs; null where no reminder's message named it. */
  row: number | null;
  outcome: "accepted" | "refused" | "fault" | "nothing";
  /** Why it was refused, or what went wrong. */
  said: string;
  provider_message_id: string | null;
  /** The provider's answer reached its worker. */
  heard: boolean;
};

/** A claim that was committed, as the database answered it. */
export type Claim = {
  call: number;
  at: number;
  task: Task;
  token: string;
  /** `again`: the token held the row already. */
  rows: { id: number; cost_usd: string | null; settled: boolean; refusal: string | null; again: boolean }[];
};
/** A settling that was committed. */
export type Settle = {
  call: number;
  at: number;
  task: Task;
  /** `effective`: of a row that the task held, under `token`; `refused`: its claim had refused it. */
  rows: {
    id: number;
    status: string;
    lost: boolean;
    provider_message_id: string | null;
    effective: boolean;
    token: string;
    refused: boolean;
  }[];
};

export type Record_ = {
  attempts: Attempt[];
  claims: Claim[];
  settles: Settle[];
  moments: Moment[];
  /** Ids of the messages that the consumer of dead letters acknowledged. */
  buried: string[];
  /** Rules broken while it ran. */
  violations: string[];
};
