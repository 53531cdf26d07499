/** Which AWS actions the clients sign, read from their source. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const CLIENTS = join(import.meta.dirname, "../../../src/clients");

/** SES v2 names an action by its path. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Operations.html */
const SES_ACTIONS: Record<string, string> = {
  "/v2/email/outbound-emails": "ses:SendEmail",
  "/v2/email/account": "ses:GetAccount",
};

/** How the other services' calls look in the source. */
const SPELLINGS: { service: string; prefix: string; pattern: RegExp }[] = [
  { service: "sns", prefix: "sns", pattern: /\bcall\(\s*"([A-Z]\w+)"|\bAction: "([A-Z]\w+)"|Action=([A-Z]\w+)/g },
  {
    service: "cognito-idp",
    prefix: "cognito-idp",
    pattern:
      /AWSCognitoIdentityProviderService\.([A-Z]\w+)|\b(?:call|administer)\([^"()]*"((?:Admin|List|Get|Describe)\w+)"/g,
  },
  { service: "monitoring", prefix: "cloudwatch", pattern: /\bcall\(\s*"([A-Z]\w+)"|\bAction: "([A-Z]\w+)"/g },
];

/** Throws where a client signs for a service, or asks a path of SES, that is not known here. */
export function signedActions(directory = CLIENTS): string[] {
  const actions = new Set<string>();
  for (const file of readdirSync(directory).filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(join(directory, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    const services = [...source.matchAll(/\.(?:call|get)\([^;]*?,\s*"([a-z][a-z-]*)"/g)].map(([, service]) => service!);
    for (const service of new Set(services)) for (const action of actionsIn(source, service, file)) actions.add(action);
  }
  return [...actions].sort();
}

function actionsIn(source: string, service: string, file: string): string[] {
  if (service === "ses") {
    return [...source.matchAll(/\/v2\/email\/[a-z/-]*[a-z]/g)].map(([path]) => {
      const action = SES_ACTIONS[path];
      if (!action) throw new Error(`${file} asks ${path} of SES: which action is that?`);
      return action;
    });
  }
  const spelling = SPELLINGS.find((one) => one.service === service);
  if (!spelling) throw new Error(`${file} signs for ${service}: how are its actions spelt?`);
  const found = [...source.matchAll(spelling.pattern)].map((match) =>
    match.slice(1).find((name) => name !== undefined),
  );
  if (found.length === 0) throw new Error(`${file} signs for ${service}, and no action is found in it`);
  return found.map((name) => `${spelling.prefix}:${name}`);
}
