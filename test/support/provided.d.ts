/** What the global setup hands to the tests in workerd. */
import type { JWK } from "jose";

declare module "vitest" {
  interface ProvidedContext {
    settings: Record<string, string>;
    pool: { private: JWK; public: JWK };
    inbox: string;
    fuzz: { seed: number; runs: number; seconds: number };
  }
}
