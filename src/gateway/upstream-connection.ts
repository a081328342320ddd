// One connection to an upstream. It knows whether its socket has carried an exchange before: the
// other side may close such a socket at the very moment the next request is written to it, which
// says nothing about the service, and a new socket may be tried at once (RFC 9112, section 9.3.1).

import { Client } from "undici";
import type { Dispatcher } from "undici";

/** One exchange; undici calls it once it is sent. */
export interface UpstreamExchange extends Dispatcher.DispatchHandler {
  /** Whether it waits for a connection; kept by the origin. */
  isWaiting: boolean;
  /** The connection it was given to. */
  connection: UpstreamConnection | null;
  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void;
}

/** A connection whose socket is made anew whenever it is gone. */
export class UpstreamConnection extends Client {
  #exchanges = 0;

  constructor(origin: URL, options: Client.Options) {
    super(origin, options);
    this.on("connect", () => {
      this.#exchanges = 0;
    });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an origin sends nothing else
    (handler as UpstreamExchange).connection = this;
    return super.dispatch(options, handler);
  }

  /**
   * An exchange is being written to the socket.
   * @returns whether the socket has carried another one before.
   */
  began(): boolean {
    this.#exchanges += 1;
    return this.#exchanges > 1;
  }
}
