// The gateway's listener of a server: which port it takes, and which keys its workers know.

import type { CellphoneConfiguration } from "./configuration/index.ts";
import type { IdentityChange } from "./gateway/index.ts";
import type { Credential } from "./security/index.ts";
import { checkBinding, readTlsFiles } from "./server/index.ts";
import { WorkerDataPlane } from "./threads/index.ts";
import type { ComponentLog, JsonObject } from "./core/index.ts";

/**
 * The data plane that the configuration asks for; it listens when it is told to. It speaks TLS with
 * the control plane's certificate: agents know both under one host name.
 * @throws ServerError `server.insecure_binding`, `server.tls_unreadable`.
 */
export function createDataPlane(
  configuration: CellphoneConfiguration,
  log: ComponentLog,
): WorkerDataPlane {
  const { host, workers, middleware, maxBodyBytes, streamIdleTimeout } =
    configuration.values.gateway;
  const { maxConcurrentCalls, maxUpstreamConnections } = configuration.values.gateway;
  const { allowInsecure, tlsCert, tlsKey } = configuration.values.server;
  const tls = readTlsFiles(tlsCert, tlsKey);
  checkBinding("gateway.host", host, tls, allowInsecure);
  return new WorkerDataPlane({
    host,
    port: gatewayPort(configuration),
    ...(tls === undefined ? {} : { tls }),
    workers,
    middleware,
    maxConcurrentCalls,
    maxUpstreamConnections,
    maxBodyBytes,
    streamIdleMs: streamIdleTimeout * 1000,
    log,
  });
}

/** What namespaces' gateways are configured with: all but the modules that workers import. */
export function gatewayOptionsOf(options: CellphoneConfiguration["values"]["gateway"]): JsonObject {
  return { ...options, middleware: [] };
}

/**
 * The port given, or by default the one above the control plane's; any free one beside a control
 * plane that takes any free one.
 */
export function gatewayPort({ values, entries }: CellphoneConfiguration): number {
  const entry = entries.find(({ key }) => key === "gateway.port");
  if (entry !== undefined && entry.sourceKind !== "default") return values.gateway.port;
  return values.server.port === 0 ? 0 : values.server.port + 1;
}

/** What a key's beginning or end means for calls; undefined for keys that cannot make any. */
export function identityChange(credential: Credential): IdentityChange | undefined {
  const { kind, secretHash, namespace, agentId, expiresAtMs, revokedAtMs } = credential;
  if (kind !== "agent" && kind !== "admin") return undefined;
  if (revokedAtMs !== null) return { secretHash, identity: null };
  return { secretHash, identity: { kind, namespace, agentId, expiresAtMs } };
}
