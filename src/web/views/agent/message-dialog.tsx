// Writing to an agent as the operator.

import { useState } from "preact/hooks";
import { parsePayload } from "../../model/json-text.ts";
import { conversationPath } from "../../model/routes.ts";
import type { AgentView, Message } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { Dialog } from "../parts/dialog.tsx";

const TYPES = ["direct", "task_assignment", "coordination", "health_check"];
const PRIORITIES = ["normal", "urgent", "high", "low"];

/** Whom to write to. */
export interface MessageDialogProps {
  readonly agent: AgentView;
  readonly onClose: () => void;
}

/** A message form; JSON is sent as it is, anything else as text. */
export function MessageDialog({ agent, onClose }: MessageDialogProps) {
  const { api, router, toasts } = useApp();
  const [text, setText] = useState("");
  const [type, setType] = useState("direct");
  const [priority, setPriority] = useState("normal");
  const [problem, setProblem] = useState("");
  const send = async (): Promise<void> => {
    try {
      const payload = parsePayload(text);
      const body = { recipientId: agent.id, type, priority, payload };
      const { messageId } = await api.post<{ messageId: string }>("/api/v1/messages", body);
      toasts.show({ text: `Sent to ${agent.name}.`, tone: "info" });
      onClose();
      const path = `/api/v1/messages/${encodeURIComponent(messageId)}`;
      const { message } = await api.get<{ message: Message }>(path);
      router.go(conversationPath(message.conversationId));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Dialog label={`Message to ${agent.name}`} class="message-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <h2 class="section-title">Message to {agent.name}</h2>
        <textarea
          class="input"
          rows={7}
          autofocus
          required
          aria-label="Text or JSON"
          placeholder="Text, or JSON in braces"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="field-row">
          <Choice label="Type" value={type} options={TYPES} onChoose={setType} />
          <Choice label="Priority" value={priority} options={PRIORITIES} onChoose={setPriority} />
        </div>
        {problem === "" ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <div class="dialog-verbs">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="button button-primary">
            Send
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly onChoose: (value: string) => void;
}

function Choice({ label, value, options, onChoose }: ChoiceProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <select
        class="select"
        value={value}
        onChange={(event) => onChoose(event.currentTarget.value)}
      >
        {options.map((option) => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </label>
  );
}
