// The port through which spans and profiles outlive the process; a crash may lose the last second.

import type { ProfileQuery, ProfileRecord, SpanQuery, SpanRecord } from "./model.ts";

/** How much to keep; what is not said is no reason to go. */
export interface ProfileRetention {
  /** Spans that ended before may go. */
  readonly spansBeforeMs?: number;
  /** Newest spans kept. */
  readonly keepSpans?: number;
  /** Profiles that were asked for before may go. */
  readonly profilesBeforeMs: number;
  /** Profiles kept; the oldest that are done or failed go, never one that is under way. */
  readonly keepProfiles: number;
  /** Oldest profiles go until the rest takes no more than this. */
  readonly profileBytes: number;
}

/** A part of the stored spans. */
export interface SpanPage {
  readonly spans: readonly SpanRecord[];
  /**
   * Where the next page begins, null after the last one. Only the store that gave it can read it:
   * ids of spans come from agents, who may give one id to many.
   */
  readonly next: string | null;
}

/** Storage of spans and profiles. */
export interface ProfileStore {
  /** Resolves when the spans are kept. */
  appendSpans(namespace: string, spans: readonly SpanRecord[]): Promise<void>;
  /** The newest by start, newest first; of equal starts the later appended first. */
  spans(namespace: string, query: SpanQuery): Promise<readonly SpanRecord[]>;
  /**
   * The same page by page, for exports: what was appended before the first page is given once.
   * @param after `next` of the page before.
   */
  spanPage(namespace: string, query: SpanQuery, after?: string): Promise<SpanPage>;
  /**
   * Writes or replaces a profile's row.
   * @param data gzipped JSON as V8's inspector gives it (`.cpuprofile`, or a sampling heap
   *   profile); left as it is when absent.
   */
  putProfile(record: ProfileRecord, data?: Uint8Array): Promise<void>;
  profile(namespace: string, id: string): Promise<ProfileRecord | undefined>;
  profileData(namespace: string, id: string): Promise<Uint8Array | undefined>;
  /** The newest by the time of asking, newest first. */
  profiles(namespace: string, query: ProfileQuery): Promise<readonly ProfileRecord[]>;
  /** Removes a profile with its data; false when there was none. */
  deleteProfile(namespace: string, id: string): Promise<boolean>;
  pruneProfiles(
    namespace: string,
    retention: ProfileRetention,
  ): Promise<{ readonly spans: number; readonly profiles: number }>;
  /** Removes the spans and profiles of a namespace. */
  deleteNamespace(namespace: string): Promise<void>;
}
