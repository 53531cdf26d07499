import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { openJournal } from "./journal.ts";
import type { Call, Channel, Draft, Message } from "./message.ts";

interface Accepted {
  request: Call;
  messages: Omit<Message, "request">[];
}

/** Everything that was accepted, oldest first. */
export interface Messages {
  accept(request: Call, drafts: Draft[]): Message[];
  select(channel: Channel | null, to: string | null): readonly Message[];
  find(id: string): Message | undefined;
  /** All of them; a message keeps its place until they are cleared. */
  readonly all: readonly Message[];
  /** Another one after each clearing: places of an older era mean nothing any more. */
  readonly era: string;
  onChange(listener: () => void): void;
  clear(): Promise<number>;
  close(): Promise<void>;
}

export async function openMessages(directory: string): Promise<Messages> {
  let all: Message[] = [];
  let byAddress = new Map<string, Message[]>();
  let byId = new Map<string, Message>();
  let era = randomUUID();
  const listeners: (() => void)[] = [];

  function keep({ request, messages }: Accepted): Message[] {
    return messages.map((partial) => {
      const message = { ...partial, request };
      all.push(message);
      byId.set(message.id, message);
      const sameAddress = byAddress.get(message.to);
      if (sameAddress) sameAddress.push(message);
      else byAddress.set(message.to, [message]);
      return message;
    });
  }

  const journal = await openJournal(join(directory, "messages.jsonl"), (record) => void keep(record as Accepted));

  return {
    get all() {
      return all;
    },
    get era() {
      return era;
    },
    accept(request, drafts) {
      const accepted_at = Date.now();
      const accepted = { request, messages: drafts.map((draft) => ({ ...draft, accepted_at })) };
      const kept = keep(accepted);
      journal.append(accepted);
      for (const listener of listeners) listener();
      return kept;
    },
    select(channel, to) {
      const candidates = to === null ? all : (byAddress.get(to) ?? []);
      return channel === null ? candidates : candidates.filter((message) => message.channel === channel);
    },
    find: (id) => byId.get(id),
    onChange: (listener) => void listeners.push(listener),
    async clear() {
      const count = all.length;
      all = [];
      byAddress = new Map();
      byId = new Map();
      era = randomUUID();
      for (const listener of listeners) listener();
      await journal.clear();
      return count;
    },
    close: () => journal.close(),
  };
}
