import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startWholeWorker } from "./whole-worker.ts";

const ROOT = join(import.meta.dirname, "../..");
const directory = mkdtempSync(join(tmpdir(), "torium-client-"));

/** What a program of a dependency prints; rejects with it where it fails. */
async function run(program: string, ...args: string[]): Promise<string> {
  const asked = promisify(execFile)(process.execPath, [program, ...args], { cwd: directory });
  return (await asked.catch(({ stdout, stderr }) => Promise.reject(new Error(`${program}\n${stdout}${stderr}`))))
    .stdout;
}
const generator = join(ROOT, "node_modules/oazapfts/dist/cli.js");
const compiler = join(ROOT, "node_modules/typescript/bin/tsc");

const compilerOptions = {
  target: "ES2024",
  lib: ["ES2024", "DOM"],
  module: "NodeNext",
  types: ["node"],
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  allowUnreachableCode: false,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
};

beforeAll(async () => {
  // The folder of somebody who has installed what this project has.
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"), "junction");
  writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  for (const name of ["program.ts", "mistakes.ts"]) {
    copyFileSync(join(import.meta.dirname, "typed-client", name), join(directory, name));
  }
  await run(generator, join(ROOT, "openapi.json"), "torium.ts");
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const check = (...files: string[]) => {
  const project = join(directory, `${files[0]}.tsconfig.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  return run(compiler, "-p", project);
};

describe("the TypeScript client that openapi.json gives", () => {
  it("is strict code, and a program on it compiles without a cast", async () => {
    expect(await check("program.ts", "torium.ts")).toBe("");
  });

  it("refuses each mistake of a program before it runs", async () => {
    expect(await check("mistakes.ts")).toBe("");
  });

  it("works against the Worker: plans, pages, and reads what is wrong", async () => {
    const { api, idToken, stop } = await startWholeWorker();
    onTestFinished(stop);
    const got = JSON.parse(await run("program.ts", api, await idToken("Ola")));
    const planned = { starts: Date.parse("2099-11-11T17:00:00Z"), skipped: 1, budget: "2400.00" };
    expect(got).toEqual({
      planned: 3,
      pages: [
        [
          { name: "Rent", ...planned },
          { name: "Heating", ...planned },
        ],
        [{ name: "Water", ...planned }],
      ],
      faults: expect.arrayContaining(["name", "reminders.0", "users.0"]),
      refusal: "not_found",
      plannable: ["Flat 12"],
    });
    expect(got.faults).toHaveLength(3);
  });
});
