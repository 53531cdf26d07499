import type { Stack } from "./client.ts";

/** Lines up the cells of all rows. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_cell, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export interface SeededPerson {
  name: string;
  email: string;
  password: string;
  channel: string;
  address: string;
}

/** What stack.json says, for people. */
export function stackTable(stack: Stack, people: SeededPerson[]): string {
  const { api, inbox, cognito, aws, database_url, pid, console } = stack;
  const places = table([
    ["api", api, ""],
    ["inbox", inbox, "<- open this: a phone and a mailbox for each person, live"],
    ["cognito", cognito.endpoint, `pool ${cognito.user_pool_id}, client ${cognito.client_id}`],
    ["aws", inbox, `region ${aws.region}, access key ${aws.access_key_id}`],
    ["database", database_url, ""],
    ["console", console.url, `token ${console.token}`],
    ["process", String(pid), "Ctrl-C ends everything"],
  ]);
  if (people.length === 0) return `\n${places}\n`;
  const rows = people.map(({ name, email, password, channel, address }) => [name, email, password, channel, address]);
  const seeded = table([["person", "e-mail", "password", "reached by", "at"], ...rows]);
  return `\n${places}\n\n${seeded}\n\nTheir event is due in about a minute.\n`;
}
