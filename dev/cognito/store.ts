import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DataStore } from "cognito-local/lib/services/dataStore/dataStore.js";
import type { DataStoreFactory } from "cognito-local/lib/services/dataStore/factory.js";

type Tree = Record<string, unknown>;

/**
 * Keeps a pool in one JSON file. The emulator's own store writes in place, so that a kill in the middle of a write
 * leaves half a file and every person in it is lost; this one renames a whole file over the old one.
 */
export function jsonStores(directory: string): DataStoreFactory {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    async create(_context, id, defaults): Promise<DataStore> {
      const file = join(directory, `${id}.json`);
      const root: Tree = { ...(defaults as Tree), ...(existsSync(file) ? read(file) : {}) };
      const save = savesOf(file, root);
      await save();
      return {
        getRoot: async <T>() => structuredClone(root) as T,
        get: async <T>(_context: unknown, key: string | string[], otherwise?: T) => {
          const value = path(key).reduce<unknown>((node, name) => (node as Tree | undefined)?.[name], root);
          return (value === undefined ? (otherwise ?? null) : structuredClone(value)) as T;
        },
        set: async (_context, key, value) => {
          const [parent, name] = parentOf(root, key);
          parent[name] = structuredClone(value);
          await save();
        },
        delete: async (_context, key) => {
          const [parent, name] = parentOf(root, key);
          delete parent[name];
          await save();
        },
      };
    },
  };
}

function path(key: string | string[]): string[] {
  return Array.isArray(key) ? key : [key];
}

function parentOf(root: Tree, key: string | string[]): [Tree, string] {
  const names = path(key);
  let node = root;
  for (const name of names.slice(0, -1)) {
    node[name] ??= {};
    node = node[name] as Tree;
  }
  return [node, names.at(-1)!];
}

/** One write at a time; what changes during a write goes out together in the next one. */
function savesOf(file: string, root: Tree): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | null = null;
  const write = async () => {
    waiting = null;
    await writeFile(`${file}.new`, JSON.stringify(root, null, 1), { mode: 0o600 });
    await rename(`${file}.new`, file);
  };
  return () => {
    if (!waiting) {
      waiting = running.then(write, write);
      running = waiting;
    }
    return waiting;
  };
}

function read(file: string): Tree {
  return JSON.parse(readFileSync(file, "utf8"), (key, value) =>
    key.endsWith("Date") && typeof value === "string" ? new Date(value) : value,
  );
}
