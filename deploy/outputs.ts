/** The outputs of the stack that aws/torium.yaml makes, as settings of the Worker. */
import { readFileSync } from "node:fs";

/** Outputs that are for people: names of things to make by hand, DNS records. */
const FOR_PEOPLE = /^(WorkerUser|TriggerFunction|DkimRecord\d)$/;

/** CloudFormation's names hold no underscore: `SesFrom` is SES_FROM. Null for what is no setting. */
export const settingOfOutput = (name: string): string | null =>
  FOR_PEOPLE.test(name) ? null : name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

type Described = { Stacks: { Outputs?: { OutputKey: string; OutputValue: string }[] }[] };

/** What `aws cloudformation describe-stacks` printed into a file. Throws where it is something else. */
export function readOutputs(file: string): Record<string, string> {
  const outputs = outputsOf(readFileSync(file, "utf8"));
  if (!outputs)
    throw new Error(`${file} is not what aws cloudformation describe-stacks prints of a stack with outputs`);
  return Object.fromEntries(
    outputs.flatMap(({ OutputKey, OutputValue }) => {
      const setting = settingOfOutput(OutputKey);
      return setting === null ? [] : [[setting, OutputValue]];
    }),
  );
}

/** Not by the parser's own words, which quote what they met. */
function outputsOf(text: string) {
  try {
    return (JSON.parse(text) as Partial<Described> | null)?.Stacks?.[0]?.Outputs;
  } catch {
    return undefined;
  }
}
