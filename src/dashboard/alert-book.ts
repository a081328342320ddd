// The life of alerts, as a state machine over a clock: at most one fires per key, what repeats is
// counted, what got worse is raised again, what is resolved never changes.
//
//   said ── without room ──> queued
//                              │ room
//   seen ── held for `for` ──> firing ── gone for `keepFiringFor`, or by hand ──> resolved
//                                 └── worse, or about other agents: raised again, the
//                                     acknowledgement ends

import type { Clock, IdGenerator } from "../core/index.ts";

import type { Acknowledgement, Alert } from "./alert.ts";
import {
  contentOf,
  isAboutOthers,
  isWorthSaying,
  newAlert,
  raisedAgain,
  resolvedAt,
  saidAgain,
} from "./alert-content.ts";
import { AlertFlood, FLOOD_RULE } from "./alert-flood.ts";
import { AlertTrack } from "./alert-track.ts";
import { DashboardError } from "./errors.ts";
import { LEVEL_RANK } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { FiringSet } from "./firing-set.ts";
import { FlapGuard } from "./flap-guard.ts";
import { dashboardLimits } from "./limits.ts";
import { MANUAL_RULE } from "./manual-alert.ts";

/** What happened to an alert. */
export interface AlertChange {
  readonly kind:
    /** While it waits for room: nobody but the store is told of it by itself. */
    | "queued"
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

/** Keeps the alerts that fire, those that may, and those that wait for room. */
export class AlertBook {
  readonly #options: AlertBookOptions;
  readonly #firing: FiringSet;
  readonly #tracks = new Map<string, AlertTrack>();
  /** Resolved by hand while the rule still finds it. */
  readonly #quiet = new Map<string, { readonly untilMs: number; readonly rank: number }>();
  readonly #flaps = new FlapGuard();
  readonly #flood = new AlertFlood();
  /** Not seen again since a restart. */
  readonly #restored = new Set<string>();
  #graceUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: AlertBookOptions) {
    this.#options = options;
    this.#firing = new FiringSet(options.maxFiring);
  }

  /** Goes on with what fired or waited before a restart, oldest first; acknowledgements stay. */
  restore(alerts: readonly Alert[]): void {
    const { clock, manualTimeoutMs } = this.#options;
    const nowMs = clock.monotonic();
    this.#graceUntilMs = nowMs + dashboardLimits.alertRestoreGraceMs.value;
    for (const alert of alerts) {
      if (alert.state === "resolved" || this.get(alert.id) !== undefined) continue;
      const current = this.#firing.byKey(alert.key) ?? this.#flood.byKey(alert.key);
      if (current !== undefined) {
        // Raised anew before this one was read: one fires, or waits, per key.
        const kind = alert.state === "firing" ? "resolved" : "queued";
        this.#options.onChange({ kind, alert: resolvedAt(alert, this.#atMs(alert)) });
        continue;
      }
      if (alert.state === "queued") {
        this.#flood.hold(alert);
        continue;
      }
      this.#firing.set(alert);
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
   * @returns the alert that counts it: a new one, or the one that fires or waits already.
   * @throws DashboardError `dashboard.alert_flood` when there is no room for it even to wait.
   */
  add(manualFinding: Finding): Alert {
    const { key } = manualFinding;
    const nowMs = this.#options.clock.monotonic();
    const known = this.#firing.byKey(key) ?? this.#flood.byKey(key);
    if (known !== undefined) {
      const track = this.#tracks.get(key);
      track?.see(manualFinding, manualFinding.level, nowMs);
      track?.miss(nowMs, 0); // it is said once and silent from then on
      return this.#change(known, "repeated", {
        ...saidAgain(manualFinding),
        count: known.count + 1,
      });
    }
    const alert = this.#newAlert(manualFinding);
    return this.#firing.hasRoomFor(alert) ? this.#fireSaid(alert, nowMs) : this.#queue(alert);
  }

