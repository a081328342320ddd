export { LedgerClient } from "./ledger-client.ts";
export type { StorageClientOptions } from "./ledger-client.ts";
export { SeriesClient } from "./series-client.ts";
