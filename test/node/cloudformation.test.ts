import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { settingOfOutput } from "../../deploy/outputs.ts";
import { ROOT } from "../../dev/settings.ts";
import { callsOf, type Resource, readTemplate } from "./support/cloudformation.ts";
import { signedActions } from "./support/signed-actions.ts";

const text = readFileSync(join(ROOT, "aws/torium.yaml"), "utf8");
const template = readTemplate(text);
const { Parameters, Conditions, Resources, Outputs } = template;

/** What Ref and GetAtt answer, beside the parameters. A resource without a name here is one that the test has not been told of. */
const ATTRIBUTES: Record<string, string[]> = {
  "AWS::Cognito::UserPool": ["Arn", "ProviderName", "ProviderURL", "UserPoolId"],
  "AWS::Cognito::UserPoolClient": ["ClientId", "ClientSecret", "Name"],
  "AWS::Lambda::Function": ["Arn"],
  "AWS::Lambda::Permission": ["Id"],
  "AWS::IAM::Role": ["Arn", "RoleId"],
  "AWS::IAM::User": ["Arn"],
  "AWS::Logs::LogGroup": ["Arn"],
  "AWS::SES::EmailIdentity": [1, 2, 3].flatMap((n) => [`DkimDNSTokenName${n}`, `DkimDNSTokenValue${n}`]),
  "AWS::SES::ConfigurationSet": [],
  "AWS::SES::ConfigurationSetEventDestination": ["Id"],
  "AWS::SNS::Topic": ["TopicArn", "TopicName"],
  "AWS::SNS::TopicPolicy": ["Id"],
  "AWS::SNS::Subscription": ["Arn"],
};
/** Of AWS's resource specification: without them CloudFormation refuses the resource. */
const REQUIRED: Record<string, string[]> = {
  "AWS::Cognito::UserPoolClient": ["UserPoolId"],
  "AWS::Lambda::Function": ["Code", "Role", "Handler", "Runtime"],
  "AWS::Lambda::Permission": ["Action", "FunctionName", "Principal"],
  "AWS::IAM::Role": ["AssumeRolePolicyDocument"],
  "AWS::SES::EmailIdentity": ["EmailIdentity"],
  "AWS::SES::ConfigurationSetEventDestination": ["ConfigurationSetName", "EventDestination"],
  "AWS::SNS::TopicPolicy": ["PolicyDocument", "Topics"],
  "AWS::SNS::Subscription": ["Protocol", "TopicArn", "Endpoint"],
};
const PSEUDO = ["AWS::StackName", "AWS::Region", "AWS::AccountId", "AWS::Partition"];

type Statement = { Action: string | string[]; Resource?: unknown; Effect: string };
type Policy = { PolicyDocument: { Statement: Statement[] } };
const statementsOf = (user: Resource) =>
  (user.Properties.Policies as Policy[]).flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
const properties = (name: string) => Resources[name]!.Properties;

test("every name that is referred to is there", () => {
  const inText = callsOf(template, "Fn::Sub").flatMap((value) =>
    [...(value as string).matchAll(/\$\{([^}]+)\}/g)].map(([, name]) => name!.split(".")),
  );
  const got = callsOf(template, "Fn::GetAtt").map((value) => value as string[]);
  for (const [name, ...attribute] of [...inText.filter(({ length }) => length > 1), ...got]) {
    expect(Resources, `resource ${name}`).toHaveProperty([name!]);
    expect(ATTRIBUTES[Resources[name!]!.Type], name).toContain(attribute.join("."));
  }
  const names = [...Object.keys(Parameters), ...Object.keys(Resources), ...PSEUDO];
  const single = inText.filter(({ length }) => length === 1).map(([name]) => name);
  for (const name of [...callsOf(template, "Ref"), ...single]) expect(names).toContain(name);
  const asked = [
    ...callsOf(Resources, "Condition"),
    ...callsOf(template, "Fn::If").map((value) => (value as string[])[0]),
  ];
  for (const name of asked.filter((one) => typeof one === "string")) expect(Object.keys(Conditions)).toContain(name);
  for (const { DependsOn } of Object.values(Resources)) if (DependsOn) expect(Resources).toHaveProperty([DependsOn]);
});

test("every resource is of a known type and has what that type requires", () => {
  for (const [name, { Type, Properties }] of Object.entries(Resources)) {
    expect(Object.keys(ATTRIBUTES), name).toContain(Type);
    expect(Object.keys(Properties), name).toEqual(expect.arrayContaining(REQUIRED[Type] ?? []));
  }
});

test("every parameter is used", () => {
  for (const name of Object.keys(Parameters)) {
    expect(text.split(new RegExp(`!Ref ${name}\\b|\\$\\{${name}\\}`)).length, name).toBeGreaterThan(1);
  }
});

test("the Worker may do exactly what its clients sign", () => {
  const allowed = statementsOf(Resources.Worker!).flatMap(({ Action }) => Action);
  expect([...new Set(allowed)].sort()).toEqual(signedActions());
});

/** Of AWS's service authorization reference: these take no resource but all. */
const WITHOUT_RESOURCE = ["ses:GetAccount"];

