import { once } from "node:events";
import { createServer } from "node:net";

/** Something else listens on the port that was asked for. */
export class PortTaken extends Error {
  override name = "PortTaken";
  readonly port: number;

  constructor(port: number) {
    super(`port ${port} on 127.0.0.1 is taken`);
    this.port = port;
  }
}

/** Another process may take it before the caller does. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** @throws {PortTaken} */
export async function requireFree(port: number): Promise<void> {
  await listenOnce(port).catch((error) => {
    throw portError(error, port);
  });
}

/** A listening server's error as PortTaken, where that is what it means. */
export function portError(error: NodeJS.ErrnoException, port: number): Error {
  return error.code === "EADDRINUSE" ? new PortTaken(port) : error;
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : port;
}
