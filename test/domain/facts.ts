import type { ReminderFacts } from "../../src/domain/texts/index.ts";

export function facts(changes: Partial<ReminderFacts> = {}): ReminderFacts {
  return {
    name: "Planszówki u Zosi",
    description: "Przynieś kubki\ni dobry humor",
    starts_at: Date.UTC(2026, 10, 11, 18),
    time_zone: "Europe/Warsaw",
    locale: "en",
    reader_time_zone: "Europe/London",
    budget: { amount: "1000.00", currency: "PLN", share: "333.34", bank_url: "https://bank.example" },
    ...changes,
  };
}

/** Amounts keep their number and currency together with a no-break space. */
export const plainSpaces = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");
