import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Issue } from "./faults.ts";

/** Whose addresses belong together on the page. Addresses that no person names get a card of their own. */
export interface Person {
  name: string;
  email: string | null;
  phone: string | null;
  device_token: string | null;
}

export interface People {
  readonly all: readonly Person[];
  /** PUT /people replaces them all: `[{name, email?, phone?, device_token?}]`. Answers what is wrong, or nothing. */
  replace(input: unknown): Issue[];
  onChange(listener: () => void): void;
}

const FIELDS = ["email", "phone", "device_token"] as const;

export function openPeople(directory: string): People {
  const file = join(directory, "people.json");
  let all: Person[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const listeners: (() => void)[] = [];
  return {
    get all() {
      return all;
    },
    replace(input) {
      if (!Array.isArray(input)) return [{ path: "", message: "must be a list of people" }];
      const issues = input.flatMap((entry, index) =>
        check(entry).map((path) => ({ path: `${index}.${path}`, message: "must be text" })),
      );
      if (issues.length > 0) return issues;
      all = input.map(({ name, email, phone, device_token }) => ({
        name,
        email: email?.toLowerCase() ?? null,
        phone: phone ?? null,
        device_token: device_token ?? null,
      }));
      mkdirSync(directory, { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify(all));
      renameSync(`${file}.new`, file);
      for (const listener of listeners) listener();
      return [];
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

function check(entry: unknown): string[] {
  if (typeof entry !== "object" || entry === null) return ["name"];
  const person = entry as Record<string, unknown>;
  const wrong = FIELDS.filter((field) => !["string", "undefined"].includes(typeof (person[field] ?? undefined)));
  return typeof person.name === "string" && person.name !== "" ? wrong : ["name", ...wrong];
}
