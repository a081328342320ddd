// One conversation: rows in the middle, the chosen message's details on the right. j and k move,
// r replies, x pauses whoever sent the chosen message.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { conversationRows, tracesOf, withCalls } from "../../model/conversation-rows.ts";
import type { ConversationRow } from "../../model/conversation-rows.ts";
import { formatAge, formatSeconds, nameList } from "../../model/format.ts";
import type { CallRecord, MessageWithDeliveries } from "../../model/wire.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { CallStatus } from "../calls/call-table.tsx";
import { Clock } from "../parts/age.tsx";
import { isTyping } from "../parts/keyboard.ts";
import { MessageDetails } from "./message-details.tsx";
import { MessageRow } from "./message-row.tsx";
import { ReplyBox } from "./reply-box.tsx";

/** Messages of one conversation read at once, the newest ones. */
const MESSAGES_MAX = 1000;

/** The middle and right panes. */
export function Thread({ conversationId }: { readonly conversationId: string }) {
  const { router } = useApp();
  const { data, error, refresh } = useMessages(conversationId);
  const [chosenId, setChosenId] = useState<string | undefined>(undefined);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const calls = useCallsOf(data);
  const rows = useMemo(
    () => withCalls(conversationRows(data ?? [], opened), calls),
    [data, opened, calls],
  );
  const entries = rows.flatMap((row) => (row.kind === "message" ? [row.entry] : []));
  const last = entries[entries.length - 1];
  const deadOnly = router.query.value.get("show") === "dead";
  // Who looks for dead letters finds the newest one chosen.
  const natural = deadOnly ? (entries.findLast(isDead) ?? last) : last;
  const chosen = entries.find((entry) => entry.message.id === chosenId) ?? natural;
  const replyBox = useRef<HTMLTextAreaElement>(null);
  useThreadKeys(entries, chosen, setChosenId, replyBox);
  const text = useFollowEnd(entries.length);
  if (data === undefined)
    return error === undefined ? null : <p class="problem">{error.message}</p>;
  return (
    <>
      <section class="thread" aria-label="Messages" data-testid="thread">
        <div class="thread-scroll" ref={text}>
          {data.length === 0 ? (
            <p class="panel-note">This conversation has no message any more.</p>
          ) : null}
          <ol class="thread-rows">
            {rows.map((row) => (
              <Row
                key={rowKey(row)}
                row={row}
                chosenId={chosen?.message.id}
                onChoose={setChosenId}
                onOpen={(id) => setOpened(new Set([...opened, id]))}
              />
            ))}
          </ol>
        </div>
        {chosen === undefined ? null : (
          <ReplyBox entries={entries} replyTo={chosen} fieldRef={replyBox} onSent={refresh} />
        )}
      </section>
      {chosen === undefined ? null : <MessageDetails entry={chosen} onChanged={refresh} />}
    </>
  );
}

/** Traces whose calls are asked for; those of older messages are on the Calls page. */
const TRACES_MAX = 6;
const NO_CALLS: readonly CallRecord[] = [];

/** The gateway calls that a conversation's newest messages led to. */
function useCallsOf(entries: readonly MessageWithDeliveries[] | undefined): readonly CallRecord[] {
  const { api } = useApp();
  const traceIds = useMemo(() => tracesOf(entries ?? [], TRACES_MAX), [entries]);
  const { data } = useResource(
    traceIds.length === 0 ? null : `calls of ${traceIds.join(" ")}`,
    async (signal) => {
      type Answer = { readonly calls: readonly CallRecord[] };
      const read = (traceId: string): Promise<Answer> =>
        api.get<Answer>("/api/v1/calls", { traceId, limit: 50 }, signal);
      return (await Promise.all(traceIds.map(read))).flatMap((answer) => answer.calls);
    },
    { refreshMs: 5000 },
  );
  return traceIds.length === 0 ? NO_CALLS : (data ?? NO_CALLS);
}

function isDead(entry: MessageWithDeliveries): boolean {
  return entry.deliveries.some((copy) => copy.state === "dead");
}

function useMessages(conversationId: string) {
  const { api, live } = useApp();
  const changed = live.changedConversations.value;
  const version = useRef(0);
  if (changed.ids.includes(conversationId)) version.current = changed.version;
  return useResource(
    `thread ${conversationId} ${live.connections.value} ${version.current}`,
    async (signal) => {
      const query = { conversationId, limit: MESSAGES_MAX };
      type Answer = { readonly messages: readonly MessageWithDeliveries[] };
      return (await api.get<Answer>("/api/v1/messages", query, signal)).messages;
    },
    { refreshMs: 10_000 },
  );
}

/** Keeps the newest message in view unless the reader scrolled up. */
function useFollowEnd(count: number) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useRef(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const nearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 240;
    if (seen.current === 0 || nearEnd) element.scrollTop = element.scrollHeight;
    seen.current = count;
  }, [count]);
  return box;
}

function useThreadKeys(
  entries: readonly MessageWithDeliveries[],
  chosen: MessageWithDeliveries | undefined,
  choose: (id: string) => void,
  replyBox: { readonly current: HTMLTextAreaElement | null },
): void {
  const { actions, live } = useApp();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isTyping(event) || chosen === undefined) return;
      const at = entries.indexOf(chosen);
      if (event.key === "j" || event.key === "k") {
        const next = entries[at + (event.key === "j" ? 1 : -1)];
        if (next === undefined) return;
        choose(next.message.id);
        document.getElementById(`message-${next.message.id}`)?.scrollIntoView({ block: "nearest" });
      } else if (event.key === "r") {
        event.preventDefault();
        replyBox.current?.focus();
      } else if (event.key === "x") {
        const { senderId } = chosen.message;
        if (live.agents.peek()?.has(senderId) === true) void actions.pause([senderId]);
      }
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [entries, chosen]);
}

function rowKey(row: ConversationRow): string {
  if (row.kind === "message") return row.entry.message.id;
  if (row.kind === "call") return `call ${row.call.id}`;
  return row.kind === "silence" ? `silence ${row.afterId}` : row.id;
}

/** A gateway call as one line among the messages. */
function CallRow({ call }: { readonly call: CallRecord }) {
  const { router } = useApp();
  return (
    <li class="call-line" data-testid="call-line">
      <Clock atMs={call.atMs} />
      <CallStatus call={{ status: call.status, code: null }} />
      <span class="dim">{call.agentId ?? "nobody"}</span>
      <a class="mono" href={router.href("/calls", { call: call.id })}>
        {call.method} {call.path}
      </a>
      <span class="dim">{formatSeconds(call.durationMs / 1000)}</span>
    </li>
  );
}

interface RowProps {
  readonly row: ConversationRow;
  readonly chosenId: string | undefined;
  readonly onChoose: (id: string) => void;
  readonly onOpen: (id: string) => void;
}

function Row({ row, chosenId, onChoose, onOpen }: RowProps) {
  if (row.kind === "silence") {
    return (
      <li class="silence">
        <span>{formatAge(row.durationMs)} quiet</span>
      </li>
    );
  }
  if (row.kind === "call") return <CallRow call={row.call} />;
  if (row.kind === "repeats") {
    const who =
      row.participants.length === 2 ? row.participants.join(" ⇄ ") : nameList(row.participants);
    return (
      <li class="repeats">
        <button type="button" class="button button-quiet" onClick={() => onOpen(row.id)}>
          {who}, {row.entries.length} similar <span class="dim">show</span>
        </button>
      </li>
    );
  }
  const { id } = row.entry.message;
  return <MessageRow entry={row.entry} chosen={id === chosenId} onChoose={() => onChoose(id)} />;
}
