// The profile store of library mode and of tests: in memory, bounded, gone with the process. It
// passes the same contract suite as the durable one.

import type { ProfilePlace, ProfileQuery, ProfileRecord, SpanQuery, SpanRecord } from "./model.ts";
import { spanMatches } from "./span-filter.ts";
import type { ProfileRetention, ProfileStore, SpanPage } from "./store.ts";

/** How much a {@link VolatileProfileStore} keeps, per namespace; the oldest go first. */
export interface VolatileProfileStoreOptions {
  /** @default 5000 */
  readonly maxSpans?: number;
  /** Profiles; those under way stay. @default 1000 */
  readonly maxProfiles?: number;
  /** Bytes of profiles' data. @default 64 MiB */
  readonly maxProfileBytes?: number;
}

interface StoredProfile {
  readonly record: ProfileRecord;
  readonly data: Uint8Array | undefined;
}

interface StoredSpan {
  readonly span: SpanRecord;
  /** Spans are numbered as they are appended. */
  readonly sequence: number;
}

interface NamespaceProfiles {
  spans: StoredSpan[];
  readonly profiles: Map<string, StoredProfile>;
}

/**
 * A {@link ProfileStore} in memory.
 *
 * @example
 * const store = new VolatileProfileStore({ maxSpans: 1000 });
 * const spans = await store.spans("default", { name: "sort" });
 * console.assert(spans.length === 0);
 */
export class VolatileProfileStore implements ProfileStore {
  readonly #maxSpans: number;
  readonly #maxProfiles: number;
  readonly #maxProfileBytes: number;
  #lastSequence = 0;
  readonly #namespaces = new Map<string, NamespaceProfiles>();

  constructor(options: VolatileProfileStoreOptions = {}) {
    this.#maxSpans = options.maxSpans ?? 5000;
    this.#maxProfiles = options.maxProfiles ?? 1000;
    this.#maxProfileBytes = options.maxProfileBytes ?? 64 * 1024 * 1024;
  }

