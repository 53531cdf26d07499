import { once } from "node:events";
import { connect } from "node:net";

const END_OF_HEAD = Buffer.from("\r\n\r\n");

/** `bytes`: of its body; `body` itself where it is no success, null otherwise. */
export type Answer = { status: number; bytes: number; body: Buffer | null };
export type Connection = { send(request: Buffer): Promise<Answer>; end(): void };

/** As much as one read takes: an answer that is longer comes by several. */
const READ_BYTES = 64 * 1024;

/**
 * One kept-alive HTTP/1.1 connection, with one request on its way at a time. It reads no more of HTTP than the Worker's answers need (a length in
 * their head), counts the bytes of what succeeded without keeping them, and has one buffer for all that it reads, since the machine's two cores are shared
 * with what it measures.
 */
export async function openConnection(port: number): Promise<Connection> {
  const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback: (bytes: number) => heard(bytes) };
  const socket = connect({ port, host: "127.0.0.1", onread }).setNoDelay(true);
  await once(socket, "connect");
  let waiting: { done: (answer: Answer) => void; failed: (error: Error) => void } | undefined;
  let chunks: Buffer[] = [];
  let bytes = 0;
  let awaited: Head | undefined;
  const fail = (error: Error) => {
    waiting?.failed(error);
    waiting = undefined;
    socket.destroy();
  };
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the Worker closed the connection")));
  const heard = (read: number): boolean => {
    const chunk = onread.buffer.subarray(0, read);
    bytes += read;
    try {
      awaited ??= readHead([...chunks, chunk]);
    } catch (error) {
      fail(error as Error);
      return true;
    }
    // The next read writes over this one.
    if (awaited?.status !== 200) chunks.push(Buffer.from(chunk));
    if (!awaited || bytes < awaited.to) return true;
    const { status, from, to } = awaited;
    const body = status === 200 ? null : Buffer.concat(chunks).subarray(from, to);
    const answer = { status, bytes: to - from, body };
    const asked = waiting;
    [chunks, bytes, awaited, waiting] = [[], 0, undefined, undefined];
    asked?.done(answer);
    return true;
  };
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

/** `from` and `to`: where the body begins and ends, in bytes of the answer. */
type Head = { status: number; from: number; to: number };

function readHead(chunks: Buffer[]): Head | undefined {
  const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  const end = all.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = all.toString("latin1", 0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1]);
  if (!Number.isInteger(status) || !Number.isInteger(length)) throw new Error(`an answer with another head:\n${head}`);
  return { status, from: end + 4, to: end + 4 + length };
}
