// One message as a row: time, sender, type, its text, and its receipt in three dots.

import { useMemo, useState } from "preact/hooks";
import { plural } from "../../model/format.ts";
import { payloadText } from "../../model/json-text.ts";
import { receiptOf } from "../../model/receipt.ts";
import type { JsonValue, MessageWithDeliveries } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Clock } from "../parts/age.tsx";

/** A message and whether it is the chosen one. */
export interface MessageRowProps {
  readonly entry: MessageWithDeliveries;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

/** A row; choosing it shows its details. */
export function MessageRow({ entry, chosen, onChoose }: MessageRowProps) {
  const { message } = entry;
  const urgent = message.priority === "urgent" || message.priority === "high";
  return (
    <li
      id={`message-${message.id}`}
      class={`message${chosen ? " message-chosen" : ""}`}
      data-testid="message"
      aria-current={chosen ? "true" : undefined}
      onClick={onChoose}
    >
      <div class="message-head">
        <div class="message-about">
          <Clock atMs={message.acceptedAtMs} />
          <button type="button" class="link-button message-sender" onClick={onChoose}>
            {message.senderId}
          </button>
          <span class="dim">to {message.recipientId ?? "everyone"}</span>
          <span class="message-type">{message.type}</span>
          {urgent ? <span class="message-priority">{message.priority}</span> : null}
          {message.task === null ? null : <span class="message-task">{message.task.title}</span>}
        </div>
        <ReceiptDots entry={entry} />
      </div>
      <Payload payload={message.payload} />
      <Result entry={entry} />
    </li>
  );
}

/** Only a receipt that is still open follows the clock. */
function ReceiptDots({ entry }: { readonly entry: MessageWithDeliveries }) {
  const { nowMs } = useApp();
  const open = entry.deliveries.some((copy) => copy.settledAtMs === null);
  const receipt = receiptOf(entry, open ? nowMs.value : nowMs.peek());
  const steps = (["sent", "delivered", "done"] as const).filter((step) => receipt[step]);
  return (
    <span
      class={`receipt${receipt.dead ? " state-down" : ""}`}
      title={`${steps.join(", ")}. ${receipt.words}`}
    >
      <span class="receipt-dots" role="img" aria-label={steps.join(", ")}>
        <i class={receipt.sent ? "dot dot-full" : "dot"} />
        <i class={receipt.delivered ? "dot dot-full" : "dot"} />
        <i class={receipt.dead ? "dot dot-dead" : receipt.done ? "dot dot-full" : "dot"} />
      </span>
      <span class="receipt-words">{receipt.words}</span>
    </span>
  );
}

/** What the recipient returned, unless it also came as a message of its own. */
function Result({ entry }: { readonly entry: MessageWithDeliveries }) {
  const [only] = entry.deliveries;
  if (entry.deliveries.length !== 1 || only === undefined) return null;
  if (only.result === null || only.answerId !== null) return null;
  return (
    <div class="message-result">
      <span class="message-result-who">{only.recipientId} returned</span>
      <Payload payload={only.result} />
    </div>
  );
}

function Payload({ payload }: { readonly payload: JsonValue }) {
  const [open, setOpen] = useState(false);
  const text = useMemo(() => payloadText(payload), [payload]);
  const more = text.foldedLines === 0 ? "Show all" : plural(text.foldedLines, "more line");
  return (
    <>
      <pre class={text.json ? "payload payload-json" : "payload"}>
        {text.shown}
        {open ? text.folded : ""}
      </pre>
      {text.folded === "" ? null : (
        <button type="button" class="button button-quiet fold" onClick={() => setOpen(!open)}>
          {open ? "Fold" : more}
        </button>
      )}
    </>
  );
}
