/** Groups of a first Torium, with their members and invitations. */
import { rfc3339 } from "../../src/domain/time.ts";
import type { Row, Table } from "./dump.ts";
import type { Import } from "./import.ts";
import { idOf, instantOf } from "./values.ts";

const RANKS = ["standard", "moderator", "admin"];
type Member = { group_id: number; user_id: number; status: string; status_since: string; joined_at: string };
type Group = { id: number; name: string; description: string; admin_id: number; created_at: string };
/** By id here: who is in each group that this run makes. */
export type Made = Map<number, Map<number, Member>>;

export async function importGroups(run: Import, people: Map<number, number>): Promise<Made> {
  const fresh = await run.fresh("groups");
  const members = readMembers(run, people, new Set(fresh.keys()));
  const made: Made = new Map();
  const groups: Group[] = [];
  for (const [id, row] of fresh) {
    const inside = members.get(id) ?? new Map<number, Member>();
    const created_at = rfc3339(instantOf(row.values.timestamp, run.timeZone) ?? run.now);
    const admin_id = ownerOf(run, row, people, inside);
    if (admin_id === null) {
      run.skip("groups", row, "has nobody in it");
      continue;
    }
    const owner = inside.get(admin_id) ?? {
      group_id: id,
      user_id: admin_id,
      status_since: created_at,
      joined_at: created_at,
    };
    inside.set(admin_id, { ...owner, status: "admin" });
    groups.push({ id, name: row.values.name ?? "", description: row.values.description ?? "", admin_id, created_at });
    made.set(id, inside);
  }
  await run.insert("groups", "id bigint, name text, description text, admin_id bigint, created_at timestamptz", groups);
  await run.insert(
    "group_members",
    "group_id bigint, user_id bigint, status member_status, status_since timestamptz, joined_at timestamptz",
    [...made.values()].flatMap((inside) => [...inside.values()]),
  );
  return made;
}

/** Who owned it; else the highest in rank, and of several the one who is there longest. */
function ownerOf(run: Import, row: Row, people: Map<number, number>, inside: Map<number, Member>): number | null {
  const named = people.get(idOf(row.values.admin_id) ?? 0);
  if (named !== undefined) return named;
  const [heir] = [...inside.values()].sort(
    (a, b) => RANKS.indexOf(b.status) - RANKS.indexOf(a.status) || a.joined_at.localeCompare(b.joined_at),
  );
  if (heir) run.note("groups", row, `its owner ${row.values.admin_id} is not there: ${heir.user_id} is, from now on`);
  return heir?.user_id ?? null;
}

function readMembers(run: Import, people: Map<number, number>, fresh: Set<number>): Map<number, Map<number, Member>> {
  const members = new Map<number, Map<number, Member>>();
  for (const row of run.dump.rows.users_groups) {
    const place = placeOf(run, "users_groups", row, { people, person: row.values.user_id, fresh });
    if (!place) continue;
    const at = rfc3339(instantOf(row.values.timestamp, run.timeZone) ?? run.now);
    const status = RANKS.includes(row.values.status ?? "") ? row.values.status! : "standard";
    const inside = members.get(place.group_id) ?? new Map<number, Member>();
    const before = inside.get(place.user_id);
    if (before)
      run.skip("users_groups", row, `${place.user_id} is in group ${place.group_id} twice: the higher role counts`);
    const higher = before && RANKS.indexOf(before.status) > RANKS.indexOf(status) ? before.status : status;
    const joined = before && before.joined_at < at ? before.joined_at : at;
    inside.set(place.user_id, { ...place, status: higher, status_since: joined, joined_at: joined });
    members.set(place.group_id, inside);
  }
  return members;
}

/** Null where the row cannot come along, which is said; rows of a group that was here before are left alone. */
function placeOf(
  run: Import,
  table: Table,
  row: Row,
  { people, person, fresh }: { people: Map<number, number>; person: string | null | undefined; fresh: Set<number> },
): { group_id: number; user_id: number } | null {
  const group_id = idOf(row.values.group_id);
  const user_id = people.get(idOf(person) ?? 0);
  if (group_id !== null && run.wasHere("groups", group_id)) return run.same(table);
  if (group_id === null || !fresh.has(group_id))
    return run.skip(table, row, `group ${row.values.group_id} is not there`);
  if (user_id === undefined) return run.skip(table, row, `user ${person} is not there`);
  return { group_id, user_id };
}

/** An open one stays open; nothing is sent for it again. */
export async function importInvitations(run: Import, people: Map<number, number>, made: Made): Promise<void> {
  const fresh = await run.fresh("group_invitation_logs");
  const open = new Set<string>();
  const invitations: object[] = [];
  // Of two open ones of one person the newer stays.
  for (const [id, row] of [...fresh].sort(([a], [b]) => b - a)) {
    const place = placeOf(run, "group_invitation_logs", row, {
      people,
      person: row.values.user_to,
      fresh: new Set(made.keys()),
    });
    if (!place) continue;
    const inside = made.get(place.group_id)!.has(place.user_id);
    const told = row.values.status ?? "";
    const status = inside ? "confirmed" : told === "pending" || told === "sent" ? "open" : told;
    const key = `${place.group_id} ${place.user_id}`;
    if (!/^(open|confirmed|rejected)$/.test(status))
      run.skip("group_invitation_logs", row, "is in no state that is known");
    else if (status === "open" && open.has(key))
      run.skip("group_invitation_logs", row, "a newer one of the same person is open");
    else {
      if (status === "open") open.add(key);
      const created = instantOf(row.values.timestamp, run.timeZone) ?? run.now;
      const answered = instantOf(row.values.updated_timestamp, run.timeZone) ?? created;
      invitations.push({
        id,
        ...place,
        status,
        created_at: rfc3339(created),
        answered_at: status === "open" ? null : rfc3339(answered),
        delivery_status: "suppressed",
        last_error: "imported",
        next_attempt_at: null,
      });
    }
  }
  await run.insert(
    "group_invitation_logs",
    `id bigint, group_id bigint, user_id bigint, status invitation_status, created_at timestamptz, answered_at timestamptz,
     delivery_status delivery_status, last_error text, next_attempt_at timestamptz`,
    invitations,
  );
}
