import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { openConnection } from "../../bench/api/connection.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serving(listener: Parameters<typeof createServer>[1]) {
  const server = createServer(listener);
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
}

const asked = Buffer.from("GET / HTTP/1.1\r\nhost: here\r\n\r\n");

test("answers are read whole, one after another", async () => {
  let n = 0;
  const { port } = await serving((_, response) => {
    const body = "x".repeat(100_000 * ++n);
    response.writeHead(200, { "content-length": body.length }).end(body);
  });
  const connection = await openConnection(port);
  for (const times of [1, 2]) {
    const { status, bytes } = await connection.send(asked);
    expect([status, bytes]).toEqual([200, 100_000 * times]);
  }
  connection.end();
});

test("what is no success is told with its words, however it comes in parts", async () => {
  const words = "too much ".repeat(20_000);
  const { port } = await serving((_, response) => {
    response.writeHead(429, { "content-length": words.length });
    response.write(words.slice(0, 3));
    setImmediate(() => response.end(words.slice(3)));
  });
  const connection = await openConnection(port);
  for (const _ of [1, 2]) {
    const { status, bytes, body } = await connection.send(asked);
    expect([status, bytes, String(body)]).toEqual([429, words.length, words]);
  }
  connection.end();
});

test("a connection that was closed while it was idle refuses what is sent, instead of waiting for ever", async () => {
  const { server, port } = await serving((_, response) => response.writeHead(200, { "content-length": 0 }).end());
  const connection = await openConnection(port);
  await connection.send(asked);
  server.closeAllConnections();
  // Its end has been told once another connection is made and answers.
  const later = await openConnection(port);
  await later.send(asked);
  await expect(connection.send(asked)).rejects.toThrow("closed the connection");
  later.end();
});
