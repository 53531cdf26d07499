import { expect, test } from "vitest";
import committed from "../../openapi.json?raw";
import { app } from "../../src/api/index.ts";
import { OPERATIONS } from "../../src/api/openapi/operations.ts";
import { describedRoutes } from "../../src/api/openapi.ts";
import { call } from "../support/index.ts";

test("every route is described, and whatever is described is a route", () => {
  expect([...describedRoutes(app.routes).keys()].sort()).toEqual(Object.keys(OPERATIONS).sort());
});

test("GET /openapi.json is open to everybody, asks no database, and is what is committed", async () => {
  const { http, headers, roundTrips, sent: _, ...document } = await call("GET", "/openapi.json");
  expect({ http, type: headers.get("content-type"), roundTrips }).toEqual({
    http: 200,
    type: "application/json; charset=utf-8",
    roundTrips: 0,
  });
  expect(document).toEqual(JSON.parse(committed));
});

test("only the list of organizations, the health and the status are described as open", () => {
  const paths = JSON.parse(committed).paths as Record<string, Record<string, { security?: object[] }>>;
  const open = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { security }]) => (security ? [`${method} ${path}`] : [])),
  );
  expect(open.sort()).toEqual(["get /health", "get /organizations", "get /status"]);
});
