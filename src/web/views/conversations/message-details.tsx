// Everything on record about the chosen message: its ids, and a receipt per recipient.

import { payloadText } from "../../model/json-text.ts";
import { agentPath } from "../../model/routes.ts";
import type { Delivery, MessageWithDeliveries } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Clock } from "../parts/age.tsx";
import { CopyButton } from "../parts/copy-button.tsx";

/** A message, and what to do after it changed. */
export interface MessageDetailsProps {
  readonly entry: MessageWithDeliveries;
  readonly onChanged: () => void;
}

/** Receipts shown one by one; a broadcast to thousands is summed up in its row. */
const RECEIPTS_MAX = 50;

/** The right pane. */
export function MessageDetails({ entry, onChanged }: MessageDetailsProps) {
  const { message, deliveries } = entry;
  return (
    <aside class="details" aria-label="Details of the message">
      <h2 class="panel-title">Message</h2>
      <dl class="facts">
        <dt>id</dt>
        <dd class="mono id-line">
          <span title={message.id}>{message.id}</span>
          <CopyButton text={message.id} />
        </dd>
        <dt>sent</dt>
        <dd>
          <Clock atMs={message.acceptedAtMs} />
        </dd>
        <dt>priority</dt>
        <dd>{message.priority}</dd>
        {message.expectsReply ? (
          <>
            <dt>reply</dt>
            <dd>expected</dd>
          </>
        ) : null}
        <Fact label="order key" value={message.orderingKey} />
        <Fact label="dedupe key" value={message.dedupeKey} />
        <Fact label="trace" value={message.traceparent} />
      </dl>
      <h2 class="panel-title">{deliveries.length === 1 ? "Receipt" : "Receipts"}</h2>
      {deliveries.slice(0, RECEIPTS_MAX).map((copy) => (
        <CopyDetails
          key={copy.id}
          copy={copy}
          answerDue={message.expectsReply}
          onChanged={onChanged}
        />
      ))}
      {deliveries.length > RECEIPTS_MAX ? (
        <p class="panel-note">And {deliveries.length - RECEIPTS_MAX} more.</p>
      ) : null}
    </aside>
  );
}

interface FactProps {
  readonly label: string;
  readonly value: string | null;
  /** Wraps instead of ending in an ellipsis. */
  readonly long?: boolean;
}

function Fact(props: FactProps) {
  if (props.value === null) return null;
  return (
    <>
      <dt>{props.label}</dt>
      <dd class={`mono${props.long === true ? "" : " one-line"}`} title={props.value}>
        {props.value}
      </dd>
    </>
  );
}

interface CopyDetailsProps {
  readonly copy: Delivery;
  readonly answerDue: boolean;
  readonly onChanged: () => void;
}

function CopyDetails({ copy, answerDue, onChanged }: CopyDetailsProps) {
  const { router } = useApp();
  return (
    <dl class="facts receipt-facts">
      <dt>to</dt>
      <dd>
        <a href={router.href(agentPath(copy.recipientId))}>{copy.recipientId}</a>
      </dd>
      <dt>state</dt>
      <dd class={copy.state === "dead" ? "state-down" : ""}>
        {copy.state}
        {copy.deadReason === null ? "" : `, ${copy.deadReason.replaceAll("_", " ")}`}
        {copy.state === "dead" ? <Redrive copy={copy} onChanged={onChanged} /> : null}
      </dd>
      <Instant label="delivered" atMs={copy.deliveredAtMs} />
      <Instant label="settled" atMs={copy.settledAtMs} />
      {answerDue || copy.answeredAtMs !== null ? (
        <Instant label="answered" atMs={copy.answeredAtMs} />
      ) : null}
      <dt>attempts</dt>
      <dd>{copy.attempts}</dd>
      <Fact label="note" value={copy.note} long />
      {copy.result === null ? null : (
        <>
          <dt>result</dt>
          <dd>
            <pre class="payload payload-json">{payloadText(copy.result).shown}</pre>
          </dd>
        </>
      )}
    </dl>
  );
}

function Instant(props: { readonly label: string; readonly atMs: number | null }) {
  return (
    <>
      <dt>{props.label}</dt>
      <dd>
        {props.atMs === null ? <span class="dim">not yet</span> : <Clock atMs={props.atMs} />}
      </dd>
    </>
  );
}

function Redrive({ copy, onChanged }: { readonly copy: Delivery; onChanged: () => void }) {
  const { api, toasts } = useApp();
  const redrive = async (): Promise<void> => {
    try {
      await api.post(`/api/v1/dead-letters/${encodeURIComponent(copy.id)}/redrive`);
      toasts.show({ text: `Sent again to ${copy.recipientId}.`, tone: "info" });
      onChanged();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      toasts.show({ text: `Not sent again: ${why}`, tone: "error" });
    }
  };
  return (
    <button type="button" class="button button-small redrive" onClick={() => void redrive()}>
      Send again
    </button>
  );
}
