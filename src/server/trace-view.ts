// What one trace id ties together: the message that began it, the work it led to, the calls and
// spans of that work, and the alerts and changes it caused. The composition root gathers them.

import type { Alert } from "../dashboard/index.ts";
import type { AuditEntry } from "../security/index.ts";

/** What a bar of the waterfall stands for. */
export const TraceSpanKind = {
  /** Waited in an inbox. */
  Inbox: "inbox",
  Task: "task",
  /** Somebody waited for its answer. */
  Request: "request",
  /** A call through the gateway. */
  Call: "call",
  Model: "model",
  Tool: "tool",
  Code: "code",
  Wait: "wait",
  Scope: "scope",
} as const;
export type TraceSpanKind = (typeof TraceSpanKind)[keyof typeof TraceSpanKind];

/** One bar of the waterfall. */
export interface TraceSpan {
  readonly id: string;
  /** The bar it belongs under; null for one that began the trace. */
  readonly parentId: string | null;
  readonly kind: TraceSpanKind;
  readonly name: string;
  readonly agentId: string | null;
  readonly fromMs: number;
  /** Null while it runs. */
  readonly toMs: number | null;
  /** Null while it runs, or where success is not known. */
  readonly ok: boolean | null;
  /** In words: "answered 503 after 2 attempts". */
  readonly detail: string | null;
  /** Where to read more. */
  readonly ref: { readonly kind: "message" | "call" | "span" | "task"; readonly id: string };
}

/** A trace; its spans in order of their start. */
export interface TraceView {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly fromMs: number;
  /** Of its last end; now while something runs. */
  readonly toMs: number;
  readonly spans: readonly TraceSpan[];
  readonly alerts: readonly Alert[];
  readonly audit: readonly AuditEntry[];
}
