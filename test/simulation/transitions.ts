/** Which ways deliveries go from state to state, written down by the database itself, and held against the table of them. */
import { type DeliveryState, TRANSITIONS } from "../../src/domain/delivery-states.ts";
import type { Database } from "./database.ts";

const WATCH = `
  create table transitions (from_state text, to_state text, delivery bigint, primary key (from_state, to_state));
  create function state_of(status delivery_status, lease_until timestamptz) returns text language sql immutable as
    $$ select case when status = 'pending' and lease_until is not null then 'leased' else status::text end $$;
  create function record_transition() returns trigger language plpgsql as $$ begin
    insert into transitions
    values (case when tg_op = 'INSERT' then 'new' else state_of(old.status, old.lease_until) end, state_of(new.status, new.lease_until), new.id)
    on conflict do nothing;
    return null;
  end $$;
  create trigger transitions after insert or update on event_reminders_logs for each row execute function record_transition()`;

export type Seen = { from: DeliveryState; to: DeliveryState; delivery: number };

export const watchTransitions = (database: Database): Promise<void> => database.script(WATCH);

/** Those since it was asked last, each once. */
export const takeTransitions = (database: Database): Promise<Seen[]> =>
  database.query<Seen>(
    `with taken as (delete from transitions returning *)
     select from_state as "from", to_state as "to", delivery::float8 as delivery from taken order by 1, 2`,
  );

export const nameOf = ({ from, to }: Pick<Seen, "from" | "to">) => `${from} -> ${to}`;
const KNOWN = new Set(TRANSITIONS.map(nameOf));

export const judgeTransitions = (seen: Seen[]): string[] =>
  seen
    .filter((one) => !KNOWN.has(nameOf(one)))
    .map((one) => `delivery ${one.delivery} went ${nameOf(one)}, which is no transition`);

/** What the provider tells later is not simulated, and that an occurrence is moved ahead after its hour comes too seldom: tests of their own show them. */
const NOT_SIMULATED = new Set(["sent -> failed", "expired -> pending"]);

export const unseenTransitions = (seen: Set<string>): string[] =>
  TRANSITIONS.map(nameOf).filter((name) => !seen.has(name) && !NOT_SIMULATED.has(name));
