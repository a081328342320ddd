// Everything the gateway knows of a namespace as one JSON document, version 1.

import { WholeFileError, writeWholeFile } from "../files/index.ts";

import type { CallHistory } from "./call-history.ts";
import { GatewayError } from "./errors.ts";
import { gatewayLimits } from "./limits.ts";
import type { CallRecord, ServiceView } from "./model.ts";

/** The exported document. */
export interface GatewayExport {
  readonly exportedAt: string;
  readonly format: "agent-cellphone/gateway";
  readonly version: 1;
  readonly namespace: string;
  /** In order of registration; values of credentials are masked. */
  readonly services: readonly ServiceView[];
  /** Oldest first. */
  readonly calls: readonly CallRecord[];
}

/** Gathers the document. */
export async function gatherExport(
  namespace: string,
  services: readonly ServiceView[],
  history: Pick<CallHistory, "calls">,
  nowMs: number,
): Promise<GatewayExport> {
  const newestFirst: CallRecord[] = [];
  const limit = gatewayLimits.callsPerAnswer.value;
  for (;;) {
    const beforeSequence = newestFirst.at(-1)?.sequence;
    const page = await history.calls({
      limit,
      ...(beforeSequence === undefined ? {} : { beforeSequence }),
    });
    newestFirst.push(...page);
    if (page.length < limit) break;
  }
  return {
    exportedAt: new Date(nowMs).toISOString(),
    format: "agent-cellphone/gateway",
    version: 1,
    namespace,
    services,
    calls: newestFirst.toReversed(),
  };
}

/** @throws GatewayError `gateway.export_failed` when the file cannot be written. */
export async function writeExport(path: string, document: GatewayExport): Promise<void> {
  try {
    await writeWholeFile(path, [`${JSON.stringify(document, null, 2)}\n`]);
  } catch (cause) {
    if (!(cause instanceof WholeFileError)) throw cause;
    throw new GatewayError("gateway.export_failed", cause.message, { cause });
  }
}
