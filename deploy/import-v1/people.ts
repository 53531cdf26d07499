/** People and organizations of a first Torium: who is whom here. */
import { email as emailSchema } from "../../src/api/validate.ts";
import { parseMobile } from "../../src/domain/phone.ts";
import { cleanLine } from "../../src/domain/texts/clean.ts";
import { rfc3339 } from "../../src/domain/time.ts";
import type { Row } from "./dump.ts";
import type { Import } from "./import.ts";
import { idOf, instantOf, isTrue } from "./values.ts";

type Organization = { id: number; name: string; url: string; logo_link: string };

/** By name: the three that every Torium begins with are there. Answers which id each has here. */
export async function importOrganizations(run: Import): Promise<Map<number, number>> {
  const here = await run.rows<{ id: number; name: string }>("select id, name from organizations");
  const byName = new Map(here.map(({ id, name }) => [name, id]));
  const taken = new Set(here.map(({ id }) => id));
  const ids = new Map<number, number>();
  const fresh: Organization[] = [];
  for (const row of run.dump.rows.organizations) {
    const id = idOf(row.values.id);
    const name = row.values.name?.trim();
    if (id === null || !name) run.skip("organizations", row, "has no id or no name");
    else if (byName.has(name)) {
      ids.set(id, byName.get(name)!);
      run.same("organizations");
    } else if (taken.has(id)) run.skip("organizations", row, "its id is another organization's here");
    else {
      const logo = (row.values.file_name ?? row.values.logo_link ?? "")
        .split(/[/?]/)
        .find((part) => /\.\w+$/.test(part));
      fresh.push({ id, name, url: row.values.url ?? "", logo_link: logo ?? "" });
      byName.set(name, id);
      taken.add(id);
      ids.set(id, id);
    }
  }
  await run.insert("organizations", "id bigint, name text, url text, logo_link text", fresh);
  return ids;
}

type Person = {
  id: number;
  cognito_user_id: string;
  email: string;
  username: string;
  mobile_number: string | null;
  reminder_preferences: string | null;
  organization_id: number | null;
  confirmed_at: string | null;
  created_at: string;
};

/** Two rows of one address, or of one account, are one person: whoever belongs to the one belongs to the other. Answers which id each has here. */
export async function importPeople(run: Import, organizations: Map<number, number>): Promise<Map<number, number>> {
  const here = await run.rows<{ id: number; cognito_user_id: string; email: string; mobile_number: string | null }>(
    "select id, cognito_user_id, email, mobile_number from users",
  );
  const erased = await run.rows<{ sub: string }>(
    `select sub from unnest($1::text[]) sub
     where exists (select from erased_people where cognito_user_id_sha256 = encode(sha256(convert_to(sub, 'UTF8')), 'hex'))`,
    [run.dump.rows.users.flatMap(({ values }) => values.cognito_user_id ?? [])],
  );
  const gone = new Set(erased.map(({ sub }) => sub));
  const usedUp = await run.usedUp("users");
  const accounts = new Map(here.map(({ cognito_user_id, id }) => [cognito_user_id, id]));
  const addresses = new Map(here.map(({ email, id }) => [email, id]));
  const numbers = new Set(here.flatMap(({ mobile_number }) => mobile_number ?? []));
  const taken = new Set(here.map(({ id }) => id));
  const ids = new Map<number, number>();
  const people: Person[] = [];

  // Of two rows of one person the confirmed one stays, and of two such the newer one.
  const read = run.dump.rows.users.flatMap((row) => readPerson(run, row, organizations) ?? []);
  read.sort(
    (a, b) =>
      Number(b.person.confirmed_at !== null) - Number(a.person.confirmed_at !== null) || b.person.id - a.person.id,
  );
  for (const { row, person } of read) {
    const known = accounts.get(person.cognito_user_id) ?? addresses.get(person.email);
    if (gone.has(person.cognito_user_id)) run.skip("users", row, "was erased here");
    else if (known === person.id && taken.has(known)) {
      if (ids.has(person.id)) run.skip("users", row, "is there twice");
      else run.same("users");
      ids.set(person.id, known);
    } else if (known !== undefined) {
      run.skip("users", row, `is the same person as ${known}: what is theirs goes there`);
      ids.set(person.id, known);
    } else if (taken.has(person.id)) run.skip("users", row, "its id is somebody else's here");
    else if (usedUp(person.id)) run.skip("users", row, "its id is used up and not there: gone since an earlier import");
    else {
      if (person.mobile_number && numbers.has(person.mobile_number)) {
        run.note("users", row, "its mobile number is a newer one's, and is left out");
        person.mobile_number = null;
      }
      if (person.mobile_number) numbers.add(person.mobile_number);
      if (person.reminder_preferences === "SMS" && !person.mobile_number) {
        run.note("users", row, "prefers SMS and has no number: is reached by e-mail");
        person.reminder_preferences = null;
      }
      accounts.set(person.cognito_user_id, person.id);
      addresses.set(person.email, person.id);
      taken.add(person.id);
      ids.set(person.id, person.id);
      people.push(person);
    }
  }
  await run.insert(
    "users",
    `id bigint, cognito_user_id text, email text, username text, mobile_number text, reminder_preferences preference,
     organization_id bigint, confirmed_at timestamptz, created_at timestamptz`,
    people.sort((a, b) => a.id - b.id),
  );
  return ids;
}

function readPerson(run: Import, row: Row, organizations: Map<number, number>): { row: Row; person: Person } | null {
  const { values } = row;
  const id = idOf(values.id);
  const address = emailSchema.safeParse(values.email ?? "").data;
  const sub = values.cognito_user_id?.trim();
  const fault = id === null ? "has no id" : !sub ? "has no cognito_user_id" : !address ? "has no e-mail address" : null;
  if (fault) return run.skip("users", row, fault);
  const created_at = rfc3339(instantOf(values.timestamp, run.timeZone) ?? run.now);
  const number = values.mobile_number?.trim() ? parseMobile(values.mobile_number, run.countries) : null;
  if (number && "reason" in number) run.note("users", row, `its mobile number is left out: ${number.reason}`);
  const organization = idOf(values.organization_id);
  if (organization !== null && !organizations.has(organization))
    run.note("users", row, `its organization ${organization} is not there`);
  const person = {
    id: id!,
    cognito_user_id: sub!,
    email: address!,
    username: cleanLine(values.username ?? "") || address!.slice(0, address!.lastIndexOf("@")),
    mobile_number: number && "number" in number ? number.number : null,
    reminder_preferences: /^(SMS|PUSH|EMAIL)$/.test(values.reminder_preferences ?? "")
      ? values.reminder_preferences!
      : null,
    organization_id: organizations.get(organization ?? 0) ?? null,
    confirmed_at: isTrue(values.is_confirmed) ? created_at : null,
    created_at,
  };
  return { row, person };
}