  async appendSpans(namespace: string, spans: readonly SpanRecord[]): Promise<void> {
    const kept = this.#namespace(namespace);
    for (const span of spans) kept.spans.push({ span, sequence: ++this.#lastSequence });
    // A tenth of slack makes shifting the array rare.
    if (kept.spans.length > this.#maxSpans * 1.1) kept.spans = newest(kept.spans, this.#maxSpans);
  }

  async spans(namespace: string, query: SpanQuery): Promise<readonly SpanRecord[]> {
    return (await this.spanPage(namespace, query)).spans;
  }

  async spanPage(namespace: string, query: SpanQuery, after?: string): Promise<SpanPage> {
    let found = (this.#namespaces.get(namespace)?.spans ?? [])
      .filter(({ span }) => spanMatches(span, query))
      .sort((a, b) => order(placeOf(a), placeOf(b)));
    if (after !== undefined) {
      const [startMs = 0, sequence = 0] = after.split(":").map(Number);
      found = found.filter((one) => order(placeOf(one), [startMs, sequence]) > 0);
    }
    const page = found.slice(0, query.limit ?? 100);
    const last = page.length < found.length ? page.at(-1) : undefined;
    return {
      spans: page.map(({ span }) => span),
      next: last === undefined ? null : placeOf(last).join(":"),
    };
  }

  async putProfile(record: ProfileRecord, data?: Uint8Array): Promise<void> {
    const { profiles } = this.#namespace(record.namespace);
    const stored = data ?? profiles.get(record.id)?.data;
    profiles.set(record.id, { record, data: stored });
    dropOldest(profiles, this.#maxProfiles, this.#maxProfileBytes);
  }

  async profile(namespace: string, id: string): Promise<ProfileRecord | undefined> {
    return this.#namespaces.get(namespace)?.profiles.get(id)?.record;
  }

  async profileData(namespace: string, id: string): Promise<Uint8Array | undefined> {
    return this.#namespaces.get(namespace)?.profiles.get(id)?.data;
  }

  async profiles(namespace: string, query: ProfileQuery): Promise<readonly ProfileRecord[]> {
    const stored = [...(this.#namespaces.get(namespace)?.profiles.values() ?? [])];
    const found = stored.map(({ record }) => record).filter((one) => profileMatches(one, query));
    found.sort(newestFirst);
    return found.slice(0, query.limit ?? 100);
  }

  async deleteProfile(namespace: string, id: string): Promise<boolean> {
    return this.#namespaces.get(namespace)?.profiles.delete(id) ?? false;
  }

  async pruneProfiles(
    namespace: string,
    retention: ProfileRetention,
  ): Promise<{ readonly spans: number; readonly profiles: number }> {
    const kept = this.#namespaces.get(namespace);
    if (kept === undefined) return { spans: 0, profiles: 0 };
    const before = { spans: kept.spans.length, profiles: kept.profiles.size };
    const { spansBeforeMs = 0, keepSpans = kept.spans.length } = retention;
    const young = kept.spans.filter(({ span }) => span.startMs + span.durationMs >= spansBeforeMs);
    kept.spans = newest(young, keepSpans);
    for (const [id, { record }] of kept.profiles) {
      if (record.requestedAtMs < retention.profilesBeforeMs) kept.profiles.delete(id);
    }
    dropOldest(kept.profiles, retention.keepProfiles, retention.profileBytes);
    return {
      spans: before.spans - kept.spans.length,
      profiles: before.profiles - kept.profiles.size,
    };
  }

  async deleteNamespace(namespace: string): Promise<void> {
    this.#namespaces.delete(namespace);
  }

  #namespace(namespace: string): NamespaceProfiles {
    let kept = this.#namespaces.get(namespace);
    if (kept === undefined) {
      kept = { spans: [], profiles: new Map() };
      this.#namespaces.set(namespace, kept);
    }
    return kept;
  }
}

/** The place of a span in the order of queries: its start, and its number among equal ones. */
type Place = readonly [startMs: number, sequence: number];

function placeOf({ span, sequence }: StoredSpan): Place {
  return [span.startMs, sequence];
}

/** Newest first; of equal starts the later appended first. */
function order([startMs, sequence]: Place, [otherStartMs, otherSequence]: Place): number {
  return otherStartMs - startMs || otherSequence - sequence;
}

/** The newest by start. */
function newest(spans: readonly StoredSpan[], most: number): StoredSpan[] {
  if (spans.length <= most) return [...spans];
  return spans.toSorted((a, b) => order(placeOf(a), placeOf(b))).slice(0, most);
}

/** Removes the settled profiles asked for first until there are no more, and no larger ones. */
function dropOldest(profiles: Map<string, StoredProfile>, most: number, maxBytes: number): void {
  let bytes = 0;
  for (const { record } of profiles.values()) bytes += record.bytes;
  if (profiles.size <= most && bytes <= maxBytes) return;
  const settled = [...profiles.values()]
    .map(({ record }) => record)
    .filter(({ state }) => state === "done" || state === "failed")
    .sort((a, b) => a.requestedAtMs - b.requestedAtMs);
  for (const record of settled) {
    const isOver = bytes > maxBytes && record.bytes > 0;
    if (profiles.size <= most && !isOver) continue;
    profiles.delete(record.id);
    bytes -= record.bytes;
  }
}

function newestFirst(a: ProfilePlace, b: ProfilePlace): number {
  return b.requestedAtMs - a.requestedAtMs || (a.id < b.id ? 1 : -1);
}

function profileMatches(record: ProfileRecord, query: ProfileQuery): boolean {
  return (
    (query.after === undefined ||
      (record.id !== query.after.id && newestFirst(query.after, record) < 0)) &&
    (query.agentId === undefined || record.agentId === query.agentId) &&
    (query.kind === undefined || record.kind === query.kind) &&
    (query.state === undefined || record.state === query.state) &&
    (query.fromMs === undefined || record.requestedAtMs >= query.fromMs) &&
    (query.toMs === undefined || record.requestedAtMs < query.toMs)
  );
}
