// One rule's notifications on their way. Each rule has a lane of its own, so that what the receiver
// does not take about one rule holds up no other.

import type { Alert } from "./alert.ts";
import { NotificationGroup } from "./notification-group.ts";

/** A notification as it goes out. */
export interface Notification {
  /** The same at every attempt, while it says the same. */
  readonly id: string;
  readonly body: string;
  /** As they were when it was written. */
  readonly alerts: readonly Alert[];
  /** Of the group. */
  readonly version: number;
  readonly madeAtMs: number;
}

/** The way of one rule's notifications. */
export interface NotificationLane {
  readonly rule: string;
  readonly group: NotificationGroup;
  /** Until it stands in line. */
  timer: Disposable | undefined;
  isSending: boolean;
  /** When something was sent last, delivered or not. */
  sentAtMs: number;
  /** Failed, and not through yet. */
  notification: Notification | undefined;
  failures: number;
  refusals: number;
}

/** Of a rule that nothing was told about. */
export function emptyLane(rule: string): NotificationLane {
  return {
    rule,
    group: new NotificationGroup(),
    timer: undefined,
    isSending: false,
    sentAtMs: Number.NEGATIVE_INFINITY,
    notification: undefined,
    failures: 0,
    refusals: 0,
  };
}
