// A gateway of a test, stopped with it, and ways to wait for what it tells.

import type { TestContext } from "node:test";

import type { ComponentLog, LogDetails } from "../../core/index.ts";
import { APIGateway } from "../api-gateway.ts";
import type { GatewayOptions } from "../config.ts";
import type { GatewayDependencies } from "../gateway-host.ts";
import type { ServiceView } from "../model.ts";

/** A gateway that ends with the test and listens, if at all, on any free port. */
export function openGateway(
  t: Pick<TestContext, "after">,
  options: GatewayOptions = {},
  dependencies: GatewayDependencies = {},
): APIGateway {
  const gateway = new APIGateway({ port: 0, ...options }, dependencies);
  t.after(() => gateway.stop());
  return gateway;
}

/** Resolves with the service's view once it looks as wanted. */
export async function whenService(
  gateway: APIGateway,
  serviceId: string,
  isWanted: (service: ServiceView) => boolean,
): Promise<ServiceView> {
  const { promise, resolve } = Promise.withResolvers<ServiceView>();
  const look = (service: ServiceView): void => {
    if (service.id === serviceId && isWanted(service)) resolve(service);
  };
  using _callback = gateway.addServiceCallback(look);
  const now = await gateway.getService(serviceId);
  if (now !== undefined) look(now);
  return await promise;
}

/** A log that can be read. */
export class LogBook implements ComponentLog {
  readonly lines: {
    readonly level: string;
    readonly event: string;
    readonly details: LogDetails;
  }[] = [];

  debug(event: string, details: LogDetails = {}): void {
    this.lines.push({ level: "debug", event, details });
  }

  info(event: string, details: LogDetails = {}): void {
    this.lines.push({ level: "info", event, details });
  }

  warn(event: string, details: LogDetails = {}): void {
    this.lines.push({ level: "warn", event, details });
  }

  error(event: string, details: LogDetails = {}): void {
    this.lines.push({ level: "error", event, details });
  }
}
