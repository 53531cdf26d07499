import { type Message, wordsOf } from "../../dev/client.ts";
import { words } from "../../src/domain/texts/locale.ts";
import type { Accept, Asked } from "./facts.ts";

const said = words("en");
const LATE = [said.lateEmail, said.lateReminder("")].map((text) => text.trim());

/** The inbox's messages about these events. `mark` finds an event's name in a text. */
export async function readAccepts(inbox: string, asked: Asked[], mark: RegExp): Promise<Accept[]> {
  const response = await fetch(`${inbox}/messages`, { signal: AbortSignal.timeout(60_000) });
  if (!response.ok) throw new Error(`The inbox answered ${response.status}`);
  const answer = (await response.json()) as Message[] | { messages: Message[] };
  const messages = Array.isArray(answer) ? answer : answer.messages;
  const byName = new Map(asked.map(({ name, event_id }) => [name, event_id]));
  return messages.flatMap((message) => {
    const text = wordsOf(message);
    const event_id = byName.get(mark.exec(text)?.[0] ?? "");
    if (event_id === undefined) return [];
    const { id, channel, to, accepted_at } = message;
    return [
      { id: String(id), event_id, channel, to, accepted_at, says_late: LATE.some((late) => text.includes(late)) },
    ];
  });
}
