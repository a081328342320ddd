// The life of alerts, as a state machine over a clock: at most one fires per key, what repeats is
// counted, what got worse is raised again, what is resolved never changes.
//
//   seen ── held for `for` ──> firing ── gone for `keepFiringFor`, or by hand ──> resolved
//                                 └── worse: raised again, the acknowledgement ends

import type { Clock, IdGenerator } from "../core/index.ts";

import type { Acknowledgement, Alert } from "./alert.ts";
import { contentOf, newAlert, sameAgents, saidAgain } from "./alert-content.ts";
import { AlertFlood, FLOOD_RULE } from "./alert-flood.ts";
import { AlertTrack } from "./alert-track.ts";
import { LEVEL_RANK } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { FlapGuard } from "./flap-guard.ts";
import { dashboardLimits } from "./limits.ts";
import { MANUAL_RULE } from "./manual-alert.ts";

/** What happened to an alert. */
export interface AlertChange {
  readonly kind:
    | "raised"
    | "raised_again"
    | "repeated"
    | "updated"
    | "acknowledged"
    | "unacknowledged"
    | "notified"
    | "resolved";
  /** As it is now. */
  readonly alert: Alert;
}

/** What a book is made with. */
export interface AlertBookOptions {
  readonly namespace: string;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  /** Of rules and, apart from those, of what is said by hand. */
  readonly maxFiring: number;
  /** How long an alert said by hand fires after it was said last. */
  readonly manualTimeoutMs: number;
  readonly onChange: (change: AlertChange) => void;
}

/** Keeps the alerts that fire, and those that may. */
export class AlertBook {
  readonly #options: AlertBookOptions;
  /** By key. */
  readonly #firing = new Map<string, Alert>();
  readonly #keys = new Map<string, string>();
  readonly #tracks = new Map<string, AlertTrack>();
  /** Agents an alert named when it was raised last. */
  readonly #agentsRaised = new Map<string, number>();
  /** Resolved by hand while the rule still finds it. */
  readonly #quiet = new Map<string, { readonly untilMs: number; readonly rank: number }>();
  readonly #flaps = new FlapGuard();
  readonly #flood = new AlertFlood();
  /** Not seen again since a restart. */
  readonly #restored = new Set<string>();
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  #manual = 0;

  constructor(options: AlertBookOptions) {
    this.#options = options;
  }

