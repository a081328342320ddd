// What routes work with, made once by the control plane.

import type { Clock, ComponentLog, ErrorTable } from "../core/index.ts";
import type { AuditLog, IdentityService } from "../security/index.ts";

import type { Fleet } from "./fleet.ts";
import type { LiveStreams } from "./live-stream.ts";
import type { StaticFiles } from "./static-files.ts";

/** Everything the routes may use. */
export interface Services {
  readonly fleet: Fleet;
  readonly identities: IdentityService;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly log: ComponentLog | undefined;
  readonly streams: LiveStreams;
  readonly pages: StaticFiles;
  /** Files served under /sdk/, by name. */
  readonly sdkFiles: Readonly<Record<string, string>>;
  /** Every error that can be answered, for the documentation. */
  readonly errors: ErrorTable;
  /** Where this server is reached: `http://127.0.0.1:2355`. Known once it listens. */
  readonly baseUrl: () => string;
  /** Aborts when the server stops. */
  readonly closing: AbortSignal;
  /** Whether browsers reach it by TLS. */
  readonly secure: boolean;
}
