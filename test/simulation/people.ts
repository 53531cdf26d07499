/** What people do while reminders fall due, drawn from the seed; each through the product's own verbs. */
import type { Deps } from "../../src/deps.ts";
import { createComment } from "../../src/domain/comments.ts";
import { keepDevice } from "../../src/domain/devices.ts";
import { changeEvent, deleteEvent, type EventChange } from "../../src/domain/event-changes.ts";
import { createEvent, notifyEvent } from "../../src/domain/events.ts";
import { deleteGroup } from "../../src/domain/groups.ts";
import { answerInvitation, invite } from "../../src/domain/invitations.ts";
import { removeMember } from "../../src/domain/members.ts";
import { CLAIM_AHEAD_MS } from "../../src/domain/rules.ts";
import { setPreferences } from "../../src/domain/users.ts";
import { handOnDue } from "../../src/queues/hand-on.ts";
import { wake } from "../../src/queues/wake.ts";
import { switchOff, takeNumber, unsubscribe } from "./addresses.ts";
import { type Arranged, arnOf, callerOf } from "./arrangement.ts";
import { addDays, wallAt } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

const MINUTE = 60_000;
const ZONES = ["Europe/Warsaw", "Europe/Warsaw", "America/New_York", "Asia/Kolkata"];
const LEADS = [
  ["0"],
  ["0"],
  ["5"],
  ["0", "10"],
  ["15", "1"],
  ["60", "0"],
  ["P1D", "0"],
  ["1440", "30"],
  ["120", "7", "0"],
];

type Planned = { group_id: number; admin: number; event_timestamp: string; time_zone: string; id: number | null };

export class People {
  readonly #world: World;
  readonly #random: Random;
  readonly #arranged: Arranged;
  readonly #events: Planned[] = [];
  /** ms; nobody does anything later. */
  readonly #until: number;
  #number = 0;
  #isBusy = false;

  constructor(world: World, random: Random, arranged: Arranged, until: number) {
    this.#world = world;
    this.#random = random;
    this.#arranged = arranged;
    this.#until = until;
  }

