/** Reads, in what passes between the code and the database, which deliveries a task claims and settles. */
import type { Executed } from "./database.ts";
import type { Record_ } from "./record.ts";
import type { Task } from "./task.ts";

type Input = {
  event_reminders_logs_id: number;
  address?: string;
  cost_usd?: string | null;
  late_cost_usd?: string | null;
  status?: string;
  lost?: boolean;
  provider_message_id?: string | null;
};

export class Observer {
  /** Whose lease a row is under, as far as the database told. */
  readonly #holders = new Map<number, string>();
  /** Rows that a claim holds and will not have sent. */
  readonly #refused = new Set<number>();
  readonly #record: Record_;

  constructor(record: Record_) {
    this.#record = record;
  }

  holder(row: number): string | null {
    return this.#holders.get(row) ?? null;
  }

  /** Held by a claim that said why it is not to be sent. */
  isRefused(row: number): boolean {
    return this.#refused.has(row);
  }

  see(task: Task, { request, results }: Executed, call: number, at: number): void {
    if (!results) return;
    const last = results.at(-1)!;
    const values = request.statements.flatMap((statement) => statement.values);
    const json = values.find((value) => value?.startsWith('[{"event_reminders_logs_id"'));
    const token = values.find((value) => value !== null && task.tokens.has(value)) ?? "";
    if (json) {
      const input = JSON.parse(json) as Input[];
      if (input[0]!.status === undefined) this.#claimed(task, input, rowsOf(last), token, call, at);
      else this.#settled(task, input, call, at);
    }
    for (const result of results) {
      if (!result.fields.some(({ name }) => name === "position")) continue;
      for (const row of rowsOf(result))
        if (row.event_reminders_logs_id) this.#holders.delete(Number(row.event_reminders_logs_id));
    }
  }

  #claimed(task: Task, input: Input[], answered: Row[], token: string, call: number, at: number): void {
    const asked = new Map(input.map((one) => [one.event_reminders_logs_id, one]));
    const rows = answered.map((row) => {
      const id = Number(row.event_reminders_logs_id);
      const again = this.#holders.get(id) === token;
      const { cost_usd, late_cost_usd } = asked.get(id)!;
      return {
        id,
        cost_usd: (row.late === "t" ? late_cost_usd : cost_usd) ?? null,
        settled: row.settled === "t",
        refusal: row.refusal ?? null,
        again,
      };
    });
    for (const { id, settled, refusal } of rows) {
      if (refusal === null) this.#refused.delete(id);
      else this.#refused.add(id);
      if (settled) this.#holders.delete(id);
      else this.#holders.set(id, token);
    }
    this.#record.claims.push({ call, at, task, token, rows });
  }

  #settled(task: Task, input: Input[], call: number, at: number): void {
    const rows = input.map(({ event_reminders_logs_id: id, status = "", lost = false, provider_message_id = null }) => {
      const token = this.#holders.get(id) ?? "";
      const effective = task.tokens.has(token);
      if (effective) this.#holders.delete(id);
      return { id, status, lost, provider_message_id, effective, token, refused: this.#refused.has(id) };
    });
    this.#record.settles.push({ call, at, task, rows });
  }
}

type Row = Record<string, string | null>;
const rowsOf = ({ fields, rows }: NonNullable<Executed["results"]>[number]): Row[] =>
  rows.map((row) => Object.fromEntries(row.map((value, index) => [fields[index]!.name, value])));
