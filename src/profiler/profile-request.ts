// What may be asked of an agent, or of the server itself, and the row that such a wish begins with.

import { ProfilerError } from "./errors.ts";
import { ProfileKind } from "./model.ts";
import type { ProfileRecord } from "./model.ts";
import { checkSeconds } from "./profile-sampler.ts";
import { checkName } from "./span-input.ts";

/** What an agent is asked to do. */
export interface ProfileOrder {
  readonly profileId: string;
  readonly kind: ProfileKind;
  readonly seconds: number;
}

/** A profile that is wanted. */
export interface ProfileRequest {
  /** Of this process for null. */
  readonly agentId: string | null;
  readonly kind: ProfileKind;
  /** 1 to 120. */
  readonly seconds: number;
  /** Principal who asks. */
  readonly by: string;
}

/** @throws ProfilerError `profiler.range_invalid`, `profiler.name_invalid`. */
export function checkRequest({ agentId, kind, seconds }: ProfileRequest): void {
  checkSeconds(seconds, 1);
  if (agentId !== null) checkName("agent", agentId);
  if (Object.values(ProfileKind).includes(kind)) return;
  const kinds = Object.values(ProfileKind).join(" or ");
  throw new ProfilerError("profiler.range_invalid", `A profile is of ${kinds}, not ${kind}`);
}

/** The row of a profile that was asked for just now. */
export function requestedProfile(
  request: ProfileRequest,
  place: { readonly id: string; readonly namespace: string; readonly requestedAtMs: number },
): ProfileRecord {
  return {
    ...place,
    agentId: request.agentId,
    kind: request.kind,
    state: "requested",
    by: request.by,
    startedAtMs: null,
    endedAtMs: null,
    seconds: request.seconds,
    runtime: null,
    reason: null,
    samples: 0,
    bytes: 0,
  };
}
