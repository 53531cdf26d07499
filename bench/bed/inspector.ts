import { writeFile } from "node:fs/promises";

type Message = { id?: number; result?: unknown; error?: { message: string } };

/** V8's own view of the Worker's isolate. */
export async function connectInspector(url: URL) {
  const list = new URL("/json", url);
  list.protocol = "http:";
  const [{ webSocketDebuggerUrl: address }] = (await (await fetch(list)).json()) as [{ webSocketDebuggerUrl: string }];
  const socket = new WebSocket(address);
  await new Promise((done, failed) => {
    socket.addEventListener("open", done, { once: true });
    socket.addEventListener("error", () => failed(new Error(`no inspector at ${address}`)), { once: true });
  });
  const waiting = new Map<number, (message: Message) => void>();
  let last = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  const ask = <T>(method: string, params: object = {}) =>
    new Promise<T>((done, failed) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error) failed(new Error(`${method}: ${error.message}`));
        else done(result as T);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  return {
    /** Bytes of the isolate's heap; those in use include what nobody holds any more, until collected. Buffers (`backingStorageSize`) are beside it. */
    heap: () =>
      ask<{ usedSize: number; totalSize: number; embedderHeapUsedSize: number; backingStorageSize: number }>(
        "Runtime.getHeapUsage",
      ),
    /** Writes what the CPU did meanwhile as a .cpuprofile, which browsers' tools open. */
    async profile(file: string, work: () => Promise<unknown>): Promise<void> {
      await ask("Profiler.enable");
      await ask("Profiler.setSamplingInterval", { interval: 200 });
      await ask("Profiler.start");
      await work();
      const { profile } = await ask<{ profile: unknown }>("Profiler.stop");
      await writeFile(file, JSON.stringify(profile));
    },
    stop: async () => socket.close(),
  };
}