  /** Puts all that will be done on the clock. */
  start(): void {
    const { scheduler } = this.#world;
    const random = this.#random;
    const start = scheduler.now;
    for (let number = random.int(1, 4); number > 0; number--)
      scheduler.at(start + random.pick([0, 1_000, random.int(0, 10 * MINUTE)]), () => this.#plan());
    if (random.chance(0.3)) return;
    this.#isBusy = true;
    for (let number = random.int(0, 8); number > 0; number--)
      scheduler.at(random.int(start + 1_000, this.#until), () => this.#act());
  }

  #do(name: string, as: number, work: (deps: Deps, caller: ReturnType<typeof callerOf>) => Promise<unknown>): void {
    this.#world.trace(`person ${as}: ${name}`);
    this.#world.start("action", `action ${name}`, [], async (deps) => void (await work(deps, callerOf(as))));
  }

  #plan(): void {
    const random = this.#random;
    const { now } = this.#world.scheduler;
    const group = random.int(1, this.#arranged.groups.length);
    const members = this.#arranged.groups[group - 1]!;
    const time_zone = random.pick(ZONES);
    const inMinutes = random.pick([1, 2, 4, 10, 45, 120, 300, 1441]);
    const starts = Math.floor((now + inMinutes * MINUTE * (0.5 + random.next())) / 1000) * 1000;
    const event_timestamp = wallAt(random.chance(0.5) ? starts - (starts % MINUTE) + MINUTE : starts, time_zone);
    const recurrence = random.chance(0.35) ? `FREQ=DAILY;COUNT=${random.int(2, 3)}` : null;
    const budget = random.chance(0.3) ? "100.00" : null;
    const users = random.chance(0.7) ? null : random.shuffled(members).slice(0, random.int(0, members.length));
    const event: Planned = { group_id: group, admin: members[0]!, event_timestamp, time_zone, id: null };
    this.#events.push(event);
    const name = `Event ${++this.#number}`;
    const leads = random.pick(LEADS);
    // What counts is mostly done while a reminder is on its way.
    const due = starts - (Number(leads[0]) || 0) * MINUTE;
    for (let number = this.#isBusy ? random.int(0, 3) : 0; number > 0; number--)
      this.#world.scheduler.at(due + random.int(-170_000, 60_000), () => this.#act(event));
    this.#do(
      `plans ${name} at ${event_timestamp} ${time_zone} ${recurrence ?? "once"} reminded ${leads}`,
      event.admin,
      async (deps, caller) => {
        const at = deps.now();
        const schedule = { event_timestamp, time_zone, recurrence, exceptions: [], leads, planned_at: at };
        const created = await createEvent(
          deps.db,
          caller,
          () => ({
            group_id: group,
            name,
            description: random.pick(["", "Bring cash"]),
            schedule,
            schedule_period: "1 day",
            budget,
            currency: "PLN",
            users,
          }),
          { explicit: true, assumed: time_zone, otherwise: time_zone },
        );
        event.id = created.id;
        this.#claimIfSoon(created.first_due_at, at);
      },
    );
  }

  /** As the API does it: what is due before the next tick could claim it in time does not wait for the tick. */
  #claimIfSoon(first_due_at: number | null, at: number): void {
    if (first_due_at === null || first_due_at > at + CLAIM_AHEAD_MS) return;
    this.#world.start("claim", "claim", [], (deps) => handOnDue(deps, null, deps.now(), deps.now()));
  }

  #change(event: Planned, what: string, change: Omit<EventChange, "id">): void {
    const { id } = event;
    if (id === null) return;
    this.#do(`${what} of event ${id}`, event.admin, async (deps, caller) => {
      const at = deps.now();
      const { first_due_at } = await changeEvent(deps.db, caller, { id, ...change }, at);
      this.#claimIfSoon(first_due_at, at);
    });
  }

  #remind(event: Planned, leads: string[]): void {
    this.#change(event, `leads ${leads}`, { leads });
  }

  #act(chosen?: Planned): void {
    const random = this.#random;
    const event = chosen ?? random.pick(this.#events.length > 0 ? this.#events : [null]);
    const members = this.#arranged.groups[(event?.group_id ?? 1) - 1]!;
    const admin = members[0]!;
    const person = random.pick(members);
    const other = random.pick(this.#arranged.people).id;
    const group_id = event?.group_id ?? 1;
    const acts: [number, () => void][] = [
      [
        3,
        () =>
          this.#do(`leaves group ${group_id}`, person, ({ db, now }, caller) =>
            removeMember(db, caller, { group_id, user_id: person }, now()),
          ),
      ],
      [
        3,
        () =>
          this.#do(`removes ${person} from group ${group_id}`, admin, ({ db, now }, caller) =>
            removeMember(db, caller, { group_id, user_id: person }, now()),
          ),
      ],
      [
        3,
        () =>
          event &&
          this.#change(event, "participants", {
            users: random.shuffled(members).slice(0, random.int(0, members.length)),
          }),
      ],
      [5, () => event && this.#move(event)],
      [2, () => event && this.#change(event, "name", { name: `Event renamed ${++this.#number}` })],
      [2, () => event && this.#remind(event, random.pick(LEADS))],
      [2, () => event && this.#except(event)],
      [
        1,
        () =>
          event?.id &&
          this.#do(`deletes event ${event.id}`, admin, ({ db }, caller) => deleteEvent(db, caller, event.id!)),
      ],
      [0.3, () => this.#do(`deletes group ${group_id}`, admin, ({ db }, caller) => deleteGroup(db, caller, group_id))],
      [2, () => event?.id && this.#notify(event.id, admin)],
      [1, () => event?.id && this.#comment(event.id, person)],
      [1, () => this.#join(group_id, admin, other)],
      [
        2,
        () =>
          this.#statement(`takes the number of ${other}`, person, (database) => takeNumber(database, person, other)),
      ],
      [1, () => this.#statement("unsubscribes", person, (database) => unsubscribe(database, person))],
      [
        1,
        () =>
          this.#statement("switches a channel off", person, (database) =>
            switchOff(database, person, random.pick(["sms", "email", "push"])),
          ),
      ],
      [
        2,
        () =>
          this.#do("prefers", person, ({ db }, caller) =>
            setPreferences(db, caller, { reminder_preferences: random.pick(["SMS", "PUSH", "EMAIL"]) }),
          ),
      ],
      [2, () => this.#register(person, other)],
    ];
    let place = random.next() * acts.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, act] of acts) {
      place -= weight;
      if (place < 0) {
        act();
        return;
      }
    }
  }

  #move(event: Planned): void {
    const random = this.#random;
    const { scheduler } = this.#world;
    const back = event.event_timestamp;
    const away = random.chance(0.5)
      ? addDays(back, 1)
      : wallAt(scheduler.now + random.int(1, 90) * MINUTE, event.time_zone);
    this.#change(event, `moves to ${away} the start`, { event_timestamp: away });
    if (random.chance(0.6)) {
      const later = random.pick([2_000, 30_000, 3 * MINUTE, 20 * MINUTE]);
      scheduler.in(later, () => this.#change(event, `moves back to ${back} the start`, { event_timestamp: back }));
    } else event.event_timestamp = away;
  }

  #except(event: Planned): void {
    const random = this.#random;
    const occurrence = addDays(event.event_timestamp, random.int(0, 2));
    const moved_to = random.chance(0.4)
      ? null
      : wallAt(this.#world.scheduler.now + random.int(2, 200) * MINUTE, event.time_zone);
    this.#change(event, `exception ${occurrence} to ${moved_to ?? "none"}`, { exceptions: [{ occurrence, moved_to }] });
  }

  #notify(event_id: number, admin: number): void {
    this.#do(`notifies of event ${event_id}`, admin, async (deps, caller) => {
      const notified = await notifyEvent(deps.db, caller, event_id, deps.now());
      await wake(deps, [{ message: { type: "schedule-notifications", version: 1, ...notified } }]);
    });
  }

  #comment(event_id: number, person: number): void {
    const comment = `Comment ${++this.#number}`;
    this.#do(`comments event ${event_id}`, person, async (deps, caller) => {
      const now = deps.now();
      const made = await createComment(deps.db, caller, { event_id, comment }, { aMinute: 30 }, now);
      const timestamp = new Date(now).toISOString();
      await wake(deps, [
        { message: { type: "schedule-push-comments", version: 1, event_id, comment, timestamp, ...made } },
      ]);
    });
  }

  #join(group_id: number, admin: number, person: number): void {
    this.#do(`invites ${person} to group ${group_id}`, admin, async (deps, caller) => {
      const now = deps.now();
      const limits = { aDay: 200, unknownADay: 20 };
      const made = await invite(deps.db, caller, { group_id, user_id: person }, limits, now);
      const timestamp = new Date(now).toISOString();
      await wake(deps, [{ message: { type: "send-push-group-invitation", version: 1, group_id, timestamp, ...made } }]);
      await answerInvitation(deps.db, callerOf(person), { group_id, status: "confirmed" }, deps.now());
    });
  }

  /** A device of another person, or a new one of this one. */
  #register(person: number, other: number): void {
    const number = this.#random.pick([other * 10 + 1, person * 10 + 1, person * 10 + 5]);
    const device_arn = arnOf("GCM", number);
    const device = {
      platform: "fcm",
      device_token: `token-${Math.floor(number / 10)}-${number % 10}`,
      device_arn,
    } as const;
    this.#do(`signs in on device ${number}`, person, ({ db, now }, caller) => keepDevice(db, caller, device, now()));
  }

  /** What has a longer way through the product than the simulation goes. */
  #statement(what: string, as: number, work: (database: Database) => Promise<unknown>): void {
    this.#world.trace(`person ${as}: ${what}`);
    this.#world.change(work);
  }
}
