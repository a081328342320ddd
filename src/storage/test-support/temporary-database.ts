// A database in a folder of its own, for the contracts of durable stores.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Database } from "../sqlite/database.ts";

/** A store over a database file, which can be closed and opened again. */
export function temporaryDatabase<Store>(
  open: (path: string) => Database,
  storeOver: (database: Database) => Store,
): { store: Store; reopen: () => Promise<Store>; close: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "cellphone-"));
  const path = join(folder, "test.db");
  let database = open(path);
  return {
    store: storeOver(database),
    reopen: () => {
      database.close();
      database = open(path);
      return Promise.resolve(storeOver(database));
    },
    close: () => {
      database.close();
      rmSync(folder, { recursive: true });
    },
  };
}
