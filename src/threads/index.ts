export { LedgerClient } from "./ledger-client.ts";
export type { StorageClientOptions } from "./ledger-client.ts";
export { ProfileConversionThread } from "./profile-conversion-thread.ts";
export { SeriesClient } from "./series-client.ts";
export { WorkerDataPlane, defaultWorkers } from "./worker-data-plane.ts";
export type { WorkerDataPlaneOptions } from "./worker-data-plane.ts";
