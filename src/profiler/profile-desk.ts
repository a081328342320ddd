// Sampled profiles of agents and of the server itself, from the asking to the file: who was asked,
// whether it answered in time, whether what it delivered is a profile.
//
//     requested -- started() --> running -- take() --> done
//         |                         |
//         +-- deadline, fail() -----+-------------> failed, with the reason in words

import {
  DEFAULT_NAMESPACE,
  IdGenerator,
  Listeners,
  noComponentLog,
  systemClock,
} from "../core/index.ts";
import type { Clock, ComponentLog } from "../core/index.ts";
import { profilerConfigSchema } from "./config.ts";
import type { ProfilerOptions, ProfilerSettings } from "./config.ts";
import { ProfilerError } from "./errors.ts";
import type { FlameTree } from "./flame-tree.ts";
import { profilerLimits } from "./limits.ts";
import type { ProfileQuery, ProfileRecord } from "./model.ts";
import { goneReason, OpenProfile } from "./open-profile.ts";
import { ProfileArchive, unknownProfile } from "./profile-archive.ts";
import type { ProfileFile } from "./profile-archive.ts";
import { inlineConversion } from "./profile-conversion.ts";
import type { ProfileConversion, ProfileFormat } from "./profile-conversion.ts";
import { checkRequest, requestedProfile } from "./profile-request.ts";
import type { ProfileOrder, ProfileRequest } from "./profile-request.ts";
import { ProfileSampler } from "./profile-sampler.ts";
import type { ProfileStore } from "./store.ts";
import { VolatileProfileStore } from "./volatile-profile-store.ts";

/** How often it is looked whether agents that are being profiled are still there. */
const LOOK_MS = 1000;
const RUNTIME_LENGTH = 100;

/** What a {@link ProfileDesk} works with. */
export interface ProfileDeskDependencies {
  /** @default "default" */
  readonly namespace?: string;
  /** @default in memory */
  readonly store?: ProfileStore;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
  /** Passes an order to an agent; throws when there is no such agent. */
  readonly tell: (agentId: string, order: ProfileOrder) => Promise<unknown>;
  /** Whether an agent shows signs of life. */
  readonly isAlive: (agentId: string) => boolean;
  /** Samples this process. @default one of its own */
  readonly sampler?: ProfileSampler;
  /** Works on profiles' bytes. @default on this thread */
  readonly conversion?: ProfileConversion;
}

/**
 * Asks agents for profiles, takes what they deliver, and gives it in the format that is wanted. One
 * profile of an agent at a time.
 *
 * @example
 * const desk = new ProfileDesk({}, { tell: async () => undefined, isAlive: () => true });
 * const { id } = await desk.request({ agentId: null, kind: "cpu", seconds: 1, by: "admin" });
 * const profile = await desk.get(id, { waitMs: 5000 });
 * const { root } = await desk.tree(id);
 * console.assert(profile?.state === "done" && root.name === "(root)");
 */
export class ProfileDesk implements AsyncDisposable {
  readonly namespace: string;
  readonly #settings: ProfilerSettings;
  readonly #archive: ProfileArchive;
  readonly #conversion: ProfileConversion;
  readonly #clock: Clock;
  readonly #log: ComponentLog;
  readonly #ids: IdGenerator;
  readonly #tell: ProfileDeskDependencies["tell"];
  readonly #isAlive: ProfileDeskDependencies["isAlive"];
  readonly #sampler: ProfileSampler;
  readonly #open = new Map<string, OpenProfile>();
  readonly #listeners = new Listeners<ProfileRecord>();
  #look: Disposable | undefined;