test("no permission of the Worker is wider than it must be", () => {
  for (const { Action, Resource, Effect } of statementsOf(Resources.Worker!)) {
    expect(Effect).toBe("Allow");
    for (const action of [Action].flat()) expect(action).toMatch(/^[a-z-]+:[A-Za-z]+$/);
    if (!WITHOUT_RESOURCE.includes(String(Action))) expect([Resource].flat()).not.toContain("*");
  }
});

test("a person cannot write the id that the Worker knows them by", () => {
  const { ReadAttributes, WriteAttributes, ExplicitAuthFlows } = properties("AppClient");
  expect(ReadAttributes).toContain("custom:user_id");
  expect(WriteAttributes).not.toContain("custom:user_id");
  expect(ExplicitAuthFlows).toEqual(expect.arrayContaining(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]));
});

test("people sign in with their e-mail address, which is verified, and both triggers are forwarded", () => {
  const { UsernameAttributes, AutoVerifiedAttributes, Schema, LambdaConfig } = properties("UserPool");
  expect(UsernameAttributes).toEqual(["email"]);
  expect(AutoVerifiedAttributes).toEqual(["email"]);
  expect(Schema).toContainEqual(expect.objectContaining({ Name: "user_id", Mutable: true }));
  const forwarder = { "Fn::GetAtt": ["ForwardTriggers", "Arn"] };
  expect(LambdaConfig).toEqual({ PreSignUp: forwarder, PostConfirmation: forwarder });
});

test("a setting's name is its output's, in the other spelling", () => {
  expect(Object.keys(Outputs).flatMap((name) => settingOfOutput(name) ?? [])).toEqual([
    "AWS_REGION",
    "COGNITO_USER_POOL_ID",
    "COGNITO_CLIENT_IDS",
    "SES_FROM",
    "SES_CONFIGURATION_SET",
    "SNS_FEEDBACK_TOPIC_ARNS",
    "SNS_PLATFORM_APPLICATION_ARN_FCM",
    "SNS_PLATFORM_APPLICATION_ARN_APNS",
    "PUBLIC_URL",
  ]);
});

test("the topic tries the Worker again for about an hour, and for no more, which SNS refuses", () => {
  const { DeliveryPolicy, Endpoint } = properties("FeedbackSubscription");
  const retry = (DeliveryPolicy as { healthyRetryPolicy: Record<string, number> }).healthyRetryPolicy;
  const { minDelayTarget, maxDelayTarget, numRetries, numNoDelayRetries, numMinDelayRetries, numMaxDelayRetries } =
    retry as Record<string, number> & Record<"minDelayTarget", number>;
  const growing = numRetries! - numNoDelayRetries! - numMinDelayRetries! - numMaxDelayRetries!;
  const seconds =
    numMinDelayRetries! * minDelayTarget +
    numMaxDelayRetries! * maxDelayTarget! +
    (growing * (minDelayTarget + maxDelayTarget!)) / 2;
  expect(seconds).toBeLessThanOrEqual(3600);
  expect(seconds).toBeGreaterThan(3300);
  expect(numRetries).toBeLessThanOrEqual(100);
  expect(Endpoint).toEqual({ "Fn::Sub": ["$", "{PublicUrl}/hooks/sns"].join("") });
});

test("secrets are parameters that are not shown, and no key is among the resources", () => {
  expect(Parameters.CognitoHookSecret!.NoEcho).toBe(true);
  expect(Object.values(Resources).map(({ Type }) => Type)).not.toContain("AWS::IAM::AccessKey");
});

const inline = (properties("ForwardTriggers").Code as { ZipFile: string }).ZipFile;

test("the function's code is aws/forward-cognito-triggers.mjs, spelt as a CommonJS module, and fits in line", () => {
  const module = readFileSync(join(ROOT, "aws/forward-cognito-triggers.mjs"), "utf8");
  const commonJs = module
    .replace(/^import (\{.+\}) from ("node:\w+");$/gm, "const $1 = require($2);")
    .replace(/^export async function /gm, "async function ")
    .replace(/^export const (\w+) = /gm, "exports.$1 = ");
  expect(inline).toBe(commonJs);
  expect(Buffer.byteLength(inline)).toBeLessThanOrEqual(4096);
});

test("the function's code runs as Lambda runs it, and signs what it forwards", async () => {
  const event = { triggerSource: "PreSignUp_SignUp", userName: "0f7a", response: {} };
  const calls: { body: string; signature: string }[] = [];
  const server = createServer(async (request, answer) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    calls.push({ body, signature: String(request.headers["x-torium-signature"]) });
    answer.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  try {
    const exports: { handler?: (event: object) => Promise<object> } = {};
    const settings = {
      TORIUM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      COGNITO_HOOK_SECRET: "newest-of-the-two, older-of-the-two",
    };
    const globals = { exports, require: createRequire(import.meta.url), process: { env: settings } };
    runInNewContext(inline, { ...globals, fetch, AbortSignal, Date, JSON });
    expect(await exports.handler!(event)).toEqual(event);
  } finally {
    await new Promise((done) => server.close(done));
  }
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(calls[0]!.signature)!;
  expect(v1).toBe(createHmac("sha256", "newest-of-the-two").update(`${t}.${calls[0]!.body}`).digest("hex"));
});
