import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

const CLIENT = "bench-client";
const POOL = "eu-central-1_bench";

/** A pool of people: signs their tokens, and serves the key that the Worker verifies them with. */
export async function startPool() {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "bench-key", alg: "RS256", use: "sig" }] };
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify(keys));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${url}/${POOL}`;
  return {
    settings: {
      COGNITO_USER_POOL_ID: POOL,
      COGNITO_CLIENT_IDS: CLIENT,
      COGNITO_ISSUER: issuer,
      COGNITO_JWKS_URL: `${issuer}/.well-known/jwks.json`,
      AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: url,
    },
    /** An access token with the claims that Cognito's have, of the person whose row has this `cognito_user_id`. */
    token: (sub: string): Promise<string> =>
      new SignJWT({
        token_use: "access",
        client_id: CLIENT,
        username: sub,
        scope: "aws.cognito.signin.user.admin",
        event_id: crypto.randomUUID(),
        origin_jti: crypto.randomUUID(),
      })
        .setProtectedHeader({ alg: "RS256", kid: "bench-key" })
        .setIssuer(issuer)
        .setSubject(sub)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime("6h")
        .sign(privateKey),
    stop: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
