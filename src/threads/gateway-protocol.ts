// What travels between the main thread and the gateway's workers: orders with their answers, and
// batches of what happened.

import { GatewayError, gatewayErrors } from "../gateway/index.ts";
import type {
  CallBatch,
  DataPlaneAddress,
  GatewayErrorCode,
  IdentityChange,
  MiddlewareModule,
  NamespacePlan,
  PlanChange,
  TlsIdentity,
} from "../gateway/index.ts";

/** What a worker is started with. */
export interface GatewayThreadData {
  readonly host: string;
  readonly reusePort: boolean;
  readonly tls: TlsIdentity | undefined;
  /** Budgets that all workers share. */
  readonly rateLimits: SharedArrayBuffer;
  /** The same in all workers: a call that comes back to another one has come round, too. */
  readonly instanceId: string;
  readonly middleware: readonly MiddlewareModule[];
  readonly maxConcurrentCalls: number;
  readonly maxUpstreamConnections: number;
  readonly maxBodyBytes: number;
  readonly streamIdleMs: number;
}

/** What a worker is told to do. */
export type GatewayOrder =
  | { readonly kind: "listen"; readonly port: number }
  | { readonly kind: "apply"; readonly plan: NamespacePlan }
  /** Refused unless it leads on from the plan the worker has. */
  | { readonly kind: "change"; readonly change: PlanChange }
  | { readonly kind: "remove"; readonly namespace: string }
  | { readonly kind: "identities"; readonly changes: readonly IdentityChange[] }
  | { readonly kind: "cut"; readonly namespace: string; readonly agentId: string }
  /** To be answered, and nothing else. */
  | { readonly kind: "look" }
  | { readonly kind: "close"; readonly graceMs: number };

/** What an order gives back. */
export type GatewayAnswer = DataPlaneAddress | number | null;

/** An order on its way. */
export interface NumberedOrder {
  readonly id: number;
  readonly order: GatewayOrder;
}

/** An error, taken apart. */
export interface WireFailure {
  readonly code: string | null;
  readonly message: string;
}

/** Everything a worker says. */
export type WorkerMessage =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly error: WireFailure }
  | { readonly kind: "done"; readonly id: number; readonly answer: GatewayAnswer }
  | { readonly kind: "refused"; readonly id: number; readonly error: WireFailure }
  | { readonly kind: "batch"; readonly batch: CallBatch }
  | {
      readonly kind: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly event: string;
      readonly details: Readonly<Record<string, string | number | boolean | null>>;
    };

/** An error for the wire. */
export function toWireFailure(error: unknown): WireFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof GatewayError ? error.code : null, message };
}

/** The error that was sent; what is none of ours becomes gateway.internal. */
export function fromWireFailure({ code, message }: WireFailure): GatewayError {
  return new GatewayError(isGatewayCode(code) ? code : "gateway.internal", message);
}

function isGatewayCode(code: string | null): code is GatewayErrorCode {
  return code !== null && Object.hasOwn(gatewayErrors, code);
}
