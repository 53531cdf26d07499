export type Channel = "sms" | "email" | "push";
export const CHANNELS: readonly Channel[] = ["sms", "email", "push"];

/** A call to AWS as it came in. Messages that came in one call share one object. */
export interface Call {
  method: string;
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

export interface Message {
  /** What AWS calls MessageId. */
  id: string;
  channel: Channel;
  /** E.164 number, e-mail address in lower case, or device token. */
  to: string;
  title: string | null;
  subject: string | null;
  text: string;
  html: string | null;
  data: Record<string, string> | null;
  /** Of an e-mail its header fields, of an SMS or push its message attributes. */
  headers: Record<string, string>;
  /** Unix ms. */
  accepted_at: number;
  request: Call;
}

export type Draft = Omit<Message, "accepted_at" | "request">;

/** How an address is written in `to`, in a filter and in a fault. */
export const normalizeAddress = (address: string): string => (address.includes("@") ? address.toLowerCase() : address);
