// The control plane: one route table, served on a TCP port and on a Unix socket.
//
//   listen ─ port probed, bound ─ socket bound ─ requests: pipeline ─ route ─ fleet
//   close  ─ closing signalled (long polls end) ─ streams end ─ requests finish, 10 s at most

import type { IncomingMessage } from "node:http";

import fastify from "fastify";
import type { FastifyInstance } from "fastify";

import { IdGenerator, systemClock } from "../core/index.ts";
import type { Clock, ComponentLog, ErrorTable } from "../core/index.ts";
import { securityErrors } from "../security/index.ts";
import type { AuditLog, IdentityService } from "../security/index.ts";

import { parseTrustedHosts } from "./authentication.ts";
import { serverConfigSchema } from "./config.ts";
import type { ServerOptions } from "./config.ts";
import { serverErrors } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import { serverLimits } from "./limits.ts";
import {
  checkBinding,
  DrainableServer,
  isLoopback,
  listenOnPort,
  listenOnSocket,
  readTlsFiles,
} from "./listeners.ts";
import { LiveStreams } from "./live-stream.ts";
import { buildOpenApi } from "./openapi.ts";
import type { OpenApiDocument } from "./openapi.ts";
import { Pipeline } from "./pipeline.ts";
import { explainJson } from "./problem.ts";
import type { Route } from "./route.ts";
import { controlPlaneRoutes } from "./routes/index.ts";
import type { Services } from "./services.ts";
import { StaticFiles } from "./static-files.ts";

/** What a control plane is made of. */
export interface ControlPlaneDependencies {
  readonly fleet: Fleet;
  /** Already loaded. */
  readonly identities: IdentityService;
  readonly audit: AuditLog;
  readonly clock?: Clock;
  readonly log?: ComponentLog;
  /** Folder of the built pages; absent when this installation has none. */
  readonly webFolder?: string;
  /** Errors of the components behind the fleet, for the documentation. */
  readonly errors?: ErrorTable;
  /** Paths of the files served under /sdk/, by name: `agent_cellphone.py`. */
  readonly sdkFiles?: Readonly<Record<string, string>>;
}

/** Where a control plane listens. */
export interface ControlPlaneAddress {
  readonly url: string;
  readonly port: number;
  readonly socketPath: string | null;
}

/** A control plane. */
export interface ControlPlane {
  readonly routes: readonly Route[];
  /** The document that /api/openapi.json serves. */
  openApi(): OpenApiDocument;
  /**
   * Starts listening.
   * @throws ServerError when an address, the socket or the certificate cannot be used.
   */
  listen(): Promise<ControlPlaneAddress>;
  /** Ends live streams of a namespace, because it is deleted or replaced. */
  endStreams(namespace: string): void;
  /** Stops accepting, ends streams and long polls, finishes requests; 10 s at most. */
  close(): Promise<void>;
}

/**
 * Makes the control plane; it listens when told.
 * @throws ServerError `server.insecure_binding`, `server.tls_unreadable`.
 */
export function createControlPlane(
  given: ServerOptions,
  dependencies: ControlPlaneDependencies,
): ControlPlane {
  const options = serverConfigSchema.parse(given);
  const tls = readTlsFiles(options.tlsCert, options.tlsKey);
  checkBinding("server.host", options.host, tls, options.allowInsecure);
  const clock = dependencies.clock ?? systemClock;
  const closing = new AbortController();
  const socketRequests = new WeakSet<IncomingMessage>();
  const state = { url: "" };

  const services: Services = {
    fleet: dependencies.fleet,
    identities: dependencies.identities,
    audit: dependencies.audit,
    clock,
    log: dependencies.log,
    streams: new LiveStreams(clock, dependencies.fleet.epoch),
    pages: new StaticFiles(dependencies.webFolder),
    sdkFiles: dependencies.sdkFiles ?? {},
    errors: { ...serverErrors, ...securityErrors, ...dependencies.errors },
    baseUrl: () => state.url,
    secure: tls !== undefined,
    closing: closing.signal,
  };
  const routes: Route[] = [];
  const openApi = (): OpenApiDocument => buildOpenApi(routes, dependencies.fleet.facts().version);
  routes.push(...controlPlaneRoutes(services, openApi));
  const pipeline = new Pipeline(services, {
    trustedHosts: parseTrustedHosts(options.trustedHosts),
    isFromSocket: (request) => socketRequests.has(request),
    closing: closing.signal,
  });
  const app = makeApp(clock, pipeline);
  pipeline.install(app, routes);

  const network = new DrainableServer((request, response) => app.routing(request, response), tls);
  const local = new DrainableServer((request, response) => {
    socketRequests.add(request);
    app.routing(request, response);
  }, undefined);

  return {
    routes,
    openApi,
    async listen() {
      await app.ready();
      const port = await listenOnPort(network.http, options.host, options.port);
      state.url = `${tls === undefined ? "http" : "https"}://${urlHost(options.host)}:${port}`;
      const socketPath = options.socketPath === "" ? null : options.socketPath;
      try {
        if (socketPath !== null) await listenOnSocket(local.http, socketPath);
      } catch (error) {
        await network.drain();
        throw error;
      }
      dependencies.log?.info("server.listening", { url: state.url, socketPath });
      return { url: state.url, port, socketPath };
    },
    endStreams: (namespace) => services.streams.close(namespace),
    close: once(async () => {
      closing.abort();
      services.streams.close();
      await Promise.all([network.drain(), local.drain()]);
      await app.close();
    }),
  };
}

function makeApp(clock: Clock, pipeline: Pipeline): FastifyInstance {
  const ids = new IdGenerator(clock);
  const app = fastify({
    logger: false,
    bodyLimit: serverLimits.bodyBytes.value,
    requestIdHeader: false,
    genReqId: (request) => {
      const given = request.headers["x-request-id"];
      const usable = typeof given === "string" && /^[\w.:-]{1,64}$/.test(given);
      return usable ? given : ids.next("req");
    },
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: true },
    frameworkErrors: pipeline.refuseUnreadable,
  });
  // Refuses "__proto__" and "constructor.prototype": whoever copies a payload is safe from them.
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    // Some clients send the header with every request, body or not.
    if (body === "") done(null, undefined);
    else {
      void parseJson(request, String(body), (error, value) => {
        done(error === null ? null : explainJson(error, String(body)), value);
      });
    }
  });
  return app;
}

/** What to write into a link: an address to listen on everywhere is nobody's address. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  if (isLoopback(host) && host !== "::1") return host;
  return host.includes(":") ? `[${host}]` : host;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= action());
}
