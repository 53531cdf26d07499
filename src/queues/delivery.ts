/** One message as a consumer sees it. */
import type { MessageOf, MessageType } from "./messages.ts";

export type Delivery<Type extends MessageType> = {
  /** The queue's id of the message: the same each time it is delivered again. */
  id: string;
  attempts: number;
  message: MessageOf<Type>;
  /** Only after the outcome is written: nothing may be thrown after it. */
  ack(): void;
  /** The queue's own retry, for when the database is away. Seconds; the queue's own delay when absent. */
  retry(delaySeconds?: number): void;
};
