import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { seriesStoreContract } from "../tracker/store-contract.ts";
import { SeriesClient } from "./series-client.ts";

seriesStoreContract(
  "SeriesClient",
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "agent-cellphone-"));
    const file = path.join(folder, "series.db");
    let store = await SeriesClient.open(file);
    return {
      store,
      reopen: async () => {
        await store.close();
        store = await SeriesClient.open(file);
        return store;
      },
      close: async () => {
        await store.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
  { durable: true },
);
