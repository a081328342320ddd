// Signing in and out, and who one is.

import { z } from "zod";

import { PrincipalKind } from "../../core/index.ts";
import { refuseCrossSite, sessionCookie } from "../authentication.ts";
import { defineRoute, empty, json } from "../route.ts";
import type { Route } from "../route.ts";
import { instantSchema, named } from "../schemas/common.ts";
import type { Services } from "../services.ts";

const whoamiSchema = named(
  "Caller",
  z.object({
    kind: z.enum(PrincipalKind),
    id: z.string(),
    namespace: z.string(),
    via: z.enum(["key", "session", "socket", "none", "library"]),
    gatewayUrl: z.string().nullable().describe("Where agents call services; null when it is off"),
  }),
);

const loginCodeSchema = named(
  "LoginCode",
  z.object({ code: z.string(), url: z.string(), expiresAtMs: instantSchema }),
);

export function sessionRoutes(services: Services): readonly Route[] {
  return [redeem(services), whoami(services), logout(services), ...keys(services)];
}

function redeem({ identities, clock, secure }: Services): Route {
  return defineRoute({
    method: "POST",
    path: "/in",
    summary: "Sign a browser in with a one-time code",
    description: "The code stands in the fragment of the link that the server printed.",
    tag: "Identity",
    action: "session.create",
    scope: "server",
    body: z.strictObject({ code: z.string().min(1).max(64) }),
    example: { code: "7Q4K-M2XD" },
    bodyBytesMax: 4096,
    responses: { 204: empty("Signed in; the answer sets the session cookie") },
    resource: () => ({ kind: "session", id: "new" }),
    async handler(context) {
      refuseCrossSite(context.request.raw, false);
      const { secret, credential } = await identities.redeemLoginCode(
        context.body.code,
        context.address,
      );
      const lifeMs = (credential.expiresAtMs ?? clock.now()) - clock.now();
      context.reply.header("set-cookie", sessionCookie(secret, Math.ceil(lifeMs / 1000), secure));
      context.note({ sessionId: credential.id });
      return undefined;
    },
  });
}

function whoami({ fleet }: Services): Route {
  return defineRoute({
    method: "GET",
    path: "/api/v1/whoami",
    summary: "Who the key or session belongs to",
    tag: "Identity",
    action: "session.read",
    scope: "server",
    responses: { 200: json("The caller", whoamiSchema) },
    resource: (_, principal) => ({ kind: principal.kind, id: principal.id }),
    handler: ({ principal }) => ({
      kind: principal.kind,
      id: principal.id,
      namespace: principal.namespace,
      via: principal.via,
      gatewayUrl: fleet.facts().gatewayUrl,
    }),
  });
}

function logout({ identities, secure }: Services): Route {
  return defineRoute({
    method: "POST",
    path: "/api/v1/logout",
    summary: "End this browser's session",
    tag: "Identity",
    action: "session.delete",
    scope: "server",
    responses: { 204: empty("Signed out") },
    resource: (_, principal) => ({ kind: "session", id: principal.id }),
    async handler(context) {
      if (context.credential !== null) await identities.logOut(context.credential.id);
      context.reply.header("set-cookie", sessionCookie("", 0, secure));
      return undefined;
    },
  });
}

function keys({ identities, baseUrl }: Services): Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/api/v1/login-codes",
      summary: "Make a one-time code to sign in with",
      tag: "Identity",
      action: "login_code.create",
      scope: "server",
      responses: { 201: json("The code, and the link that carries it", loginCodeSchema) },
      resource: () => ({ kind: "login_code", id: "new" }),
      handler() {
        const { code, expiresAtMs } = identities.createLoginCode();
        return { code, url: `${baseUrl()}/in#${code}`, expiresAtMs };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/admin-keys",
      summary: "Make a new admin key",
      description: "The old one and other sessions stop working. The key is shown only here.",
      tag: "Identity",
      action: "admin_key.rotate",
      scope: "server",
      responses: { 201: json("The key", named("AdminKey", z.object({ key: z.string() }))) },
      resource: () => ({ kind: "admin_key", id: "new" }),
      handler: async (context) => ({
        key: await identities.rotateAdminKey(context.credential?.id),
      }),
    }),
  ];
}