  /** Undefined when no alert of this id fires or waits. */
  acknowledge(id: string, by: Pick<Acknowledgement, "owner" | "note">): Alert | undefined {
    const acknowledged = { owner: by.owner, note: by.note, atMs: this.#options.clock.now() };
    return this.#changeById(id, "acknowledged", { acknowledged });
  }

  /** Undefined when no alert of this id fires or waits. */
  unacknowledge(id: string): Alert | undefined {
    return this.#changeById(id, "unacknowledged", { acknowledged: null });
  }

  /** Takes note that somebody was told; no change of what the alert says. */
  noteNotified(id: string, notifiedAtMs: number): void {
    this.#changeById(id, "notified", { notifiedAtMs });
  }

  /** Undefined when no alert of this id fires or waits. What still holds stays quiet for a while. */
  resolve(id: string, note: string): Alert | undefined {
    const alert = this.get(id);
    if (alert === undefined) return undefined;
    const nowMs = this.#options.clock.monotonic();
    if (alert.rule !== MANUAL_RULE && this.#tracks.has(alert.key)) {
      const untilMs = nowMs + dashboardLimits.alertQuietMs.value;
      this.#quiet.set(alert.key, { untilMs, rank: LEVEL_RANK[alert.level] });
    }
    const context = note === "" ? alert.context : { ...alert.context, resolution: note };
    if (alert.state === "firing") return this.#resolve(alert, nowMs, { context });
    this.#flood.delete(alert);
    const resolved = resolvedAt({ ...alert, context }, this.#atMs(alert));
    this.#options.onChange({ kind: "queued", alert: resolved });
    this.#tellFlood();
    return resolved;
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

  /** What was said and waits for room, in the order in which it will fire. */
  queued(): Iterable<Alert> {
    return this.#flood.worstFirst();
  }

  /** The alert of this id that fires or waits. */
  get(id: string): Alert | undefined {
    return this.#firing.byId(id) ?? this.#flood.byId(id);
  }

  /** The firing alert of this key. */
  byKey(key: string): Alert | undefined {
    return this.#firing.byKey(key);
  }

  /** The agents that firing alerts of a rule name. */
  agentsOf(rule: string): ReadonlySet<string> {
    return this.#firing.agentsOf(rule);
  }

  /** Findings of a rule that have not held long enough yet. */
  pendingOf(rule: string): number {
    let pending = 0;
    for (const [key, { finding }] of this.#tracks) {
      if (finding.rule === rule && this.#firing.byKey(key) === undefined) pending += 1;
    }
    return pending;
  }

  /** @returns false when it would fire but finds no room. */
  #see(finding: Finding, nowMs: number): boolean {
    const { key } = finding;
    const alert = this.#firing.byKey(key);
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
    if (!this.#firing.hasRoomFor(finding)) return false;
    this.#quiet.delete(key);
    this.#raise(this.#newAlert(finding), nowMs);
    return true;
  }

  #missAllBut(seen: ReadonlySet<string>, nowMs: number): void {
    for (const [key, track] of this.#tracks) {
      if (seen.has(key)) continue;
      this.#quiet.delete(key);
      const alert = this.#firing.byKey(key);
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

  /** What was said fires from now on for its time, whenever it was said. */
  #fireSaid(alert: Alert, nowMs: number): Alert {
    const keepFiringForMs = this.#options.manualTimeoutMs;
    const track = new AlertTrack({ ...alert, forMs: 0, keepFiringForMs }, nowMs);
    track.miss(nowMs, 0); // it is said once and silent from then on
    this.#tracks.set(alert.key, track);
    return this.#raise(alert, nowMs);
  }

  #queue(alert: Alert): Alert {
    if (!this.#flood.hasRoomFor(alert)) {
      this.#flood.refuse();
      this.#tellFlood();
      const message = `Cannot take another ${alert.level} alert of "${alert.source}": too many wait`;
      throw new DashboardError("dashboard.alert_flood", message);
    }
    const queued: Alert = { ...alert, state: "queued" };
    this.#flood.hold(queued);
    this.#options.onChange({ kind: "queued", alert: queued });
    this.#tellFlood();
    return queued;
  }

  #letWaitingIn(): void {
    if (this.#flood.size === 0) return;
    const nowMs = this.#options.clock.monotonic();
    for (const alert of this.#flood.worstFirst()) {
      if (!this.#firing.hasRoomFor(alert)) continue;
      this.#flood.delete(alert);
      this.#fireSaid({ ...alert, state: "firing", updatedAtMs: this.#atMs(alert) }, nowMs);
    }
  }

  #tellFlood(): Alert | undefined {
    const nowMs = this.#options.clock.monotonic();
    const finding = this.#flood.finding();
    const alert = this.#firing.byKey(FLOOD_RULE);
    if (finding === undefined) {
      if (alert !== undefined) this.#resolve(alert, nowMs, {});
      return undefined;
    }
    if (alert === undefined) return this.#raise(this.#newAlert(finding), nowMs);
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
    const isWorse = LEVEL_RANK[finding.level] > LEVEL_RANK[alert.level];
    const areOthers = isAboutOthers(alert.raisedFor, finding.agentIds);
    if (track.isAboutOthers(areOthers, nowMs) || isWorse) this.#raiseAgain(alert, finding);
    else if (isWorthSaying(finding, alert, this.#options.clock.now())) {
      this.#change(alert, "updated", contentOf(finding));
    }
  }

  #newAlert(finding: Finding): Alert {
    const { namespace, clock, ids } = this.#options;
    return newAlert(finding, { id: ids.next("alert"), namespace, atMs: clock.now() });
  }

  #raise(alert: Alert, nowMs: number): Alert {
    this.#flaps.raised(alert.key, nowMs);
    this.#firing.set(alert);
    this.#options.onChange({ kind: "raised", alert });
    return alert;
  }

  #raiseAgain(alert: Alert, finding: Finding): Alert {
    return this.#change(alert, "raised_again", raisedAgain(alert, finding));
  }

  #resolve(alert: Alert, nowMs: number, changes: Partial<Alert>): Alert {
    this.#firing.delete(alert);
    this.#tracks.delete(alert.key);
    this.#restored.delete(alert.key);
    this.#flaps.resolved(alert.key, nowMs);
    const resolved = resolvedAt({ ...alert, ...changes }, this.#atMs(alert));
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
    const waits = alert.state === "queued";
    if (waits) this.#flood.hold(changed);
    else this.#firing.set(changed);
    this.#options.onChange({ kind: waits ? "queued" : kind, alert: changed });
    return changed;
  }

  /** Now; an alert's times never go back, even when the wall clock does. */
  #atMs(alert: Alert): number {
    return Math.max(this.#options.clock.now(), alert.updatedAtMs);
  }
}
