/** However long the delays between tries have grown, the last one comes before the reminder's hour is over. */
import { expect, test } from "vitest";
import { fault, inbox, person } from "../support/index.ts";
import { clockedDeps, drain, event, group, ledger, tick } from "../support/pipeline.ts";

const MINUTE = 60_000;

async function claimed() {
  const clock = { ms: Math.floor(Date.now() / MINUTE) * MINUTE };
  const [deps, someone] = [clockedDeps(clock), await person()];
  const due = clock.ms + 10 * MINUTE;
  const id = await event(someone, { group_id: await group(someone), at: due }, deps);
  clock.ms = due - MINUTE;
  await tick(deps, clock.ms);
  return { clock, deps, someone, due, id };
}

test("a provider that failed for most of the hour and is well again is tried before it is over", async () => {
  const { clock, deps, someone, due, id } = await claimed();
  await fault({ channel: "email", kind: "error", to: someone.email, times: 7 });
  await drain(deps, clock);
  expect(await ledger(id)).toMatchObject([{ status: "sent", attempts: 8 }]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
  expect(clock.ms).toBeLessThan(due + 60 * MINUTE);
});

test("one that was out of reach until five minutes before its end is, too", async () => {
  const { clock, deps, someone, due, id } = await claimed();
  const away = { ...deps.settings, AWS_ENDPOINT_URL_SESV2: "http://127.0.0.1:9" };
  const healing = {
    ...deps,
    get settings() {
      return clock.ms < due + 55 * MINUTE ? away : deps.settings;
    },
  };
  await drain(healing, clock);
  expect(await ledger(id)).toMatchObject([{ status: "sent" }]);
  expect(await inbox("email", someone.email)).toHaveLength(1);
});

test("one that never comes back ends the tries all the same", async () => {
  const { clock, deps, someone, id } = await claimed();
  await fault({ channel: "email", kind: "error", to: someone.email });
  await drain(deps, clock);
  expect(await ledger(id)).toMatchObject([{ status: "expired", attempts: 8 }]);
  expect(await inbox("email", someone.email)).toEqual([]);
});
