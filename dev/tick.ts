import { readFileSync } from "node:fs";

/** The schedules of wrangler.toml, which nothing fires on a developer's machine. */
export function readSchedules(file: string): string[] {
  const list = /^crons\s*=\s*\[([^\]]*)\]/m.exec(readFileSync(file, "utf8"))?.[1];
  if (list === undefined) throw new Error(`${file} names no crons`);
  return [...list.matchAll(/"([^"]*)"/g)].map(([, cron = ""]) => cron);
}

const MINUTE_MS = 60_000;
const EARLY_MS = 50;
const JOB_MAY_TAKE_MS = 5 * MINUTE_MS;

/** Whether the cron line names this minute, in UTC. Knows stars, steps and numbers, which is what the schedules use. */
export function matches(cron: string, minuteMs: number): boolean {
  const at = new Date(minuteMs);
  const now = [at.getUTCMinutes(), at.getUTCHours(), at.getUTCDate(), at.getUTCMonth() + 1, at.getUTCDay()];
  return cron.split(" ").every((field, n) => {
    const [, step, number] = /^(?:\*(?:\/(\d+))?|(\d+))$/.exec(field) ?? [];
    if (number !== undefined) return now[n] === Number(number);
    return step === undefined || now[n]! % Number(step) === 0;
  });
}

/** Runs one schedule with its job's now; throws what went wrong. */
export async function runSchedule(api: string, cron: string, timeMs: number): Promise<void> {
  const query = new URLSearchParams({ cron, time: String(timeMs) });
  const response = await fetch(`${api}/cdn-cgi/handler/scheduled?${query}`, {
    signal: AbortSignal.timeout(JOB_MAY_TAKE_MS),
  });
  const answer = (await response.text()).trim();
  if (!response.ok || answer !== "ok") throw new Error(`${response.status} ${answer.split("\n")[0]}`);
}

/** Fires every schedule on its minute. A job may still run when the next begins, as on the platform. */
export function startTicking(api: string, schedules: string[], report: (line: string) => void): { stop(): void } {
  let timer: NodeJS.Timeout;
  const tick = () => {
    // A timer may fire a moment early, and hours late on a laptop that slept.
    const minute = Math.floor((Date.now() + EARLY_MS) / MINUTE_MS) * MINUTE_MS;
    for (const cron of schedules.filter((line) => matches(line, minute))) {
      runSchedule(api, cron, minute).catch((error: Error) => report(`the schedule "${cron}" failed: ${error.message}`));
    }
    aim();
  };
  const aim = () => {
    timer = setTimeout(tick, MINUTE_MS - ((Date.now() + EARLY_MS) % MINUTE_MS) + EARLY_MS);
  };
  aim();
  return { stop: () => clearTimeout(timer) };
}
