// Callback registration, one way everywhere: synchronous, returns a Disposable, and a callback
// that throws harms neither the caller nor the other callbacks.

/** Registered listeners of one kind of event. */
export class Listeners<Event> {
  readonly #callbacks = new Set<(event: Event) => void>();
  readonly #onError: (error: unknown) => void;

  /** @param onError told of a callback's exception; by default it is reported as a warning. */
  constructor(onError: (error: unknown) => void = reportListenerError) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#callbacks.size;
  }

  /** Registers a callback; dispose the result to remove it. */
  add(callback: (event: Event) => void): Disposable {
    const registered = (event: Event): void => callback(event);
    this.#callbacks.add(registered);
    return { [Symbol.dispose]: () => void this.#callbacks.delete(registered) };
  }

  /** Calls every callback in order of registration. */
  emit(event: Event): void {
    for (const callback of this.#callbacks) {
      try {
        callback(event);
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
