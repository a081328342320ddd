// Callback registration, one way everywhere: synchronous, returns a Disposable, and a callback
// that throws harms neither the caller nor the other callbacks.

interface Registration<Event> {
  readonly callback: (event: Event) => unknown;
  isRemoved: boolean;
}

/** Registered listeners of one kind of event. */
export class Listeners<Event> {
  // Replaced, never changed in place: an emit under way keeps its list, without copying it.
  #registrations: readonly Registration<Event>[] = [];
  readonly #onError: (error: unknown) => void;

  /** @param onError told of a callback's exception; by default it is reported as a warning. */
  constructor(onError: (error: unknown) => void = reportListenerError) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#registrations.length;
  }

  /** Registers a callback; dispose the result to remove it. */
  add(callback: (event: Event) => void): Disposable {
    const registration: Registration<Event> = { callback, isRemoved: false };
    this.#registrations = [...this.#registrations, registration];
    return {
      [Symbol.dispose]: () => {
        registration.isRemoved = true;
        this.#registrations = this.#registrations.filter((other) => other !== registration);
      },
    };
  }

  /**
   * Calls every callback in order of registration: those there at the start, unless an earlier
   * one removes them. An async callback is not waited for; its rejection is reported too.
   */
  emit(event: Event): void {
    for (const registration of this.#registrations) {
      if (registration.isRemoved) continue;
      try {
        const returned = registration.callback(event);
        if (returned instanceof Promise) returned.catch(this.#onError);
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}

function reportListenerError(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.warn(`A callback threw: ${text}`);
}
