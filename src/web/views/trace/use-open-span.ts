// What a span stands for has a page of its own: a call, or the conversation of a message.

import { conversationPath } from "../../model/routes.ts";
import type { Message, TraceSpan } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";

/** Whether there is more to read behind a span. */
export function canOpen(span: TraceSpan): boolean {
  return span.ref.kind === "call" || span.ref.kind === "message";
}

/** Opens the call or the conversation behind a span; does nothing for others. */
export function useOpenSpan(): (span: TraceSpan) => void {
  const { api, router, toasts } = useApp();
  return (span) => {
    const { kind, id } = span.ref;
    if (kind === "call") router.go("/calls", { call: id });
    if (kind !== "message") return;
    api.get<{ message: Message }>(`/api/v1/messages/${encodeURIComponent(id)}`).then(
      ({ message }) => router.go(conversationPath(message.conversationId)),
      (error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        toasts.show({ text, tone: "error" });
      },
    );
  };
}
