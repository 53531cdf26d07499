/** Dead letters on their way back to their queues. Safe to repeat: what is settled stays so by the ledger. */
import type { Deps } from "../deps.ts";
import { type Lot, lettersToReplay, markReplayed, type Replay } from "../domain/console-letters.ts";
import { parsedOf } from "../domain/masking.ts";
import { AppError, notFound } from "../errors.ts";
import { enqueue } from "../queues/enqueue.ts";
import { Message } from "../queues/messages.ts";

/** `remaining`: how many of the kind wait behind these; `next`: after which letter to go on, null where none does. */
type Replayed = {
  replayed: number;
  refused: { id: number; reason: string }[];
  remaining: number;
  next: number | null;
};

/** Sent first and marked after, so that a crash between the two sends again and loses nothing. Throws not_found, unavailable. */
export async function replay({ db, bindings, now }: Deps, asked: Replay): Promise<Replayed> {
  const { letters, remaining } = await lettersToReplay(db, asked);
  if ("dead_letter_id" in asked && letters.length === 0) throw notFound("dead letter");
  const { readable, refused } = read(letters);
  await enqueue(
    bindings,
    readable.map(({ message }) => ({ message })),
  ).catch((error: unknown) => {
    throw new AppError("unavailable", "The queue is out of reach for a moment", { retryAfter: 5, cause: error });
  });
  const ids = readable.map(({ id }) => id);
  if (ids.length > 0) await markReplayed(db, ids, now());
  return { replayed: ids.length, refused, remaining, next: remaining > 0 ? letters.at(-1)!.id : null };
}

function read(letters: Lot["letters"]) {
  const readable: { id: number; message: Message }[] = [];
  const refused: Replayed["refused"] = [];
  for (const { id, body } of letters) {
    const found = parsedOf(body);
    const { error } = Message.safeParse(found);
    const faults = error?.issues.map(({ path, message }) => `${path.join(".") || "message"}: ${message}`) ?? [];
    // As it was: a field that this version does not know goes along.
    if (error) refused.push({ id, reason: `unreadable: ${faults.slice(0, 10).join("; ")}` });
    else readable.push({ id, message: found as Message });
  }
  return { readable, refused };
}

export const isReadable = (body: unknown): boolean => Message.safeParse(body).success;
