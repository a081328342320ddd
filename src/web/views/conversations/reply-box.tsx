// Answering as the operator, inside the conversation.

import { useState } from "preact/hooks";
import type { Ref } from "preact";
import { parsePayload } from "../../model/json-text.ts";
import { OPERATOR } from "../../model/receipt.ts";
import type { MessageWithDeliveries } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";

/** What is answered, and what to do after it was sent. */
export interface ReplyBoxProps {
  readonly entries: readonly MessageWithDeliveries[];
  readonly replyTo: MessageWithDeliveries;
  readonly fieldRef: Ref<HTMLTextAreaElement>;
  readonly onSent: () => void;
}

/** The box under the rows; Ctrl-Enter sends. */
export function ReplyBox({ entries, replyTo, fieldRef, onSent }: ReplyBoxProps) {
  const { api, live, toasts } = useApp();
  const [text, setText] = useState("");
  const [picked, setPicked] = useState<string | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const { senderId, recipientId: sentTo } = replyTo.message;
  const fleet = live.agents.value;
  const people = agentsOf(entries).filter((id) => fleet === null || fleet.has(id));
  const natural = [senderId, sentTo].find((id) => id !== null && people.includes(id));
  const recipientId = picked ?? natural ?? people[0];
  if (recipientId === undefined) return null;
  const send = async (): Promise<void> => {
    try {
      await api.post("/api/v1/messages", {
        recipientId,
        payload: parsePayload(text),
        conversationId: replyTo.message.conversationId,
        replyToId: replyTo.message.id,
      });
      setText("");
      setProblem("");
      toasts.show({ text: `Sent to ${recipientId}.`, tone: "info" });
      onSent();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <form
      class="reply"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <ReplyHead recipientId={recipientId} others={people} onPick={setPicked} />
      <div class="reply-row">
        <textarea
          ref={fieldRef}
          class="input"
          rows={2}
          required
          aria-label="Reply, text or JSON"
          placeholder="Text, or JSON in braces. Ctrl-Enter sends."
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            if (text.trim() !== "") void send();
          }}
        />
        <button type="submit" class="button button-primary">
          Reply
        </button>
      </div>
      {problem === "" ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

interface ReplyHeadProps {
  readonly recipientId: string;
  readonly others: readonly string[];
  readonly onPick: (id: string) => void;
}

function ReplyHead({ recipientId, others, onPick }: ReplyHeadProps) {
  return (
    <div class="reply-head">
      <label class="reply-to">
        <span>To</span>
        <select
          class="select"
          value={recipientId}
          onChange={(event) => onPick(event.currentTarget.value)}
        >
          {[...new Set([recipientId, ...others])].map((id) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <span class="dim">as operator</span>
      <span class="reply-keys dim">
        <kbd>j</kbd> <kbd>k</kbd> message <kbd>[</kbd> <kbd>]</kbd> conversation <kbd>r</kbd> reply{" "}
        <kbd>x</kbd> pause sender
      </span>
    </div>
  );
}

function agentsOf(entries: readonly MessageWithDeliveries[]): readonly string[] {
  const ids = entries.flatMap(({ message }) => [message.senderId, message.recipientId]);
  return [...new Set(ids)].filter((id): id is string => id !== null && id !== OPERATOR);
}
