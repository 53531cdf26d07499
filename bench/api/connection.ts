import { once } from "node:events";
import { connect } from "node:net";

const END_OF_HEAD = Buffer.from("\r\n\r\n");

export type Answer = { status: number; body: Buffer };
export type Connection = { send(request: Buffer): Promise<Answer>; end(): void };

/**
 * One kept-alive HTTP/1.1 connection, with one request on its way at a time. It reads no more of HTTP than the Worker's answers need (a length in
 * their head), since the machine's two cores are shared with what it measures.
 */
export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, "127.0.0.1").setNoDelay(true);
  await once(socket, "connect");
  let waiting: { done: (answer: Answer) => void; failed: (error: Error) => void } | undefined;
  let chunks: Buffer[] = [];
  let bytes = 0;
  let awaited: { status: number; from: number; to: number } | undefined;
  const fail = (error: Error) => {
    waiting?.failed(error);
    waiting = undefined;
    socket.destroy();
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the Worker closed the connection")));
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    try {
      awaited ??= readHead(chunks);
    } catch (error) {
      return fail(error as Error);
    }
    if (!awaited || bytes < awaited.to) return;
    const { status, from, to } = awaited;
    const answer = { status, body: Buffer.concat(chunks).subarray(from, to) };
    const asked = waiting;
    [chunks, bytes, awaited, waiting] = [[], 0, undefined, undefined];
    asked?.done(answer);
  });
  return {
    send: (request) =>
      new Promise((done, failed) => {
        // Its end was told before anybody waited for an answer.
        if (socket.destroyed) return failed(new Error("the Worker has closed the connection"));
        waiting = { done, failed };
        socket.write(request);
      }),
    end: () => void socket.destroy(),
  };
}

function readHead(chunks: Buffer[]) {
  const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const end = all.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = all.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (!Number.isInteger(status) || !Number.isInteger(length)) throw new Error(`an answer with another head:\n${head}`);
  return { status, from: end + 4, to: end + 4 + length };
}
