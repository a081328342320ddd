// The agent's side of a profile: its SDK says how far it is and hands in what it sampled. Profiles
// are large, so that who may hand one in is decided before any of it is read.

import { z } from "zod";

import { ProfilerError } from "../../profiler/index.ts";
import { SecurityError } from "../../security/index.ts";
import { serverLimits } from "../limits.ts";
import { defineRoute, empty } from "../route.ts";
import type { BodylessContext, Route } from "../route.ts";
import { idParams } from "../schemas/common.ts";
import { ownThing } from "./messages.ts";
import { profileOf } from "./profiles.ts";
import type { ProfileContext } from "./profiles.ts";

const TAG = "Profiles";

export function profileUploadRoutes(): readonly Route[] {
  return [started(), handIn(), failed()];
}

/**
 * Whose profile it is, if the caller may hand it in.
 * @throws SecurityError when it is the server's own: nobody hands that in.
 */
async function profiledAgent(context: ProfileContext): Promise<string> {
  const { agentId, id } = await profileOf(context);
  if (agentId !== null) return agentId;
  const message = `Profile "${id}" is of the server itself, which takes it without help`;
  throw new SecurityError("security.forbidden", message);
}

function started(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/profiles/{id}/started",
    summary: "Say that sampling has begun",
    tag: TAG,
    action: "profile.upload",
    audited: false,
    params: idParams,
    body: z.strictObject({ runtime: z.string().min(1).max(128) }),
    example: { runtime: "node 24.21" },
    responses: { 204: empty("Noted") },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      const agentId = await profiledAgent(context);
      const { namespace, params, body } = context;
      await namespace.profiles.started(params.id, agentId, body.runtime);
      return undefined;
    },
  });
}

function handIn(): Route {
  const uploads = new UploadsUnderWay();
  return defineRoute({
    method: "PUT",
    path: "/api/v1/profiles/{id}/data",
    summary: "Hand in what was sampled",
    description: "As V8's inspector gives it: a .cpuprofile or a sampling heap profile.",
    tag: TAG,
    action: "profile.upload",
    params: idParams,
    body: z.instanceof(Uint8Array),
    rawBody: {
      description: "JSON, gzipped if you like; 32 MiB at most, inflated too",
      expect: (context) => uploads.begin(context),
    },
    bodyBytesMax: serverLimits.profileBytes.value,
    responses: { 204: empty("Taken") },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      const agentId = await profiledAgent(context);
      const { namespace, params, body } = context;
      await namespace.profiles.take(params.id, agentId, body);
      return undefined;
    },
  });
}

function failed(): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/profiles/{id}/failed",
    summary: "Say that no profile will come",
    tag: TAG,
    action: "profile.upload",
    audited: false,
    params: idParams,
    body: z.strictObject({ reason: z.string().min(1).max(500) }),
    example: { reason: "this runtime has no inspector" },
    responses: { 204: empty("Noted") },
    resource: ({ params }, principal) => ownThing("profile", params.id, principal),
    async handler(context) {
      const agentId = await profiledAgent(context);
      const { namespace, params, body } = context;
      await namespace.profiles.fail(params.id, agentId, body.reason);
      return undefined;
    },
  });
}

/** One upload of a profile at a time, and none of one that does not wait for it. */
class UploadsUnderWay {
  readonly #underWay = new Set<string>();

  /** @throws ProfilerError `profiler.profile_unknown`, `profiler.not_expected`. */
  async begin({ namespace, params, authorize, reply }: BodylessContext): Promise<void> {
    const context = { namespace, params: idParams.parse(params), authorize };
    await profiledAgent(context);
    const { id, state } = await profileOf(context);
    if (state !== "requested" && state !== "running") {
      throw new ProfilerError("profiler.not_expected", `Profile "${id}" is ${state} already`);
    }
    const key = `${namespace.name}/${id}`;
    if (this.#underWay.has(key)) {
      throw new ProfilerError(
        "profiler.not_expected",
        `Profile "${id}" is being handed in already`,
      );
    }
    this.#underWay.add(key);
    reply.raw.once("close", () => this.#underWay.delete(key));
  }
}
