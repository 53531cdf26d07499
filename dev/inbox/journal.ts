import {
  close,
  createReadStream,
  existsSync,
  ftruncate,
  mkdirSync,
  openSync,
  truncateSync,
  write,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

const writeFile = promisify(write) as (fd: number, bytes: Buffer) => Promise<{ bytesWritten: number }>;
const truncate = promisify(ftruncate);
const closeFile = promisify(close);

const NEWLINE = 10;

/** An append-only file of one JSON record a line. */
export interface Journal {
  /** Written a moment later, so that nobody waits for the disk; kill -9 loses what was not yet written. */
  append(record: object): void;
  /** Written when this returns; survives kill -9. */
  appendNow(record: object): void;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Hands every record that is there to `replay`, oldest first. A last line that a crash cut off is dropped from the file. */
export async function openJournal(file: string, replay: (record: unknown) => void): Promise<Journal> {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file)) truncateSync(file, await readRecords(file, replay));
  const fd = openSync(file, "a");

  // Null stands for a clearing: what was appended after it stays.
  let pending: (string | null)[] = [];
  let writing: Promise<void> | null = null;

  async function drain() {
    // A turn of the event loop gathers what a burst of calls appends into one write.
    await new Promise((done) => setImmediate(done));
    while (pending.length > 0) {
      const batch = pending;
      pending = [];
      if (batch.includes(null)) await truncate(fd, 0);
      let bytes = Buffer.from(batch.slice(batch.lastIndexOf(null) + 1).join(""));
      while (bytes.length > 0) bytes = bytes.subarray((await writeFile(fd, bytes)).bytesWritten);
    }
    writing = null;
  }

  function push(entry: string | null) {
    pending.push(entry);
    writing ??= drain();
  }

  async function settled() {
    while (writing) await writing;
  }

  return {
    append: (record) => push(`${JSON.stringify(record)}\n`),
    appendNow(record) {
      writeSync(fd, `${JSON.stringify(record)}\n`);
    },
    async clear() {
      push(null);
      await settled();
    },
    async close() {
      await settled();
      await closeFile(fd);
    },
  };
}

/** Resolves to the length of the file up to its last whole line. */
async function readRecords(file: string, replay: (record: unknown) => void): Promise<number> {
  let whole = 0;
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      start = end + 1;
      whole += line.length + 1;
      const record = parsed(line.toString());
      if (record !== undefined) replay(record);
    }
    rest.push(chunk.subarray(start));
  }
  return whole;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
