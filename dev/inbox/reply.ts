/** What goes back to the caller. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The connection is cut instead of answering. */
  cut?: boolean;
  /** Runs once the answer has left. */
  after?: (() => void) | undefined;
}

/** The call is not accepted and never answered; the connection stays open until the caller gives up. */
export const NEVER = Symbol("never answered");
export type Outcome = Reply | typeof NEVER;