  /** Goes on with what fired before a restart; acknowledgements stay. */
  restore(alerts: readonly Alert[]): void {
    const { clock, manualTimeoutMs } = this.#options;
    const nowMs = clock.monotonic();
    this.#graceUntilMs = nowMs + dashboardLimits.alertRestoreGraceMs.value;
    for (const alert of alerts) {
      if (alert.state !== "firing" || this.#keys.has(alert.id)) continue;
      if (this.#firing.has(alert.key)) {
        // Raised anew before this one was read: one fires per key.
        const endsAtMs = this.#atMs(alert);
        const resolved: Alert = { ...alert, state: "resolved", endsAtMs, updatedAtMs: endsAtMs };
        this.#options.onChange({ kind: "resolved", alert: resolved });
        continue;
      }
      this.#hold(alert);
      const isManual = alert.rule === MANUAL_RULE;
      const keepFiringForMs = isManual ? manualTimeoutMs : 0;
      const track = new AlertTrack({ ...alert, forMs: 0, keepFiringForMs }, nowMs);
      const silentMs = Math.max(0, clock.now() - alert.updatedAtMs);
      if (isManual) track.miss(nowMs - silentMs, 0);
      else this.#restored.add(alert.key);
      this.#tracks.set(alert.key, track);
    }
  }

  /** Takes in all that rules find now; what they no longer find begins to clear. */
  observe(findings: readonly Finding[]): void {
    const nowMs = this.#options.clock.monotonic();
    const worstFirst = findings.toSorted((a, b) => LEVEL_RANK[b.level] - LEVEL_RANK[a.level]);
    const seen = new Set<string>();
    const noRoom: Finding[] = [];
    for (const finding of worstFirst) {
      if (seen.has(finding.key)) continue;
      seen.add(finding.key);
      if (!this.#see(finding, nowMs)) noRoom.push(finding);
    }
    this.#missAllBut(seen, nowMs);
    this.#flood.setFound(noRoom);
    this.#letWaitingIn();
    this.#tellFlood();
  }

  /**
   * Takes in what somebody said.
   * @param manualFinding as `manualFinding()` makes it.
   * @returns the alert that counts it: a new one, the one that fires, or the flood's.
   */
  add(manualFinding: Finding): Alert {
    const nowMs = this.#options.clock.monotonic();
    const firing = this.#firing.get(manualFinding.key);
    const hasRoom = this.#manual < this.#options.maxFiring;
    if (firing === undefined && !hasRoom) {
      this.#flood.hold(manualFinding);
      return this.#tellFlood() ?? this.#say(manualFinding, 1, nowMs);
    }
    return this.#say(manualFinding, 1, nowMs);
  }

  /** Undefined when no alert of this id fires. */
  acknowledge(id: string, by: Pick<Acknowledgement, "owner" | "note">): Alert | undefined {
    const acknowledged = { owner: by.owner, note: by.note, atMs: this.#options.clock.now() };
    return this.#changeById(id, "acknowledged", { acknowledged });
  }

  /** Undefined when no alert of this id fires. */
  unacknowledge(id: string): Alert | undefined {
    return this.#changeById(id, "unacknowledged", { acknowledged: null });
  }

  /** Takes note that somebody was told; no change of what the alert says. */
  noteNotified(id: string, notifiedAtMs: number): void {
    this.#changeById(id, "notified", { notifiedAtMs });
  }

  /** Undefined when no alert of this id fires. What still holds stays quiet for a while. */
  resolve(id: string, note: string): Alert | undefined {
    const alert = this.get(id);
    if (alert === undefined) return undefined;
    const nowMs = this.#options.clock.monotonic();
    if (alert.rule !== MANUAL_RULE && this.#tracks.has(alert.key)) {
      const untilMs = nowMs + dashboardLimits.alertQuietMs.value;
      this.#quiet.set(alert.key, { untilMs, rank: LEVEL_RANK[alert.level] });
    }
    const context = note === "" ? alert.context : { ...alert.context, resolution: note };
    return this.#resolve(alert, nowMs, { context });
  }

  /** Takes out what waits for room, as alerts that are over: for history, when all stops. */
  endWaiting(): readonly Alert[] {
    const { namespace, clock, ids } = this.#options;
    const atMs = clock.now();
    return this.#flood.take(Number.POSITIVE_INFINITY).map(({ finding, count }) => {
      const alert = newAlert(finding, { id: ids.next("alert"), namespace, atMs, count });
      const context = {
        ...alert.context,
        resolution: "it found no room before the server stopped",
      };
      return { ...alert, context, state: "resolved", endsAtMs: atMs };
    });
  }

  /** All that fire, in the order they were raised. */
  firing(): Iterable<Alert> {
    return this.#firing.values();
  }

  get firingCount(): number {
    return this.#firing.size;
  }

  /** Alerts that do not fire for lack of room. */
  get folded(): number {
    return this.#flood.size;
  }

  /** How often something was said by hand that waits for room. */
  get waitingSayings(): number {
    return this.#flood.sayings;
  }

  /** The firing alert of this id. */
  get(id: string): Alert | undefined {
    const key = this.#keys.get(id);
    return key === undefined ? undefined : this.#firing.get(key);
  }

  /** The firing alert of this key. */
  byKey(key: string): Alert | undefined {
    return this.#firing.get(key);
  }

  /** What a rule found last under this key, firing or not yet. */
  trackedLevel(key: string): Alert["level"] | undefined {
    return this.#tracks.get(key)?.finding.level;
  }

  /** Findings of a rule that have not held long enough yet. */
  pendingOf(rule: string): number {
    let pending = 0;
    for (const [key, { finding }] of this.#tracks) {
      if (finding.rule === rule && !this.#firing.has(key)) pending += 1;
    }
    return pending;
  }

  /** @returns false when it would fire but finds no room. */
  #see(finding: Finding, nowMs: number): boolean {
    const { key } = finding;
    const alert = this.#firing.get(key);
    this.#restored.delete(key);
    const track = this.#tracks.get(key) ?? new AlertTrack(finding, nowMs);
    this.#tracks.set(key, track);
    const cameBack = track.see(finding, alert?.level, nowMs);
    if (alert !== undefined) {
      const counted = cameBack
        ? this.#change(alert, "repeated", { count: alert.count + 1 })
        : alert;
      this.#refresh(counted, track, nowMs);
      return true;
    }
    const quiet = this.#quiet.get(key);
    const isQuiet =
      quiet !== undefined && nowMs < quiet.untilMs && LEVEL_RANK[finding.level] <= quiet.rank;
    if (isQuiet || !track.hasHeld(nowMs)) return true;
    const flood = this.#firing.has(FLOOD_RULE) ? 1 : 0;
    const byRules = this.#firing.size - this.#manual - flood;
    if (byRules >= this.#options.maxFiring) return false;
    this.#quiet.delete(key);
    this.#raise(finding, 1, nowMs);
    return true;
  }

  #missAllBut(seen: ReadonlySet<string>, nowMs: number): void {
    for (const [key, track] of this.#tracks) {
      if (seen.has(key)) continue;
      this.#quiet.delete(key);
      const alert = this.#firing.get(key);
      if (alert === undefined) {
        this.#tracks.delete(key);
        continue;
      }
      if (key === FLOOD_RULE) continue;
      const graceMs = this.#restored.has(key) ? Math.max(0, this.#graceUntilMs - nowMs) : 0;
      track.miss(nowMs, graceMs);
      const keepMs = this.#flaps.keepMs(key, track.finding.keepFiringForMs);
      if (track.isOver(nowMs, keepMs)) this.#resolve(alert, nowMs, {});
    }
  }

  #say(finding: Finding, count: number, nowMs: number): Alert {
    const track = this.#tracks.get(finding.key) ?? new AlertTrack(finding, nowMs);
    this.#tracks.set(finding.key, track);
    const firing = this.#firing.get(finding.key);
    track.see(finding, finding.level, nowMs);
    track.miss(nowMs, 0); // it is said once and silent from then on
    if (firing === undefined) return this.#raise(finding, count, nowMs);
    return this.#change(firing, "repeated", { ...saidAgain(finding), count: firing.count + count });
  }

