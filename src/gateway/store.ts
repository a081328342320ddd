// The ports through which services and calls outlive the process.

import type { CallQuery, CallRecord, ServiceRecord } from "./model.ts";

/** Durable storage of services. A promise resolves when the change survives a crash. */
export interface ServiceStore {
  /** In order of registration. */
  services(namespace: string): Promise<readonly ServiceRecord[]>;
  putService(record: ServiceRecord): Promise<void>;
  deleteService(namespace: string, serviceId: string): Promise<void>;
}

/** How much of the call history to keep. */
export interface CallRetention {
  /** Older calls may go. */
  readonly beforeMs: number;
  /** Newest calls kept. */
  readonly keep: number;
  /** Newest failed or slow calls kept beside them, however many others came since. */
  readonly keepNotable: number;
}

/** Storage of the call history; a crash may lose its last second. */
export interface CallStore {
  /** Calls numbered by the caller, rising. `notable`: failed or slow. */
  appendCalls(
    namespace: string,
    calls: readonly { readonly call: CallRecord; readonly notable: boolean }[],
  ): Promise<void>;
  /** Newest first. */
  calls(namespace: string, query: CallQuery): Promise<readonly CallRecord[]>;
  /** By the call's id. */
  call(namespace: string, id: string): Promise<CallRecord | undefined>;
  /** The highest number used; 0 when none. */
  lastCallSequence(namespace: string): Promise<number>;
  pruneCalls(namespace: string, retention: CallRetention): Promise<{ readonly calls: number }>;
}