  /** @throws ZodError when an option is out of range. */
  constructor(options: ProfilerOptions, dependencies: ProfileDeskDependencies) {
    this.#settings = profilerConfigSchema.parse(options);
    this.namespace = dependencies.namespace ?? DEFAULT_NAMESPACE;
    this.#clock = dependencies.clock ?? systemClock;
    this.#log = dependencies.log ?? noComponentLog;
    this.#ids = new IdGenerator(this.#clock);
    this.#tell = dependencies.tell;
    this.#isAlive = dependencies.isAlive;
    this.#sampler = dependencies.sampler ?? new ProfileSampler(this.#clock);
    const { maxProfileBytes, maxProfiles } = this.#settings;
    const bounds = options.maxProfiles === undefined ? {} : { maxProfiles };
    const store = dependencies.store ?? new VolatileProfileStore({ maxProfileBytes, ...bounds });
    this.#conversion = dependencies.conversion ?? inlineConversion;
    this.#archive = new ProfileArchive({
      namespace: this.namespace,
      store,
      conversion: this.#conversion,
      settings: this.#settings,
      clock: this.#clock,
      log: this.#log,
    });
  }

  /** Marks as failed what an earlier start of the server left unfinished. */
  async load(): Promise<void> {
    for (const state of ["requested", "running"] as const) {
      for (const record of await this.list({ state, limit: 1000 })) {
        if (this.#open.has(record.id)) continue;
        const reason = "The server was started anew before the profile was done";
        await this.#archive.put({
          ...record,
          state: "failed",
          endedAtMs: this.#clock.now(),
          reason,
        });
      }
    }
  }

  /** Gives up what is not done. */
  async stop(): Promise<void> {
    this.#look?.[Symbol.dispose]();
    const reason = "The server was stopped before the profile was done";
    await Promise.all([...this.#open.values()].map((one) => this.#giveUp(one, reason)));
    await this.#archive.pruned();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Asks an agent, or this process itself, for a profile; resolves when it was told.
   * @throws ProfilerError `profiler.range_invalid`, `profiler.agent_unreachable`, `profiler.busy`;
   * what `tell` throws.
   */
  async request(request: ProfileRequest): Promise<ProfileRecord> {
    checkRequest(request);
    const { agentId } = request;
    this.#checkRoom(agentId);
    if (agentId !== null && !this.#isAlive(agentId)) {
      const message = `Agent "${agentId}" cannot be profiled: it is not known or shows no sign of life`;
      throw new ProfilerError("profiler.agent_unreachable", message);
    }
    const id = this.#ids.next("prof");
    const place = { id, namespace: this.namespace, requestedAtMs: this.#clock.now() };
    const record = requestedProfile(request, place);
    const open = new OpenProfile(record, this.#clock);
    // Before anything is waited for: a second request must find it.
    this.#open.set(id, open);
    try {
      await this.#archive.put(record);
      this.#listeners.emit(record);
      if (agentId === null) this.#captureHere(open);
      else await this.#askAgent(open, agentId);
    } catch (error) {
      this.#open.delete(id);
      open.settle();
      await this.#archive.delete(id).catch(() => false);
      throw error;
    }
    return open.record;
  }

  /**
   * An agent has begun.
   * @throws ProfilerError `profiler.profile_unknown`, `profiler.not_expected`.
   */
  async started(profileId: string, agentId: string, runtime: string): Promise<ProfileRecord> {
    const open = await this.#expected(profileId, agentId);
    if (open.record.state === "requested") await this.#begin(open, runtime);
    return open.record;
  }

  /**
   * An agent delivers: JSON of V8's inspector, gzipped or not.
   * @throws ProfilerError `profiler.profile_unknown`, `not_expected`, `data_invalid`,
   * `data_too_large` (the profile is failed then) or `store_unavailable` (it may try again).
   */
  async take(profileId: string, agentId: string, bytes: Uint8Array): Promise<ProfileRecord> {
    const open = await this.#expected(profileId, agentId);
    await this.#finish(open, bytes);
    return open.record;
  }

  /**
   * An agent could not do it.
   * @throws ProfilerError `profiler.profile_unknown`, `profiler.not_expected`.
   */
  async fail(profileId: string, agentId: string, reason: string): Promise<ProfileRecord> {
    const open = await this.#expected(profileId, agentId);
    await this.#giveUp(open, reason.slice(0, profilerLimits.errorLength.value));
    return open.record;
  }

  /** Fails what an agent was doing, at once: it has gone. */
  async agentGone(agentId: string): Promise<void> {
    const open = this.#openOf(agentId);
    if (open !== undefined) await this.#giveUp(open, goneReason(agentId));
  }

  /**
   * A profile's row; with `waitMs`, once it is done or failed.
   * @param wait.waitMs milliseconds, at most 150000.
   */
  async get(
    profileId: string,
    wait: { readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<ProfileRecord | undefined> {
    const open = this.#open.get(profileId);
    if (open === undefined) return this.#archive.get(profileId);
    const waitMs = Math.min(wait.waitMs ?? 0, profilerLimits.waitMs.value);
    if (waitMs > 0) await open.wait(waitMs, wait.signal);
    return open.record;
  }

  /** Profiles that match, newest first. @throws ProfilerError `profiler.store_unavailable`. */
  list(query: ProfileQuery = {}): Promise<readonly ProfileRecord[]> {
    return this.#archive.list(query);
  }

  /** Every profile that is kept, newest first. @throws as {@link list}. */
  all(): AsyncIterable<ProfileRecord> {
    return this.#archive.all();
  }

  /**
   * A profile's data as a file.
   * @throws ProfilerError `profiler.profile_unknown`, `profiler.not_done`.
   */
  async data(profileId: string, format: ProfileFormat): Promise<ProfileFile> {
    return this.#archive.file(await this.#known(profileId), format);
  }

  /**
   * A profile as a tree of frames, its smallest ones folded.
   * @throws ProfilerError `profiler.profile_unknown`, `profiler.not_done`.
   */
  async tree(profileId: string): Promise<FlameTree> {
    return this.#archive.tree(await this.#known(profileId));
  }

  /** Removes a profile; one that is not done is given up. @returns false when there was none. */
  async delete(profileId: string): Promise<boolean> {
    const open = this.#open.get(profileId);
    if (open !== undefined) await this.#giveUp(open, "The profile was deleted before it was done");
    return this.#archive.delete(profileId);
  }

  /** Calls back with every profile that is asked for, begins, is done or fails. */
  onProfile(callback: (profile: ProfileRecord) => void): Disposable {
    return this.#listeners.add(callback);
  }

  #checkRoom(agentId: string | null): void {
    const other = this.#openOf(agentId);
    const who = agentId ?? "this server";
    if (other !== undefined) {
      const { id, state } = other.record;
      const message = `A profile of ${who} is already ${state}: ${id}`;
      throw new ProfilerError("profiler.busy", message, { details: { profileId: id } });
    }
    if (this.#open.size < profilerLimits.profilesAtOnce.value) return;
    const message = `Cannot profile ${who}: ${this.#open.size} profiles are being taken`;
    throw new ProfilerError("profiler.busy", message);
  }

  #openOf(agentId: string | null): OpenProfile | undefined {
    return [...this.#open.values()].find((one) => one.record.agentId === agentId);
  }

  async #askAgent(open: OpenProfile, agentId: string): Promise<void> {
    const { id, kind, seconds } = open.record;
    const timeoutS = this.#settings.profileTimeout;
    const late = `${agentId} did not answer within ${timeoutS} s: is its SDK older, or its event loop blocked?`;
    open.setDeadline(timeoutS * 1000, () => void this.#giveUp(open, late));
    this.#lookAgain();
    await this.#tell(agentId, { profileId: id, kind, seconds });
  }

  #captureHere(open: OpenProfile): void {
    const { kind, seconds } = open.record;
    const { signal } = open.cancel;
    const capture = async (): Promise<void> => {
      await this.#begin(open, `node ${process.versions.node}`);
      const { data } = await this.#sampler.capture({ kind, seconds, signal });
      await this.#finish(open, data);
    };
    capture().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      void this.#giveUp(open, reason);
    });
  }

  async #begin(open: OpenProfile, runtime: string): Promise<void> {
    const { seconds } = open.record;
    this.#expectUntil(open, seconds + this.#settings.profileTimeout);
    const startedAtMs = this.#clock.now();
    const shown = runtime.slice(0, RUNTIME_LENGTH);
    open.record = { ...open.record, state: "running", startedAtMs, runtime: shown };
    this.#listeners.emit(open.record);
    await this.#archive.put(open.record);
  }

  #expectUntil(open: OpenProfile, allowedS: number): void {
    const who = open.record.agentId ?? "This server";
    const late = `${who} began, and did not deliver within ${allowedS} s`;
    open.setDeadline(allowedS * 1000, () => void this.#giveUp(open, late));
  }

  async #finish(open: OpenProfile, bytes: Uint8Array): Promise<void> {
    const { id, kind } = open.record;
    if (open.isTaking) {
      const message = `Profile ${id} is being delivered already`;
      throw new ProfilerError("profiler.not_expected", message);
    }
    open.isTaking = true;
    try {
      const { data, samples } = await this.#conversion.check(kind, bytes);
      const endedAtMs = this.#clock.now();
      const startedAtMs = open.record.startedAtMs ?? endedAtMs;
      const record = { ...open.record, startedAtMs, endedAtMs, samples, bytes: data.length };
      await this.#archive.put({ ...record, state: "done" }, data);
      this.#settle(open, { ...record, state: "done" });
      this.#archive.prune();
    } catch (error) {
      open.isTaking = false;
      // Nothing is wrong with the data when the store does not take it: the agent may try again.
      if (isStoreError(error)) this.#expectUntil(open, this.#settings.profileTimeout);
      else await this.#giveUp(open, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** @param reason what became of it, in words. */
  async #giveUp(open: OpenProfile, reason: string): Promise<void> {
    // What is being checked and stored comes to its own end.
    if (open.isTaking) {
      await open.settled;
      return;
    }
    if (!this.#open.has(open.record.id)) return;
    const endedAtMs = this.#clock.now();
    this.#settle(open, { ...open.record, state: "failed", endedAtMs, reason });
    try {
      await this.#archive.put(open.record);
    } catch (error) {
      // It is found unfinished, and failed then, when the server starts again.
      this.#log.warn("profiler.profile_not_stored", { reason: String(error) });
    }
    this.#archive.prune();
  }

  #settle(open: OpenProfile, record: ProfileRecord): void {
    open.record = record;
    this.#open.delete(record.id);
    open.settle();
    const { id: profileId, agentId, state, reason } = record;
    this.#log.info("profiler.profile_ended", { profileId, agentId, state, reason });
    this.#listeners.emit(record);
  }

  /** Looks whether agents are still there, as long as any is being profiled. */
  #lookAgain(): void {
    this.#look?.[Symbol.dispose]();
    this.#look = this.#clock.after(LOOK_MS, () => {
      let left = 0;
      for (const open of this.#open.values()) {
        const { agentId } = open.record;
        if (agentId === null) continue;
        left += 1;
        if (!this.#isAlive(agentId)) void this.#giveUp(open, goneReason(agentId));
      }
      if (left > 0) this.#lookAgain();
    });
  }

  async #expected(profileId: string, agentId: string): Promise<OpenProfile> {
    const open = this.#open.get(profileId);
    if (open?.record.agentId === agentId) return open;
    const record = open?.record ?? (await this.#archive.get(profileId));
    // Whose profile it is, is nobody else's business.
    if (record === undefined || record.agentId !== agentId) throw unknownProfile(profileId);
    const why = record.reason === null ? "" : `: ${record.reason}`;
    const message = `Profile ${profileId} is ${record.state}${why}; nobody waits for it`;
    throw new ProfilerError("profiler.not_expected", message);
  }

  async #known(profileId: string): Promise<ProfileRecord> {
    const record = await this.get(profileId);
    if (record === undefined) throw unknownProfile(profileId);
    return record;
  }
}

function isStoreError(error: unknown): boolean {
  return error instanceof ProfilerError && error.code === "profiler.store_unavailable";
}
