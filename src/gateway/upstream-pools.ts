// Connections to upstreams, by origin: shared by all services that lead there.

import { dataPlaneLimits } from "./data-plane-limits.ts";
import { UpstreamOrigin } from "./upstream-origin.ts";
import type { UpstreamOriginOptions } from "./upstream-origin.ts";

/** How connections are made. */
export interface UpstreamPoolOptions {
  /** @default dataPlaneLimits.upstreamConnectMs */
  readonly connectTimeoutMs?: number;
  /** Most connections to one origin. */
  readonly connections: number;
}

/** Connections by origin. */
export class UpstreamPools {
  readonly #origins = new Map<string, UpstreamOrigin>();
  readonly #options: UpstreamOriginOptions;
  #isClosed = false;

  constructor({ connectTimeoutMs, connections }: UpstreamPoolOptions) {
    const { upstreamConnectMs } = dataPlaneLimits;
    this.#options = {
      connectTimeoutMs: connectTimeoutMs ?? upstreamConnectMs.value,
      connections,
    };
  }

  /** Those of an origin such as `http://127.0.0.1:8001`; made when they are first needed. */
  of(origin: string): UpstreamOrigin {
    const known = this.#origins.get(origin);
    if (known !== undefined) return known;
    const made = new UpstreamOrigin(origin, this.#options);
    if (this.#isClosed) void made.destroy();
    else this.#origins.set(origin, made);
    return made;
  }

  /** Ends connections that nobody needs any more, once their calls are over. */
  retain(origins: ReadonlySet<string>): void {
    for (const [origin, connections] of this.#origins) {
      if (origins.has(origin)) continue;
      this.#origins.delete(origin);
      connections.retire();
    }
  }

  /** Breaks off whatever is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#origins.values()];
    this.#origins.clear();
    await Promise.all(all.map((connections) => connections.destroy()));
  }
}
