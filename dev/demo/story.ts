import { randomBytes, randomInt } from "node:crypto";
import { callApi, type Message, RefusedError, readInbox, type Stack, waitFor, wordsOf } from "../client.ts";
import { createSoonEvent, introduce, join, type Member, reachByEmail, reachByPush, reachBySms } from "../people.ts";
import { table } from "../table.ts";
import { say } from "./say.ts";

const DUE_IN_MS = 25_000;
const REMINDER_WITHIN_MS = 20_000;
const MESSAGE_WITHIN_MS = 15_000;
const PASSWORD = "Torium-Demo-1";
const BUDGET = "100.00";

interface Reader extends Member {
  channel: Message["channel"];
  to: string;
}

/** Plays the story and prints it. Answers what did not reach whom; empty when everything did. */
export async function tellStory(stack: Stack): Promise<string[]> {
  const missing: string[] = [];
  const run = randomBytes(4).toString("hex");
  const title = `Cabin ${run}`;
  const [ada, bartek, celina] = await gather(stack, run);
  const readers = [ada, bartek, celina];
  /** The first message to the reader with this text in it; a missing one is noted. */
  const expectMessage = async (
    reader: Reader,
    what: string,
    says: string,
    since: number,
    withinMs = MESSAGE_WITHIN_MS,
    /** Words of another message that names the same event. */
    except = "\0",
  ) => {
    const message = await waitFor(async () => {
      const messages = await readInbox(stack, reader.channel, reader.to);
      return messages.find(
        (one) => one.accepted_at >= since && wordsOf(one).includes(says) && !wordsOf(one).includes(except),
      );
    }, withinMs);
    if (!message) missing.push(`${what} for ${reader.name} by ${reader.channel}`);
    return message;
  };

  const { group_id } = await callApi<{ group_id: number }>(stack, ada.token, "POST /groups", {
    name: `Friends ${run}`,
    description: "Made by the demo",
  });
  say(`Ada makes the group "Friends ${run}" and invites the others`);
  missing.push(...(await invite(stack, ada, [bartek, celina], group_id)));

  const invited = Date.now();
  const unknown = `dorota-${run}@demo.torium.local`;
  await callApi(stack, ada.token, "POST /group/members", { group_id, email: unknown });
  const letter = await waitFor(
    async () => (await readInbox(stack, "email", unknown)).find(({ accepted_at }) => accepted_at >= invited),
    MESSAGE_WITHIN_MS,
  );
  if (letter) say(`Dorota, who has no account, gets an e-mail: "${letter.subject}"`);
  else missing.push("the invitation e-mail for Dorota, who has no account");

  const due = Math.ceil((Date.now() + DUE_IN_MS) / 1000) * 1000;
  const event_id = await createSoonEvent(stack, ada, {
    group_id,
    name: title,
    description: "Two nights by the lake",
    startsAtMs: due,
    budget: BUDGET,
  });
  const made = Date.now();
  say(`Ada makes the event "${title}", ${BUDGET} PLN for three, due at ${clock(due)}`);

  const comment = `Who brings the map? ${run}`;
  const commented = Date.now();
  await callApi(stack, ada.token, "POST /event/comment", { event_id, comment });
  say(`Ada comments: "${comment}"`);
  if (await expectMessage(bartek, "the comment", comment, commented)) say("Bartek's phone shows the comment");

  say(`Waiting for ${clock(due)} …`);
  const rows = await Promise.all(
    readers.map(async (reader) => {
      const withinMs = due - Date.now() + REMINDER_WITHIN_MS;
      const message = await expectMessage(reader, "the reminder", title, made, withinMs, comment);
      if (!message) return [reader.name, reader.channel, "-", clock(due), "-", "-"];
      const delay = (message.accepted_at - due) / 1000;
      if (delay < 0) missing.push(`the second: ${reader.name}'s reminder came ${-delay} s early`);
      return [reader.name, reader.channel, short(message), clock(due), clock(message.accepted_at), delay.toFixed(3)];
    }),
  );

  const notified = Date.now();
  await callApi(stack, ada.token, "POST /event/notify", { event_id });
  say("Ada reminds everybody by hand");
  const by_hand = await Promise.all(
    readers.map((reader) => expectMessage(reader, "the manual reminder", title, notified, undefined, comment)),
  );
  if (by_hand.every(Boolean)) say("It reaches all three");
  const again = await callApi(stack, ada.token, "POST /event/notify", { event_id }).catch((error) => error);
  if (again instanceof RefusedError && again.code === "rate_limited") say("A second time on one day is refused");
  else missing.push("the refusal of a second manual reminder within 24 hours");

  console.log(`\n${table([["person", "channel", "text", "due", "accepted", "delay (s)"], ...rows])}\n`);
  if (missing.length === 0) say("Everything reached everybody");
  return missing;
}

/** Three new people, each reached in another way. */
async function gather(stack: Stack, run: string): Promise<[Reader, Reader, Reader]> {
  const address = (name: string) => `${name.toLowerCase()}-${run}@demo.torium.local`;
  const number = `+48512${String(randomInt(1_000_000)).padStart(6, "0")}`;
  const phone = `bartek-${run}:APA91b${randomBytes(48).toString("base64url")}`;
  await introduce(stack, [
    { name: "Ada", email: address("Ada"), phone: number },
    { name: "Bartek", email: address("Bartek"), device_token: phone },
    { name: "Celina", email: address("Celina") },
  ]);
  const enter = (name: string) => join(stack, { name, email: address(name), password: PASSWORD });
  const [ada, bartek, celina] = await Promise.all([enter("Ada"), enter("Bartek"), enter("Celina")]);
  say("Ada, Bartek and Celina sign up and confirm their addresses with the codes from their mailboxes");
  await Promise.all([reachBySms(stack, ada, number), reachByPush(stack, bartek, phone), reachByEmail(stack, celina)]);
  say(`Ada verifies ${number} with the code from her phone; Bartek chooses push, Celina e-mail`);
  return [
    { ...ada, channel: "sms", to: number },
    { ...bartek, channel: "push", to: phone },
    { ...celina, channel: "email", to: celina.email },
  ];
}

/** Invites, waits for the push to the one with a phone, accepts. Answers what is missing. */
async function invite(stack: Stack, admin: Reader, friends: Reader[], group_id: number): Promise<string[]> {
  const missing: string[] = [];
  for (const friend of friends) {
    const since = Date.now();
    await callApi(stack, admin.token, "POST /group/members", { group_id, email: friend.email });
    if (friend.channel === "push") {
      const push = await waitFor(
        async () =>
          (await readInbox(stack, "push", friend.to)).find(
            ({ accepted_at, data }) => accepted_at >= since && data?.event === "group_invitation",
          ),
        MESSAGE_WITHIN_MS,
      );
      if (push) say(`${friend.name}'s phone shows the invitation: "${push.text}"`);
      else missing.push(`the invitation for ${friend.name} by push`);
    }
    const { count } = await callApi<{ count: number }>(stack, friend.token, "GET /groups/invitation/count");
    if (count !== 1) missing.push(`the open invitation of ${friend.name} (${count} instead of 1)`);
    await callApi(stack, friend.token, "PATCH /group/members/status", { group_id, status: "confirmed" });
    say(`${friend.name} accepts`);
  }
  return missing;
}

function short({ subject, title, text }: Message): string {
  const words = [subject ?? title, text].filter(Boolean).join(": ").replace(/\s+/g, " ");
  return words.length > 70 ? `${words.slice(0, 69)}…` : words;
}

function clock(ms: number): string {
  const at = new Date(ms);
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
