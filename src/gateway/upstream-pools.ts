// Connections to upstreams: one pool per origin, shared by all services that lead there.

import { Pool } from "undici";

import { dataPlaneLimits } from "./data-plane-limits.ts";

/** What may be changed about connections, for tests. */
export interface UpstreamPoolOptions {
  /** @default dataPlaneLimits.upstreamConnectMs */
  readonly connectTimeoutMs?: number;
}

/** Pools by origin. */
export class UpstreamPools {
  readonly #pools = new Map<string, Pool>();
  readonly #connectTimeoutMs: number;
  #closed = false;

  constructor(options: UpstreamPoolOptions = {}) {
    this.#connectTimeoutMs = options.connectTimeoutMs ?? dataPlaneLimits.upstreamConnectMs.value;
  }

  /** The pool of an origin such as `http://127.0.0.1:8001`; made when it is first needed. */
  of(origin: string): Pool {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections: dataPlaneLimits.upstreamConnections.value,
      pipelining: 1,
      // The gateway's own clock decides: it also sees calls that wait for a connection.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: dataPlaneLimits.upstreamHeadBytes.value,
      // Raw headers in and out need HTTP/1.1.
      allowH2: false,
      connect: { timeout: this.#connectTimeoutMs },
    });
    if (this.#closed) void pool.destroy();
    else this.#pools.set(origin, pool);
    return pool;
  }

  /** Ends pools that nobody needs any more, once their calls are over. */
  retain(origins: ReadonlySet<string>): void {
    for (const [origin, pool] of this.#pools) {
      if (origins.has(origin)) continue;
      this.#pools.delete(origin);
      // Fails only when it is closed already.
      pool.close().catch(() => undefined);
    }
  }

  /** Breaks off whatever is left. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }
}
