// The services of a namespace as live viewers have them: each as JSON made once for all viewers,
// and what of them has changed since they were last looked at.

import type { ServiceView } from "../gateway/index.ts";

/** What differs from the last look; ids. */
export interface ServiceChanges {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** Remembers services as text. */
export class LiveServices {
  readonly #texts = new Map<string, string>();

  ids(): Iterable<string> {
    return this.#texts.keys();
  }

  /** The service as JSON; undefined when there is no such. */
  text(serviceId: string): string | undefined {
    return this.#texts.get(serviceId);
  }

  /** Takes all services as they are now. */
  renew(services: readonly ServiceView[]): ServiceChanges {
    const changed: string[] = [];
    const gone = new Set(this.#texts.keys());
    for (const service of services) {
      gone.delete(service.id);
      const text = JSON.stringify(service);
      if (this.#texts.get(service.id) === text) continue;
      this.#texts.set(service.id, text);
      changed.push(service.id);
    }
    for (const id of gone) this.#texts.delete(id);
    return { changed, removed: [...gone] };
  }
}
