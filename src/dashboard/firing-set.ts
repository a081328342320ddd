// The alerts that fire, by key and by id, and how much room there is for more.

import type { Alert } from "./alert.ts";
import { FLOOD_RULE } from "./alert-flood.ts";
import { AlertRoom } from "./alert-room.ts";
import type { RoomUser } from "./alert-room.ts";
import { MANUAL_RULE } from "./manual-alert.ts";

/** What makes the difference for where an alert finds room. */
type Subject = Pick<Alert, "rule" | "level" | "source">;

/** At most one alert per key. */
export class FiringSet {
  readonly #byKey = new Map<string, Alert>();
  readonly #keys = new Map<string, string>();
  /** What rules find and what is said do not take each other's room. */
  readonly #found: AlertRoom;
  readonly #said: AlertRoom;

  /** @param most of rules and, apart from those, of what is said. */
  constructor(most: number) {
    this.#found = new AlertRoom(most);
    this.#said = new AlertRoom(most);
  }

  get size(): number {
    return this.#byKey.size;
  }

  hasRoomFor(subject: Subject): boolean {
    return this.#roomOf(subject).hasFor(userOf(subject));
  }

  /** Adds an alert, or replaces the one of its key. */
  set(alert: Alert): void {
    this.#byKey.set(alert.key, alert);
    this.#keys.set(alert.id, alert.key);
    // The one that counts the others must find room when there is none.
    if (alert.rule !== FLOOD_RULE) this.#roomOf(alert).set(alert.key, userOf(alert));
  }

  delete(alert: Alert): void {
    this.#byKey.delete(alert.key);
    this.#keys.delete(alert.id);
    this.#roomOf(alert).delete(alert.key);
  }

  byKey(key: string): Alert | undefined {
    return this.#byKey.get(key);
  }

  byId(id: string): Alert | undefined {
    const key = this.#keys.get(id);
    return key === undefined ? undefined : this.#byKey.get(key);
  }

  /** In the order they were raised. */
  values(): Iterable<Alert> {
    return this.#byKey.values();
  }

  /** The agents that alerts of a rule name. */
  agentsOf(rule: string): ReadonlySet<string> {
    const agents = new Set<string>();
    for (const alert of this.#byKey.values()) {
      if (alert.rule !== rule) continue;
      for (const agentId of alert.agentIds) agents.add(agentId);
    }
    return agents;
  }

  #roomOf({ rule }: Subject): AlertRoom {
    return rule === MANUAL_RULE ? this.#said : this.#found;
  }
}

function userOf({ rule, level, source }: Subject): RoomUser {
  return { level, source: rule === MANUAL_RULE ? source : null };
}
