import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { openJournal } from "./journal.ts";
import { invalidParameter, Refusal } from "./refusal.ts";

/** A device's token, registered with a platform application. */
export interface Endpoint {
  arn: string;
  application: string;
  platform: string;
  token: string;
  enabled: boolean;
  custom_user_data: string;
}

export interface Endpoints {
  /** Of a platform application; throws Refusal where there is none. */
  platformOf(application: string): string;
  create(application: string, token: string, wanted: { customUserData: string; enabled: boolean | null }): Endpoint;
  get(arn: string): Endpoint | undefined;
  set(arn: string, changes: Partial<Pick<Endpoint, "token" | "enabled" | "custom_user_data">>): void;
  delete(arn: string): void;
  close(): Promise<void>;
}

const MAX_CUSTOM_USER_DATA_BYTES = 2048;

/** Endpoints keep their ARN for ever: Torium has it in its database. Every change is on disk before it is answered. */
export async function openEndpoints(
  directory: string,
  region: string,
  /** Absent: every well-formed platform application of the region exists. */
  applications?: readonly string[],
): Promise<Endpoints> {
  const byArn = new Map<string, Endpoint>();
  const byToken = new Map<string, Endpoint>();
  const key = (application: string, token: string) => `${application} ${token}`;

  function remove(arn: string) {
    const endpoint = byArn.get(arn);
    if (!endpoint) return;
    byArn.delete(arn);
    byToken.delete(key(endpoint.application, endpoint.token));
  }

  function put(endpoint: Endpoint) {
    remove(endpoint.arn);
    byArn.set(endpoint.arn, endpoint);
    byToken.set(key(endpoint.application, endpoint.token), endpoint);
  }

  const journal = await openJournal(join(directory, "endpoints.jsonl"), (record) => {
    const { deleted, ...endpoint } = record as Endpoint & { deleted?: string };
    if (deleted) remove(deleted);
    else put(endpoint);
  });

  function save(endpoint: Endpoint) {
    put(endpoint);
    journal.appendNow(endpoint);
  }

  const taken = (other: Endpoint) =>
    invalidParameter(
      `Token Reason: Endpoint ${other.arn} already exists with the same Token, but different attributes.`,
    );

  return {
    platformOf: (application) => platformOf(application, region, applications),
    create(application, token, { customUserData, enabled }) {
      const platform = platformOf(application, region, applications);
      checkToken(platform, token);
      checkUserData(customUserData);
      const known = byToken.get(key(application, token));
      if (known) {
        const same = known.custom_user_data === customUserData && (enabled === null || enabled === known.enabled);
        if (!same) throw taken(known);
        return known;
      }
      const endpoint = {
        arn: `${application.replace(":app/", ":endpoint/")}/${randomUUID()}`,
        application,
        platform,
        token,
        enabled: enabled ?? true,
        custom_user_data: customUserData,
      };
      save(endpoint);
      return endpoint;
    },
    get: (arn) => byArn.get(arn),
    set(arn, changes) {
      const endpoint = byArn.get(arn);
      if (!endpoint) throw new Refusal("NotFound", "Endpoint does not exist", 404);
      const changed = { ...endpoint, ...changes };
      checkToken(changed.platform, changed.token);
      checkUserData(changed.custom_user_data);
      const other = byToken.get(key(changed.application, changed.token));
      if (other && other.arn !== arn) throw taken(other);
      save(changed);
    },
    delete(arn) {
      if (!byArn.has(arn)) return;
      remove(arn);
      journal.appendNow({ deleted: arn });
    },
    close: () => journal.close(),
  };
}

function platformOf(application: string, region: string, known: readonly string[] | undefined): string {
  const [, itsRegion, platform] =
    /^arn:aws:sns:([a-z0-9-]+):\d{12}:app\/(GCM|APNS|APNS_SANDBOX)\/[\w.-]{1,256}$/.exec(application) ?? [];
  if (!platform || itsRegion !== region) {
    throw invalidParameter("PlatformApplicationArn Reason: not a platform application of this region");
  }
  if (known && !known.includes(application)) throw new Refusal("NotFound", "PlatformApplication does not exist", 404);
  return platform;
}

function checkToken(platform: string, token: string) {
  const fits = platform === "GCM" ? /^\S{1,4096}$/ : /^[0-9a-fA-F]{1,400}$/;
  if (fits.test(token)) return;
  const reason =
    platform === "GCM"
      ? "not a registration token"
      : "iOS device tokens must be no more than 400 hexadecimal characters";
  throw invalidParameter(`Token Reason: ${reason}`);
}

function checkUserData(customUserData: string) {
  if (Buffer.byteLength(customUserData) > MAX_CUSTOM_USER_DATA_BYTES) {
    throw invalidParameter(`CustomUserData Reason: over ${MAX_CUSTOM_USER_DATA_BYTES} bytes`);
  }
}
