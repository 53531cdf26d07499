import { parseArgs } from "node:util";

export interface Flags {
  port: number;
  inboxPort: number;
  cognitoPort: number;
  dbPort: number;
  fresh: boolean;
  tick: boolean;
  seed: boolean;
}

/** Said to whoever typed the command, without a stack trace. */
export class UsageError extends Error {}

const PORTS = {
  "--port": { key: "port", normally: 8787, what: "the API" },
  "--inbox-port": { key: "inboxPort", normally: 8025, what: "the inbox" },
  "--cognito-port": { key: "cognitoPort", normally: 9229, what: "Cognito" },
  "--db-port": { key: "dbPort", normally: 54329, what: "PostgreSQL" },
} as const;

type PortFlag = keyof typeof PORTS;
const PORT_FLAGS = Object.keys(PORTS) as PortFlag[];

export const HELP = `npm run dev [-- flags]: Torium on this machine, on 127.0.0.1 alone

${PORT_FLAGS.map((flag) => `  ${`${flag} N`.padEnd(18)}port of ${PORTS[flag].what} (${PORTS[flag].normally})`).join("\n")}
  --fresh           start with an empty database, nobody in Cognito and an empty inbox
  --no-tick         run a schedule only when asked:
                    GET {api}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*&time=<unix ms>
  --no-seed         no people, group or event (organizations are there)
  --help            this text
`;

/** Null asks for help. Throws UsageError naming the flag that is unknown or whose value is none. */
export function parseFlags(args: string[]): Flags | null {
  const { values, tokens } = read(args);
  const twice = tokens.filter((token, at) => tokens.findIndex(({ name }) => name === token.name) !== at)[0];
  if (twice) throw new UsageError(`${twice.rawName} is given twice`);
  if (values.help) return null;
  const ports = Object.fromEntries(PORT_FLAGS.map((flag) => [PORTS[flag].key, portOf(flag, values[flag.slice(2)])]));
  const flags = {
    ...(ports as Record<(typeof PORTS)[PortFlag]["key"], number>),
    fresh: values.fresh === true,
    tick: values["no-tick"] !== true,
    seed: values["no-seed"] !== true,
  };
  for (const { flag, port } of portsOf(flags)) {
    const other = portsOf(flags).find((claim) => claim.port === port)!;
    if (other.flag !== flag) throw new UsageError(`${other.flag} and ${flag} are both ${port}`);
  }
  return flags;
}

export function portsOf(flags: Flags): { flag: PortFlag; what: string; port: number }[] {
  return PORT_FLAGS.map((flag) => ({ flag, what: PORTS[flag].what, port: flags[PORTS[flag].key] }));
}

function read(args: string[]) {
  const text = { type: "string" } as const;
  const truth = { type: "boolean" } as const;
  const options = {
    ...Object.fromEntries(PORT_FLAGS.map((flag) => [flag.slice(2), text])),
    fresh: truth,
    "no-tick": truth,
    "no-seed": truth,
    help: truth,
  };
  try {
    const parsed = parseArgs({ args, options, strict: true, allowPositionals: false, tokens: true });
    return {
      values: parsed.values as Record<string, string | boolean | undefined>,
      tokens: parsed.tokens.filter((token) => token.kind === "option"),
    };
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split(". ")[0]}; --help lists the flags`);
  }
}

function portOf(flag: PortFlag, value: string | boolean | undefined): number {
  if (value === undefined) return PORTS[flag].normally;
  const port = /^\d{1,5}$/.test(String(value)) ? Number(value) : 0;
  if (port < 1 || port > 65_535) throw new UsageError(`${flag} needs a port from 1 to 65535, not "${value}"`);
  return port;
}
