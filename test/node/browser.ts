import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";

const MODULES = join(import.meta.dirname, "../../node_modules");
const { version } = JSON.parse(readFileSync(join(MODULES, "@sparticuz/chromium/package.json"), "utf8"));
const UNPACKED = join(MODULES, ".cache", `chromium-${version}`);

/** The font that the package brings comes first; the machine's own add the letters that it lacks. Without any font Chromium ends at once. */
const FONTS = `<?xml version="1.0"?>
<fontconfig>
  <dir>${join(UNPACKED, "fonts")}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(UNPACKED, "font-cache")}</cachedir>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`;

/** A Chromium from the npm registry, with fonts of its own; the caller closes it. The first call unpacks it, in about two seconds. */
export async function openBrowser(): Promise<Browser> {
  await unpack();
  // It brings system libraries too, for a machine without them; where the machine has them, its own fit better.
  return launch({}).catch((error: Error) => {
    if (!/error while loading shared libraries/.test(error.message)) throw error;
    return launch({ LD_LIBRARY_PATH: join(UNPACKED, "al2023", "lib") });
  });
}

const launch = (libraries: Record<string, string>) =>
  playwright.launch({
    executablePath: join(UNPACKED, "chromium"),
    // Chromium's sandbox refuses root; these pages come from this machine alone.
    args: ["--no-sandbox", "--font-render-hinting=none", "--disable-gpu"],
    env: { ...environment(), FONTCONFIG_FILE: join(UNPACKED, "fonts.conf"), ...libraries },
  });

const environment = () =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** Into a folder of its own that gets its name when it is whole, so that two test files can ask at once and a crash leaves no half of it. */
async function unpack() {
  if (existsSync(UNPACKED)) return;
  mkdirSync(dirname(UNPACKED), { recursive: true });
  const making = mkdtempSync(`${UNPACKED}-`);
  const before = { TMPDIR: process.env.TMPDIR, AWS_EXECUTION_ENV: process.env.AWS_EXECUTION_ENV };
  // The package unpacks into the temporary folder, and its libraries only where it believes to be in a Lambda.
  Object.assign(process.env, { TMPDIR: making, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x" });
  try {
    const { default: chromium } = await import("@sparticuz/chromium");
    await chromium.executablePath();
    writeFileSync(join(making, "fonts.conf"), FONTS);
    renameSync(making, UNPACKED);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    if (!existsSync(UNPACKED)) throw error;
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
