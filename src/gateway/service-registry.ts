// The services of one namespace: who is registered, in which order, claiming what. Changes are
// made one after the other, so that two registrations cannot both find a path free; each is
// stored before it counts.

import { nearMatches } from "../core/index.ts";
import type { Clock } from "../core/index.ts";
import { GatewayError } from "./errors.ts";
import type { RateLimit, ServiceCredential, ServiceRecord } from "./model.ts";
import type { RateLimitScope, ServicePatch } from "./requests.ts";
import { patched, serviceDraft } from "./service-input.ts";
import type { GivenService, ServiceDraft } from "./service-input.ts";
import { refuseClash } from "./service-paths.ts";
import { checkUrlOf, isOwnAddress } from "./service-url.ts";
import type { ServiceStore } from "./store.ts";

/** Stands for a credential's value wherever services are shown. */
export const MASK = "***";

/** What a registry stands on. */
export interface RegistryParts {
  readonly namespace: string;
  readonly store: ServiceStore;
  readonly clock: Clock;
  readonly maxServices: number;
  /** Ports the gateway itself listens on now. */
  readonly ownPorts: () => ReadonlySet<number>;
  /** Called when services came, changed or went, with the new list in force already. */
  readonly onChange: (change: RegistryChange) => void;
}

/** What changed. */
export interface RegistryChange {
  readonly serviceId: string;
  /** Null when it came. */
  readonly before: ServiceRecord | null;
  /** Null when it went. */
  readonly after: ServiceRecord | null;
}

/** Services of one namespace. */
export class ServiceRegistry {
  readonly #parts: RegistryParts;
  readonly #records = new Map<string, ServiceRecord>();
  #last: Promise<unknown> = Promise.resolve();
  #lastPosition = 0;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  /** Takes over what the store remembers. */
  async load(): Promise<void> {
    const records = await this.#parts.store.services(this.#parts.namespace);
    for (const record of records) {
      this.#records.set(record.id, record);
      this.#lastPosition = Math.max(this.#lastPosition, record.position);
    }
  }

  /** In order of registration. */
  all(): readonly ServiceRecord[] {
    return [...this.#records.values()];
  }

  get size(): number {
    return this.#records.size;
  }

  get(serviceId: string): ServiceRecord | undefined {
    return this.#records.get(serviceId);
  }

  /** @throws GatewayError `gateway.service_unknown`, naming near matches. */
  require(serviceId: string): ServiceRecord {
    const record = this.#records.get(serviceId);
    if (record !== undefined) return record;
    const near = nearMatches(serviceId, this.#records.keys());
    const hint = near.length === 0 ? "" : `; there is ${near.map((id) => `"${id}"`).join(", ")}`;
    const shown = serviceId.length > 80 ? `${serviceId.slice(0, 79)}…` : serviceId;
    throw new GatewayError("gateway.service_unknown", `There is no service "${shown}"${hint}`, {
      details: { nearMatches: near },
    });
  }

  /** Resolves once every change asked for so far is made or refused. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Registers a service, or replaces the one of that id, which keeps its place in the order. */
  register(registration: GivenService): Promise<ServiceRecord> {
    return this.#inTurn(() => this.#put(serviceDraft(registration)));
  }

  update(serviceId: string, patch: ServicePatch): Promise<ServiceRecord> {
    return this.#inTurn(() => this.#put(serviceDraft(patched(this.require(serviceId), patch))));
  }

  /** False when there was none. */
  unregister(serviceId: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const before = this.#records.get(serviceId);
      if (before === undefined) return false;
      const { namespace, store } = this.#parts;
      await this.#stored(store.deleteService(namespace, serviceId));
      this.#records.delete(serviceId);
      this.#parts.onChange({ serviceId, before, after: null });
      return true;
    });
  }

  /** Sets or lifts a limit. In force before it is stored: it may have to stop a flood. */
  limit(serviceId: string, scope: RateLimitScope, limit: RateLimit | null): Promise<ServiceRecord> {
    return this.#inTurn(async () => {
      const before = this.require(serviceId);
      const field = scope === "agent" ? "agentRateLimit" : "rateLimit";
      const after: ServiceRecord = { ...before, [field]: limit };
      this.#replace(before, after);
      try {
        await this.#stored(this.#parts.store.putService(after));
      } catch (error) {
        this.#replace(after, before);
        throw error;
      }
      return after;
    });
  }

  async #put(draft: ServiceDraft): Promise<ServiceRecord> {
    const { clock, maxServices, namespace, store } = this.#parts;
    const before = this.#records.get(draft.id) ?? null;
    if (before === null && this.#records.size >= maxServices) {
      const message = `Cannot register "${draft.id}": ${maxServices} services are registered`;
      throw new GatewayError("gateway.services_full", message);
    }
    refuseClash(draft, this.#records.values());
    this.#refuseLoop(draft);
    const after: ServiceRecord = {
      ...draft,
      namespace,
      credential: keptCredential(draft.credential, before?.credential ?? null),
      registeredAtMs: before?.registeredAtMs ?? clock.now(),
      position: before?.position ?? this.#lastPosition + 1,
    };
    await this.#stored(store.putService(after));
    this.#lastPosition = Math.max(this.#lastPosition, after.position);
    this.#replace(before, after);
    return after;
  }

  #replace(before: ServiceRecord | null, after: ServiceRecord): void {
    this.#records.set(after.id, after);
    this.#parts.onChange({ serviceId: after.id, before, after });
  }

  #refuseLoop({ id, endpoints, healthCheckUrl }: ServiceDraft): void {
    const ports = this.#parts.ownPorts();
    for (const { baseUrl } of endpoints) {
      const checked = healthCheckUrl === null ? baseUrl : checkUrlOf(healthCheckUrl, baseUrl);
      for (const url of [baseUrl, checked]) {
        if (!isOwnAddress(url, ports)) continue;
        const message = `Cannot register "${id}": ${url} leads back to the gateway itself`;
        throw new GatewayError("gateway.loop_detected", message);
      }
    }
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    // A change may throw before its first await: that is a refusal, too.
    const turn = this.#last.then(change);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #stored(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (cause) {
      const words = cause instanceof Error ? cause.message : String(cause);
      const message = `The services of "${this.#parts.namespace}" could not be stored: ${words}`;
      throw new GatewayError("gateway.store_failed", message, { cause });
    }
  }
}

/** A masked value that comes back means the one that is there already. */
function keptCredential(
  given: ServiceCredential | null,
  known: ServiceCredential | null,
): ServiceCredential | null {
  if (given?.value !== MASK) return given;
  if (known?.header === given.header) return known;
  throw new GatewayError(
    "gateway.service_invalid",
    "credential.value is masked, and no value is known for that header",
  );
}
