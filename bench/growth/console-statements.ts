/** The console's verbs, as its door calls them. */
import { randomUUID } from "node:crypto";
import { acknowledgeAlert, listAlerts } from "../../src/domain/console-alerts.ts";
import { spendForm } from "../../src/domain/console-forms.ts";
import { countLetters, lettersToReplay, listLetters, markReplayed } from "../../src/domain/console-letters.ts";
import { readOverview } from "../../src/domain/console-overview.ts";
import { followPerson } from "../../src/domain/console-people.ts";
import { followReminder, listReminders } from "../../src/domain/console-reminders.ts";
import type { Verb } from "./examine.ts";

const fifty = { limit: 50, after: null };

export function consoleVerbs(at: number): Verb[] {
  return [
    // Of the settled ones each of the hour, of what waits all of it.
    { name: "console: overview", rows: 15_000, run: (db) => readOverview(db, 60, at, "50") },
    { name: "console: reminders", run: (db) => listReminders(db, { event_id: null, status: null }, fifty) },
    {
      name: "console: reminders of an event",
      run: (db) => listReminders(db, { event_id: 7, status: "picked" }, fifty),
    },
    {
      name: "console: reminders that wait",
      run: (db) => listReminders(db, { event_id: null, status: "pending" }, fifty),
    },
    {
      name: "console: reminders that expired",
      run: (db) => listReminders(db, { event_id: null, status: "expired" }, fifty),
    },
    { name: "console: a reminder", run: (db) => followReminder(db, 5, { limit: 200, after: null }, { reveal: true }) },
    {
      name: "console: a person",
      run: (db) => followPerson(db, { email: "person7@example.com" }, fifty, { reveal: true }),
    },
    { name: "console: alerts", run: (db) => listAlerts(db, at) },
    { name: "console: an alert", run: (db) => acknowledgeAlert(db, 1, at).catch(() => {}) },
    { name: "console: dead letters", run: (db) => listLetters(db, "send-email", fifty, () => true) },
    { name: "console: dead letters, counted", rows: 12_000, run: (db) => countLetters(db) },
    {
      name: "console: dead letters, replayed",
      rows: 12_000,
      run: async (db) => {
        const { letters } = await lettersToReplay(db, { queue: "send-email", after: 0 });
        await markReplayed(
          db,
          letters.map(({ id }) => id),
          at,
        );
      },
    },
    { name: "a form of the console", run: (db) => spendForm(db, randomUUID(), at) },
  ];
}
