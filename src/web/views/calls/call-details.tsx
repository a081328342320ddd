// One call in full: how its time went, what it carried, and the trace it belongs to.

import { formatBytes, formatSeconds, formatTime } from "../../model/format.ts";
import { agentPath, servicePath, tracePath } from "../../model/routes.ts";
import type { CallRecord } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { Icon } from "../parts/icons.tsx";
import { CallStatus } from "./call-table.tsx";

/** A call and how to leave it. */
export interface CallDetailsProps {
  readonly call: CallRecord;
  readonly onClose: () => void;
}

/** The panel beside the table. */
export function CallDetails({ call, onClose }: CallDetailsProps) {
  const { router } = useApp();
  return (
    <aside class="panel details-panel" aria-label="Call" data-testid="call-details">
      <header class="details-head">
        <CallStatus call={call} />
        <button type="button" class="button button-quiet button-small" onClick={onClose}>
          <Icon name="close" />
          <span class="visually-hidden">Close details</span>
        </button>
      </header>
      <h2 class="details-title mono">
        {call.method} {call.path}
        {call.query === "" ? "" : `?${call.query}`}
      </h2>
      {call.reason === null ? null : <p class="details-reason">{call.reason}</p>}
      <CallTimes call={call} />
      <div class="details-verbs">
        <a class="button" href={router.href(tracePath(call.traceId))}>
          Open trace
        </a>
      </div>
      <CallFacts call={call} />
    </aside>
  );
}

function CallFacts({ call }: { readonly call: CallRecord }) {
  const { router, nowMs } = useApp();
  return (
    <dl class="facts">
      <dt>at</dt>
      <dd>{formatTime(call.atMs, nowMs.peek())}</dd>
      <dt>service</dt>
      <dd>
        {call.serviceId === null ? (
          "none"
        ) : (
          <a class="link" href={router.href(servicePath(call.serviceId))}>
            {call.serviceId}
          </a>
        )}
      </dd>
      <dt>agent</dt>
      <dd>
        {call.agentId === null ? (
          "nobody we know"
        ) : (
          <a class="link" href={router.href(agentPath(call.agentId))}>
            {call.agentId}
          </a>
        )}
      </dd>
      <dt>route</dt>
      <dd class="mono">{call.route ?? "none"}</dd>
      <dt>endpoint</dt>
      <dd class="mono">{call.endpoint ?? "none"}</dd>
      <dt>attempts</dt>
      <dd>{call.attempts}</dd>
      <dt>carried</dt>
      <dd>
        {formatBytes(call.requestBytes)} in, {formatBytes(call.responseBytes)} out
      </dd>
      {call.code === null ? null : (
        <>
          <dt>code</dt>
          <dd class="mono">{call.code}</dd>
        </>
      )}
      <dt>from</dt>
      <dd>
        {call.clientAddress}
        {call.userAgent === "" || call.userAgent === "unknown" ? "" : `, ${call.userAgent}`}
      </dd>
      <CallIds call={call} />
    </dl>
  );
}

function CallIds({ call }: { readonly call: CallRecord }) {
  return (
    <>
      <dt>call id</dt>
      <dd class="mono fact-copy">
        <span>{call.id}</span>
        <CopyButton text={call.id} />
      </dd>
      <dt>trace id</dt>
      <dd class="mono fact-copy">
        <span title={call.traceId}>{call.traceId}</span>
        <CopyButton text={call.traceId} />
      </dd>
    </>
  );
}

/** How the time went: in the gateway and at the service until the answer began, then the answer. */
function CallTimes({ call }: { readonly call: CallRecord }) {
  const { durationMs, upstreamMs } = call;
  const first = Math.min(durationMs, upstreamMs ?? durationMs);
  const rest = Math.max(0, durationMs - first);
  const share = durationMs > 0 ? (first / durationMs) * 100 : 100;
  const lead = upstreamMs === null ? "until the gateway's answer" : "until the answer began";
  return (
    <figure class="call-times">
      <div class="call-times-bar" aria-hidden="true">
        <i class="call-time-first" style={{ width: `${share}%` }} />
        <i class="call-time-rest" style={{ width: `${100 - share}%` }} />
      </div>
      <figcaption>
        <strong>{formatSeconds(durationMs / 1000)}</strong>
        <span>
          {formatSeconds(first / 1000)} {lead}
        </span>
        {rest > 0 && upstreamMs !== null ? (
          <span>{formatSeconds(rest / 1000)} its body</span>
        ) : null}
      </figcaption>
    </figure>
  );
}
