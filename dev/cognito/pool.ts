import { randomBytes, randomInt } from "node:crypto";
import { CognitoServiceFactoryImpl, USER_POOL_AWS_DEFAULTS } from "cognito-local/lib/services/cognitoService.js";
import type { Context } from "cognito-local/lib/services/context.js";
import { type User, UserPoolServiceFactoryImpl } from "cognito-local/lib/services/userPoolService.js";
import { jsonStores } from "./store.ts";

export const clock = { get: () => new Date() };
export const otp = () => String(randomInt(1_000_000)).padStart(6, "0");

/** Opens the pool and its app client in the directory; makes them where there are none. */
export async function openPool(context: Context, directory: string, region: string) {
  const stores = jsonStores(directory);
  const cognito = await new CognitoServiceFactoryImpl(directory, stores, new Pools(clock, stores)).create(context, {});
  const known = (await cognito.listUserPools(context))[0];
  const pool = known ?? (await cognito.createUserPool(context, newPool(region)));
  const clients = await cognito.listAppClients(context, pool.Id);
  const client = clients[0] ?? newClient(pool.Id);
  if (clients.length === 0) await (await cognito.getUserPool(context, pool.Id)).saveAppClient(context, client);
  return { cognito, user_pool_id: pool.Id, client_id: client.ClientId };
}

/** Cognito finds an e-mail address whatever its case; the emulator compares letters. */
class Pools extends UserPoolServiceFactoryImpl {
  override async create(...input: Parameters<UserPoolServiceFactoryImpl["create"]>) {
    const pool = await super.create(...input);
    const exact = pool.getUserByUsername.bind(pool);
    pool.getUserByUsername = async (context, username) => {
      const user = await exact(context, username);
      if (user || !username.includes("@")) return user;
      return (await pool.listUsers(context)).find((other) => hasAddress(other, username)) ?? null;
    };
    return pool;
  }
}

function hasAddress(user: User, address: string): boolean {
  return user.Attributes.some(({ Name, Value }) => Name === "email" && Value?.toLowerCase() === address.toLowerCase());
}

function newPool(region: string) {
  const id = `${region}_${randomBytes(6).toString("hex")}`;
  const now = clock.get();
  return {
    Id: id,
    Name: "torium",
    Arn: `arn:aws:cognito-idp:${region}:000000000000:userpool/${id}`,
    CreationDate: now,
    LastModifiedDate: now,
    UsernameAttributes: ["email"],
    AutoVerifiedAttributes: ["email"],
    UsernameConfiguration: { CaseSensitive: false },
    SchemaAttributes: [
      ...(USER_POOL_AWS_DEFAULTS.SchemaAttributes ?? []),
      {
        Name: "custom:user_id",
        AttributeDataType: "String",
        DeveloperOnlyAttribute: false,
        Mutable: true,
        Required: false,
        StringAttributeConstraints: {},
      },
    ],
  };
}

function newClient(userPoolId: string) {
  const now = clock.get();
  return {
    ClientId: randomBytes(13).toString("hex"),
    ClientName: "torium-app",
    UserPoolId: userPoolId,
    ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    AccessTokenValidity: 1,
    IdTokenValidity: 1,
    RefreshTokenValidity: 30,
    TokenValidityUnits: { AccessToken: "hours", IdToken: "hours", RefreshToken: "days" },
    CreationDate: now,
    LastModifiedDate: now,
  };
}
