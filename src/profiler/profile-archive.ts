// Sampled profiles that are kept: their rows, and their data in the format that is wanted.

import type { Clock, ComponentLog } from "../core/index.ts";
import type { ProfilerSettings } from "./config.ts";
import { ProfilerError } from "./errors.ts";
import type { FlameTree } from "./flame-tree.ts";
import type { ProfilePlace, ProfileQuery, ProfileRecord } from "./model.ts";
import type { ProfileConversion, ProfileFormat } from "./profile-conversion.ts";
import { profileRetention } from "./profile-retention.ts";
import { storeError } from "./span-outbox.ts";
import type { ProfileStore } from "./store.ts";

const MOST_LISTED = 1000;

/** A profile's data to be saved. */
export interface ProfileFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Such as `worker-1-cpu-prof_01j9z6v2k3m4n5p6q7r8s9t0aa.cpuprofile`. */
  readonly name: string;
}

const CONTENT_TYPES: Readonly<Record<ProfileFormat, string>> = {
  cpuprofile: "application/json",
  pprof: "application/octet-stream",
  folded: "text/plain; charset=utf-8",
};

/** What a {@link ProfileArchive} works with. */
export interface ProfileArchiveParts {
  readonly namespace: string;
  readonly store: ProfileStore;
  readonly conversion: ProfileConversion;
  readonly settings: ProfilerSettings;
  readonly clock: Clock;
  readonly log: ComponentLog;
}

/** The profiles of one namespace in a store. */
export class ProfileArchive {
  readonly #parts: ProfileArchiveParts;
  readonly #namespace: string;
  readonly #store: ProfileStore;
  readonly #conversion: ProfileConversion;
  #pruning: Promise<void> | undefined;

  constructor(parts: ProfileArchiveParts) {
    this.#parts = parts;
    this.#namespace = parts.namespace;
    this.#store = parts.store;
    this.#conversion = parts.conversion;
  }

  put(record: ProfileRecord, data?: Uint8Array): Promise<void> {
    return guard("keep a profile", () => this.#store.putProfile(record, data));
  }

  get(id: string): Promise<ProfileRecord | undefined> {
    return guard("find a profile", () => this.#store.profile(this.#namespace, id));
  }

  list(query: ProfileQuery): Promise<readonly ProfileRecord[]> {
    const limit = Math.min(query.limit ?? 100, MOST_LISTED);
    return guard("list profiles", () => this.#store.profiles(this.#namespace, { ...query, limit }));
  }

  /** Every profile, newest first, read page by page. */
  async *all(): AsyncGenerator<ProfileRecord> {
    let after: ProfilePlace | undefined;
    for (;;) {
      const page = await this.list({
        ...(after === undefined ? {} : { after }),
        limit: MOST_LISTED,
      });
      yield* page;
      after = page.at(-1);
      if (after === undefined || page.length < MOST_LISTED) return;
    }
  }

  delete(id: string): Promise<boolean> {
    return guard("remove a profile", () => this.#store.deleteProfile(this.#namespace, id));
  }

  /**
   * Lets old profiles go: where no server runs, nobody else looks after the store. What is put
   * meanwhile counts the next time.
   */
  prune(): void {
    this.#pruning ??= this.#prune().finally(() => {
      this.#pruning = undefined;
    });
  }

  /** Resolves when no old profile is being let go. */
  async pruned(): Promise<void> {
    await this.#pruning;
  }

  async #prune(): Promise<void> {
    const { settings, clock, log } = this.#parts;
    try {
      const retention = profileRetention(settings, clock.now());
      await this.#store.pruneProfiles(this.#namespace, retention);
    } catch (error) {
      log.warn("profiler.not_pruned", { reason: String(error) });
    }
  }

  /** @param record a profile that is done. @throws ProfilerError `profiler.not_done`. */
  async file(record: ProfileRecord, format: ProfileFormat): Promise<ProfileFile> {
    const stored = await this.#data(record);
    const times = { startedAtMs: record.startedAtMs ?? record.requestedAtMs };
    const bytes = await this.#conversion.convert(record.kind, stored, format, times);
    return { bytes, contentType: CONTENT_TYPES[format], name: fileName(record, format) };
  }

  /** @param record a profile that is done. @throws ProfilerError `profiler.not_done`. */
  async tree(record: ProfileRecord): Promise<FlameTree> {
    return this.#conversion.tree(record.kind, await this.#data(record));
  }

  async #data({ id, state, reason }: ProfileRecord): Promise<Uint8Array> {
    const data =
      state === "done"
        ? await guard("read a profile", () => this.#store.profileData(this.#namespace, id))
        : undefined;
    if (data !== undefined) return data;
    const why = reason === null ? "" : `: ${reason}`;
    throw new ProfilerError("profiler.not_done", `Profile ${id} has no data, it is ${state}${why}`);
  }
}

function fileName({ id, agentId, kind }: ProfileRecord, format: ProfileFormat): string {
  // DevTools tells the two apart by the ending; `go tool pprof` does not care.
  const v8 = kind === "cpu" ? "cpuprofile" : "heapprofile";
  const ending = { cpuprofile: v8, pprof: "pb.gz", folded: "folded.txt" }[format];
  return `${(agentId ?? "server").replaceAll(":", "_")}-${kind}-${id}.${ending}`;
}

async function guard<Result>(action: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw storeError(action, error);
  }
}

/** The error for an id that no profile has. */
export function unknownProfile(profileId: string): ProfilerError {
  const shown = profileId.slice(0, 100);
  return new ProfilerError("profiler.profile_unknown", `There is no profile "${shown}"`);
}
