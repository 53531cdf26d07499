import {
  CodeMismatchError,
  InvalidParameterError,
  InvalidPasswordError,
  NotAuthorizedError,
  UserNotFoundError,
} from "cognito-local/lib/errors.js";
import { type Route, Router } from "cognito-local/lib/server/Router.js";
import type { Services } from "cognito-local/lib/services/index.js";
import { attribute, attributesAppend, attributeValue, type User } from "cognito-local/lib/services/userPoolService.js";

// What a person may not say of themselves; the emulator believes all of it.
const NOT_THE_CLIENTS = ["sub", "email_verified", "phone_number_verified", "custom:user_id"];

/** The emulator's actions, with what Cognito does and it does not. */
export function actionsOf(services: Services): (name: string) => Route {
  const emulated = Router(services);
  const own: Record<string, Route> = {
    SignUp: async (context, request) => {
      refuseForeignAttributes(request.UserAttributes);
      const email = request.UserAttributes?.find(({ Name }: { Name: string }) => Name === "email")?.Value;
      if (email && email !== request.Username) throw new InvalidParameterError("The email is not the username.");
      return emulated("SignUp")(context, request);
    },
    UpdateUserAttributes: async (context, request) => {
      refuseForeignAttributes(request.UserAttributes);
      return emulated("UpdateUserAttributes")(context, request);
    },
    InitiateAuth: async (context, request) => {
      try {
        return await emulated("InitiateAuth")(context, request);
      } catch (error) {
        const wrong = error instanceof InvalidPasswordError || error instanceof NotAuthorizedError;
        throw wrong ? new NotAuthorizedError("Incorrect username or password.") : error;
      }
    },
    ConfirmSignUp: async (context, request) => {
      // Cognito takes the code as proof of the address, and says so in the PostConfirmation event.
      const { pool, user } = await find(services, context, request);
      if (user?.ConfirmationCode && user.ConfirmationCode === request.ConfirmationCode) {
        await pool.saveUser(context, verified(user));
      }
      return emulated("ConfirmSignUp")(context, request);
    },
    ConfirmForgotPassword: async (context, request) => {
      // Without a code asked for, the emulator takes an absent code for the right one.
      if (!request.ConfirmationCode) throw new CodeMismatchError();
      return emulated("ConfirmForgotPassword")(context, request);
    },
    ResendConfirmationCode: async (context, request) => {
      const { pool, user } = await find(services, context, request);
      if (!user) throw new UserNotFoundError();
      if (user.UserStatus !== "UNCONFIRMED") throw new InvalidParameterError("User is already confirmed.");
      const code = services.otp();
      const details = {
        AttributeName: "email",
        DeliveryMedium: "EMAIL",
        Destination: attributeValue("email", user.Attributes) ?? "",
      } as const;
      await pool.saveUser(context, { ...user, ConfirmationCode: code });
      await services.messages.deliver(
        context,
        "ResendCode",
        request.ClientId,
        pool.options.Id,
        user,
        code,
        undefined,
        details,
      );
      return { CodeDeliveryDetails: details };
    },
  };
  return (name) => own[name] ?? emulated(name);
}

function refuseForeignAttributes(attributes: { Name: string }[] | undefined): void {
  if (attributes?.some(({ Name }) => NOT_THE_CLIENTS.includes(Name))) {
    throw new NotAuthorizedError("A client attempted to write unauthorized attribute");
  }
}

async function find(services: Services, context: Parameters<Route>[0], request: Parameters<Route>[1]) {
  const pool = await services.cognito.getUserPoolForClientId(context, request.ClientId);
  return { pool, user: await pool.getUserByUsername(context, request.Username) };
}

function verified(user: User): User {
  return { ...user, Attributes: attributesAppend(user.Attributes, attribute("email_verified", "true")) };
}