  #letWaitingIn(): void {
    const nowMs = this.#options.clock.monotonic();
    for (const { finding, count } of this.#flood.take(this.#options.maxFiring - this.#manual)) {
      this.#say(finding, count, nowMs);
    }
  }

  #tellFlood(): Alert | undefined {
    const nowMs = this.#options.clock.monotonic();
    const finding = this.#flood.finding();
    const alert = this.#firing.get(FLOOD_RULE);
    if (finding === undefined) {
      if (alert !== undefined) this.#resolve(alert, nowMs, {});
      return undefined;
    }
    if (alert === undefined) return this.#raise(finding, 1, nowMs);
    if (alert.message === finding.message && alert.level === finding.level) return alert;
    const worse = LEVEL_RANK[finding.level] > LEVEL_RANK[alert.level];
    return worse
      ? this.#raiseAgain(alert, finding)
      : this.#change(alert, "updated", contentOf(finding));
  }

  /** Makes a firing alert say what is found now, as far as that is news. */
  #refresh(alert: Alert, track: AlertTrack, nowMs: number): void {
    const level = track.settledLevel(alert.level, nowMs);
    // A trace that showed it stays the one to look at when nothing newer does.
    const traceId = track.finding.traceId ?? alert.traceId;
    const finding = { ...track.finding, level, traceId };
    const raisedAgents = this.#agentsRaised.get(alert.key) ?? 0;
    const wider = raisedAgents > 0 && finding.agentIds.length >= 2 * raisedAgents;
    if (wider || LEVEL_RANK[finding.level] > LEVEL_RANK[alert.level]) {
      this.#raiseAgain(alert, finding);
      return;
    }
    const hasTrace = alert.traceId === null && finding.traceId !== null; // now there is one to show
    const changed = finding.level !== alert.level || !sameAgents(finding, alert) || hasTrace;
    const sinceMs = this.#options.clock.now() - alert.updatedAtMs;
    const stale = sinceMs >= dashboardLimits.alertTouchMs.value;
    const differs = finding.message !== alert.message || finding.value !== alert.value;
    if (changed || (stale && differs)) this.#change(alert, "updated", contentOf(finding));
  }

  #raise(finding: Finding, count: number, nowMs: number): Alert {
    const { namespace, clock, ids } = this.#options;
    const origin = { id: ids.next("alert"), namespace, atMs: clock.now(), count };
    const alert = newAlert(finding, origin);
    this.#flaps.raised(alert.key, nowMs);
    this.#hold(alert);
    this.#options.onChange({ kind: "raised", alert });
    return alert;
  }

  #raiseAgain(alert: Alert, finding: Finding): Alert {
    this.#agentsRaised.set(alert.key, finding.agentIds.length);
    const unheard = { acknowledged: null, notifiedAtMs: null };
    const changes = { ...contentOf(finding), ...unheard, raised: alert.raised + 1 };
    return this.#change(alert, "raised_again", changes);
  }

  #hold(alert: Alert): void {
    this.#firing.set(alert.key, alert);
    this.#keys.set(alert.id, alert.key);
    this.#agentsRaised.set(alert.key, alert.agentIds.length);
    if (alert.rule === MANUAL_RULE) this.#manual += 1;
  }

  #resolve(alert: Alert, nowMs: number, changes: Partial<Alert>): Alert {
    this.#firing.delete(alert.key);
    this.#keys.delete(alert.id);
    this.#agentsRaised.delete(alert.key);
    this.#tracks.delete(alert.key);
    this.#restored.delete(alert.key);
    this.#flaps.resolved(alert.key, nowMs);
    if (alert.rule === MANUAL_RULE) this.#manual -= 1;
    const atMs = this.#atMs(alert);
    const resolved: Alert = {
      ...alert,
      ...changes,
      state: "resolved",
      endsAtMs: atMs,
      updatedAtMs: atMs,
    };
    this.#options.onChange({ kind: "resolved", alert: resolved });
    return resolved;
  }

  #changeById(id: string, kind: AlertChange["kind"], changes: Partial<Alert>): Alert | undefined {
    const alert = this.get(id);
    return alert === undefined ? undefined : this.#change(alert, kind, changes);
  }

  #change(alert: Alert, kind: AlertChange["kind"], changes: Partial<Alert>): Alert {
    const updatedAtMs = kind === "notified" ? alert.updatedAtMs : this.#atMs(alert);
    const changed: Alert = { ...alert, ...changes, updatedAtMs };
    this.#firing.set(alert.key, changed);
    this.#options.onChange({ kind, alert: changed });
    return changed;
  }

  /** Now; an alert's times never go back, even when the wall clock does. */
  #atMs(alert: Alert): number {
    return Math.max(this.#options.clock.now(), alert.updatedAtMs);
  }
}
