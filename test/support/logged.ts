/** What the Worker writes to its console, held against what may stand there: values that a test seeds everywhere occur in no line, whole or in part. */
import { expect, vi } from "vitest";
import { consoleLog, countingErrors } from "../../src/log.ts";
import { settings, type TestDeps, testDeps } from "./index.ts";

/** Somebody's, and said by nobody else: in each letter unlike what the code calls things. */
export const SEED = {
  email: "zofia.wisniewska+kwiaty@poczta-gdynia.example",
  stranger: "hieronim.ostrowski@skrzynka-hel.example",
  number: "+48791864209",
  username: "Zofia Kręgielska-Bułhak",
  device_token: "fcm:QmFsb256-Zolkiewski-NDRhN2E5_Pszczyna",
  arn: "arn:aws:sns:eu-central-1:000000000000:endpoint/GCM/torium/Wejherowo-Pelplin",
  text: "Podwieczorek u Grzegorza, furtka otwiera się kodem 740381",
  place: "Słuchawki Ewangeliny",
  code: "918273",
  password: "Brzęczyszczykiewicz-7",
} as const;

export const SECRETS = {
  DISCORD_WEBHOOK_URL: "https://operators.test/discord/Pomidorowa-55127",
  HEARTBEAT_URL: "https://operators.test/heartbeat/Ogorkowa-66238",
  OPERATOR_TOKEN: "Szczawiowa-operator-77349",
};

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** The ways in which a value may come to stand in a line: also parts of it, and as it is written in an address, a form or a token. */
function formsOf(value: string): string[] {
  const parts = value
    .split(/[\s@.,:;/+_-]+/)
    .filter(
      (part) =>
        part.length >= 5 &&
        !/^(arn|aws|example|central|000000000000|https|endpoint|torium|operators|discord|heartbeat|operator)$/.test(
          part,
        ),
    );
  const digits = value.replace(/\D/g, "");
  // What stands before it moves the letters of base64 by one or two: its beginning is left out then, and its end with the padding.
  const shifted = [0, 1, 2].map((by) => base64("x".repeat(by) + value).slice(by === 0 ? 0 : 4, -4));
  const all = [
    value,
    encodeURIComponent(value),
    new URLSearchParams({ value }).toString().slice("value=".length),
    JSON.stringify(value).slice(1, -1),
    ...parts,
    ...parts.map(encodeURIComponent),
    ...shifted,
    ...shifted.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    ...(digits.length >= 6 ? [digits, digits.slice(-6)] : []),
  ];
  return [...new Set(all.map((form) => form.toLowerCase()))].filter((form) => form.length >= 5);
}

const ofSettings = () => [
  settings.AWS_SECRET_ACCESS_KEY,
  new URL(settings.DATABASE_URL).password,
  ...settings.COGNITO_HOOK_SECRET,
  ...settings.CODE_PEPPER,
  ...settings.LINK_SECRET,
];

const METHODS = [
  "log",
  "info",
  "warn",
  "error",
  "debug",
  "trace",
  "dir",
  "dirxml",
  "table",
  "group",
  "groupCollapsed",
] as const;

/** Of an invocation, or of a message. */
const ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const ENDS = ["request", "messages", "schedule"];

/** Everything written to the console since, by whichever method; until `vi.restoreAllMocks()`. */
export function listen() {
  const written: unknown[][] = [];
  for (const name of METHODS)
    vi.spyOn(console, name).mockImplementation((...said: unknown[]) => void written.push(said));
  const tokens: string[] = [];
  const counted: string[] = [];
  const forbidden = () => [
    ...[...Object.values(SEED), ...Object.values(SECRETS)].flatMap(formsOf),
    ...[...ofSettings(), ...tokens].filter((text) => text.length >= 8).map((text) => text.toLowerCase()),
  ];
  /** Fails where a text holds anything seeded. */
  const holdsNothing = (texts: string[]) => {
    const needles = forbidden();
    for (const text of texts) {
      // By chance, an id may hold six digits of a number.
      const plain = text.replace(ID, "").toLowerCase();
      const found = needles.filter((needle) => plain.includes(needle));
      expect({ found, text: found.length > 0 ? text : "" }).toEqual({ found: [], text: "" });
    }
  };
  const lines = () => written.map(([text]) => JSON.parse(String(text)) as Record<string, unknown>);
  return {
    written,
    lines,
    holdsNothing,
    /** Tokens of which no piece may stand in a line either. */
    hide: (...more: string[]) => void tokens.push(...more.flatMap((token) => token.split("."))),
    /** Deps of the Worker as it is deployed: what it logs is really written, and what nobody foresaw is counted. */
    depsOf: (changed: Parameters<typeof testDeps>[0] = {}): TestDeps =>
      testDeps({
        log: countingErrors(consoleLog, (unexpected) => void counted.push(JSON.stringify(unexpected))),
        ...changed,
        settings: { ...SECRETS, ...changed.settings },
      }),
    /** Every line so far is one JSON object of the kind that it says it is, and holds nothing that was seeded. Gives the lines, and begins anew. */
    check(): Record<string, unknown>[] {
      holdsNothing([...written.map((said) => said.map((one) => String(one)).join(" ")), ...counted]);
      expect(written.filter((said) => said.length !== 1 || typeof said[0] !== "string")).toEqual([]);
      const all = lines();
      for (const line of all) {
        expect(line).toMatchObject({ level: expect.stringMatching(/^(info|warn|error)$/), event: expect.any(String) });
        const ids = ["request_id", "batch_id", "run_id"].filter((name) => name in line);
        expect({ ids, line: ids.length === 1 ? null : line }).toEqual({ ids: [expect.any(String)], line: null });
        expect(line[ids[0]!]).toMatch(UUID);
        const values = Object.values(line);
        expect(values.filter((value) => typeof value === "object" && value !== null)).toEqual([]);
        if (!ENDS.includes(String(line.event))) continue;
        expect(line).toMatchObject({
          outcome: expect.any(String),
          ms: expect.any(Number),
          round_trips: expect.any(Number),
        });
      }
      written.length = 0;
      counted.length = 0;
      return all;
    },
  };
}

export type Listening = ReturnType<typeof listen>;
