// The connections to one origin, and the exchanges that wait for one. undici has a queue of its
// own, but one without a bound and without a way back: what it has not begun cannot be taken out,
// and is sent, body and all, to a service that nobody waits for any more.
//
//     send ─┬─ a connection is free ──> undici ──> left ──> the next that waits
//           ├─ waits in turn ──> withdraw
//           └─ too many wait: refused

import { Pool, errors } from "undici";
import type { Dispatcher } from "undici";

import { dataPlaneLimits } from "./data-plane-limits.ts";
import { UpstreamConnection } from "./upstream-connection.ts";
import type { UpstreamExchange } from "./upstream-connection.ts";

/** How connections are made. */
export interface UpstreamOriginOptions {
  readonly connectTimeoutMs: number;
  /** Most connections, and so exchanges under way. */
  readonly connections: number;
}

/** Connections to one origin such as `http://127.0.0.1:8001`. */
export class UpstreamOrigin {
  readonly #pool: Pool;
  readonly #connections: number;
  /** In the order they came. */
  readonly #waiting = new Map<UpstreamExchange, Dispatcher.DispatchOptions>();
  #underWay = 0;
  #isRetired = false;

  constructor(origin: string, { connections, connectTimeoutMs }: UpstreamOriginOptions) {
    this.#connections = connections;
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      // The gateway's own clock decides: it also sees calls that wait for a connection.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: dataPlaneLimits.upstreamHeadBytes.value,
      // Raw headers in and out need HTTP/1.1.
      allowH2: false,
      connect: { timeout: connectTimeoutMs },
      factory: (url, settings) => new UpstreamConnection(url, settings),
    });
  }

  /**
   * Sends an exchange, or lets it wait. One that was sent has its {@link UpstreamOrigin.left}.
   * @returns false when as many wait as may.
   */
  send(options: Dispatcher.DispatchOptions, exchange: UpstreamExchange): boolean {
    if (this.#underWay < this.#connections) this.#dispatch(options, exchange);
    else {
      if (this.#waiting.size >= dataPlaneLimits.upstreamWaiting.value) return false;
      exchange.isWaiting = true;
      this.#waiting.set(exchange, options);
    }
    return true;
  }

  /**
   * Sends an exchange on a connection whose socket has just gone, and so on a new socket. Ahead of
   * those that wait: it had its turn.
   */
  resend(
    options: Dispatcher.DispatchOptions,
    exchange: UpstreamExchange,
    connection: UpstreamConnection,
  ): void {
    this.#underWay += 1;
    connection.dispatch(options, exchange);
  }

  /** Takes back an exchange that waits. */
  withdraw(exchange: UpstreamExchange): void {
    exchange.isWaiting = false;
    this.#waiting.delete(exchange);
  }

  /** An exchange that was sent is over; the next one may go. */
  left(): void {
    this.#underWay -= 1;
    if (this.#waiting.size > 0) this.#sendNext();
    else if (this.#isRetired && this.#underWay === 0) this.#close();
  }

  /** Closes the connections once nothing is under way. */
  retire(): void {
    this.#isRetired = true;
    if (this.#underWay === 0) this.#close();
  }

  /** Breaks off whatever is left. */
  async destroy(): Promise<void> {
    const waiting = [...this.#waiting.keys()];
    this.#waiting.clear();
    // They wait to the end: what was never sent has nothing to leave.
    for (const exchange of waiting) {
      exchange.onResponseError(null, new errors.ClientDestroyedError());
    }
    await this.#pool.destroy();
  }

  #sendNext(): void {
    if (this.#underWay >= this.#connections) return;
    for (const [exchange, options] of this.#waiting) {
      this.withdraw(exchange);
      this.#dispatch(options, exchange);
      return;
    }
  }

  #dispatch(options: Dispatcher.DispatchOptions, exchange: UpstreamExchange): void {
    this.#underWay += 1;
    this.#pool.dispatch(options, exchange);
  }

  #close(): void {
    // Fails only when it is closed already.
    this.#pool.close().catch(() => undefined);
  }
}
