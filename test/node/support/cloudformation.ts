import { type CollectionTag, parse, type ScalarTag } from "yaml";

export type Template = {
  Parameters: Record<string, { Default?: string; NoEcho?: boolean }>;
  Conditions: Record<string, unknown>;
  Resources: Record<string, Resource>;
  Outputs: Record<string, { Value: unknown }>;
};
export type Resource = { Type: string; Condition?: string; Properties: Record<string, unknown>; DependsOn?: string };

const nameOf = (short: string) => (short === "Ref" || short === "Condition" ? short : `Fn::${short}`);

const scalar = (short: string): ScalarTag => ({
  tag: `!${short}`,
  resolve: (text) => ({ [nameOf(short)]: short === "GetAtt" ? text.split(".") : text }),
});
const list = (short: string): CollectionTag => ({
  tag: `!${short}`,
  collection: "seq",
  resolve: (items) => ({ [nameOf(short)]: (items as { toJSON(): unknown }).toJSON() }),
});

/** With the short forms of the intrinsic functions written out. A form that is not known here is an error. */
export function readTemplate(yaml: string): Template {
  const customTags = [...["Ref", "Sub", "GetAtt"].map(scalar), ...["If", "Equals", "Not"].map(list)];
  return parse(yaml, { customTags, strict: true, logLevel: "error" }) as Template;
}

/** Every value of a tree that is an object with this one key. */
export function callsOf(tree: unknown, key: string): unknown[] {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => [
    ...(name === key && !Array.isArray(tree) ? [value] : []),
    ...callsOf(value, key),
  ]);
}
