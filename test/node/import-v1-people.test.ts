import { describe, expect, it } from "vitest";
import { BASE, type Cell, group, importRoom, member, THEN, user } from "./support/first-torium.ts";

const { run, query } = importRoom();

describe("people", () => {
  it("keep their ids and accounts, and what was said of them is read in the zone", async () => {
    const { said, counts } = await run({
      users: [
        user(42, { mobile: "512345678", preference: "SMS", organization: 2, name: null }),
        user(7, { confirmed: false }),
      ],
    });
    expect(said).toEqual([`users 42: its organization 2 is not there`]);
    expect(counts.users).toEqual({ read: 2, made: 2, same: 0, left_out: 0 });
    expect(
      await query(
        "select id::int, username, email, mobile_number, reminder_preferences, cognito_user_id, created_at, confirmed_at is not null as confirmed from users order by id",
      ),
    ).toEqual([
      expect.objectContaining({ id: 7, confirmed: false }),
      {
        id: 42,
        username: "user42",
        email: "user42@example.com",
        mobile_number: "+48512345678",
        reminder_preferences: "SMS",
        cognito_user_id: "sub-42",
        created_at: new Date("2022-03-04T11:00:00Z"),
        confirmed: true,
      },
    ]);
  });

  it("have one spelling of their address: lower case, its domain as mail knows it", async () => {
    await run({ users: [user(1, { email: "Łucja@Żółw.pl" })] });
    expect(await query("select email from users")).toEqual([{ email: "łucja@xn--w-uga1v8h.pl" }]);
  });

  it("of one address are one person, the newer confirmed one, with what belonged to either", async () => {
    const { said } = await run({
      users: [
        user(1, { email: "EWA@example.com", sub: "old" }),
        user(2, { email: "ewa@example.com", sub: "new" }),
        user(3, { email: "ewa@Example.com", sub: "newest", confirmed: false }),
      ],
      groups: [group(1, 1)],
      users_groups: [member(1, 1, "admin"), member(1, 3)],
    });
    expect(said).toEqual([
      "users 1: is the same person as 2: what is theirs goes there",
      "users 3: is the same person as 2: what is theirs goes there",
      "users_groups 0: 2 is in group 1 twice: the higher role counts",
    ]);
    expect(await query("select id::int from users")).toEqual([{ id: 2 }]);
    expect(await query("select user_id::int, status from group_members")).toEqual([{ user_id: 2, status: "admin" }]);
  });

  it("that cannot be are named, without address or number", async () => {
    const { said } = await run({
      users: [
        user(1, { email: "not an address" }),
        user(2, { sub: " " }),
        user(3, { mobile: "+1 415 555 0100", preference: "SMS" }),
        user(4, { mobile: "512345678" }),
        user(5, { mobile: "+48 512 345 678" }),
      ],
    });
    expect(said).toEqual([
      "users 1: has no e-mail address",
      "users 2: has no cognito_user_id",
      expect.stringMatching(/^users 3: its mobile number is left out: /),
      "users 4: its mobile number is a newer one's, and is left out",
      "users 3: prefers SMS and has no number: is reached by e-mail",
    ]);
    expect(said.join()).not.toMatch(/@|512345678|415/);
  });

  it("who were erased here, or whose id is somebody else's, do not come", async () => {
    await query("insert into erased_people (cognito_user_id_sha256) values (encode(sha256('sub-1'), 'hex'))");
    await query(
      "insert into users (id, cognito_user_id, email, username) values (2, 'other', 'other@example.com', 'o'), (9, 'sub-3', 'three@example.com', 't')",
    );
    const { said } = await run({ users: [user(1), user(2), user(3)] });
    expect(said.sort()).toEqual([
      "users 1: was erased here",
      "users 2: its id is somebody else's here",
      "users 3: is the same person as 9: what is theirs goes there",
    ]);
  });

  it("who never confirmed their address and are in no group are counted: the first night takes them", async () => {
    const strangers = [user(3, { confirmed: false }), user(4, { confirmed: false }), user(5)];
    const rows = {
      ...BASE,
      users: [user(1), user(2, { confirmed: false }), ...strangers],
    };
    expect((await run(rows, { dryRun: true })).unconfirmed).toBe(2);
    expect((await run(rows)).unconfirmed).toBe(2);
    await query("delete from users where id in (3, 4)");
    expect((await run(rows)).unconfirmed).toBe(0);
  });

  it("keep their bank, which is here by its name", async () => {
    const { counts } = await run({
      organizations: [
        [1, "ING", "https://ing.pl", "ing.png"],
        [40, "Bank", "https://bank.pl", "https://s3/bank.png?x=1"],
      ],
      users: [user(1, { organization: 1 }), user(2, { organization: 40 })],
    });
    expect(counts.organizations).toEqual({ read: 2, made: 1, same: 1, left_out: 0 });
    expect(
      await query(
        "select o.id::int, o.name, o.logo_link from users u join organizations o on o.id = u.organization_id order by u.id",
      ),
    ).toEqual([
      { id: 3, name: "ING", logo_link: "ing.png" },
      { id: 40, name: "Bank", logo_link: "bank.png" },
    ]);
  });
});

describe("groups", () => {
  it("have an owner who is an admin in them, and each person once", async () => {
    const { said } = await run({
      users: [user(1), user(2), user(3)],
      groups: [group(1, 1), group(2, 99), group(3, 99)],
      users_groups: [
        member(1, 2, "moderator"),
        member(1, 2, null),
        member(2, 2),
        member(2, 3, "moderator"),
        member(8, 1),
        member(1, 77),
      ],
    });
    expect(said).toEqual([
      "users_groups 0: 2 is in group 1 twice: the higher role counts",
      "users_groups 0: group 8 is not there",
      "users_groups 0: user 77 is not there",
      "groups 2: its owner 99 is not there: 3 is, from now on",
      "groups 3: has nobody in it",
    ]);
    expect(
      await query("select group_id::int as g, user_id::int as u, status from group_members order by 1, 2"),
    ).toEqual([
      { g: 1, u: 1, status: "admin" },
      { g: 1, u: 2, status: "moderator" },
      { g: 2, u: 2, status: "standard" },
      { g: 2, u: 3, status: "admin" },
    ]);
  });

  it("keep open invitations open, once a person, and nothing is sent for them", async () => {
    const invitation = (id: number, to: number, status: string): Cell[] => [id, 1, to, THEN, status, null];
    const { said } = await run({
      ...BASE,
      users: [user(1), user(2), user(3), user(4)],
      group_invitation_logs: [
        invitation(1, 3, "pending"),
        invitation(2, 3, "sent"),
        invitation(3, 4, "rejected"),
        invitation(4, 2, "pending"),
        invitation(5, 9, "sent"),
      ],
    });
    expect(said).toEqual([
      "group_invitation_logs 5: user 9 is not there",
      "group_invitation_logs 1: a newer one of the same person is open",
    ]);
    expect(
      await query("select id::int, status, delivery_status, next_attempt_at from group_invitation_logs order by id"),
    ).toEqual([
      { id: 2, status: "open", delivery_status: "suppressed", next_attempt_at: null },
      { id: 3, status: "rejected", delivery_status: "suppressed", next_attempt_at: null },
      { id: 4, status: "confirmed", delivery_status: "suppressed", next_attempt_at: null },
    ]);
  });
});
