// What happened lately, one line each.

import type { FeedEvent } from "../../model/wire.ts";
import { eventWords } from "../../model/event-words.ts";
import { agentPath } from "../../model/routes.ts";
import { useApp } from "../../state/app.ts";
import { useResource } from "../../state/use-resource.ts";
import { useEffect } from "preact/hooks";
import { Clock } from "../parts/age.tsx";
import { ReadProblem } from "../parts/read-problem.tsx";

/** The newest events; older ones by scrolling. */
export function EventsPanel() {
  const { api, live } = useApp();
  const past = useResource(`events ${live.connections.value}`, async (signal) => {
    const path = "/api/v1/events";
    return (await api.get<{ events: FeedEvent[] }>(path, { limit: 100 }, signal)).events;
  });
  useEffect(() => {
    if (past.data !== undefined) live.apply({ kind: "feed", events: past.data });
  }, [past.data]);
  const events = live.events.value;
  return (
    <section class="panel events" aria-labelledby="events" data-testid="events">
      <h2 id="events" class="panel-title">
        Events
      </h2>
      <div class="events-scroll" tabIndex={0} role="log" aria-labelledby="events">
        <ReadProblem resource={past} />
        {events.length === 0 && past.data !== undefined ? (
          <p class="panel-note">Nothing has happened yet.</p>
        ) : null}
        <ul>
          {events.map((event) => (
            <EventLine key={event.id} event={event} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function EventLine({ event }: { readonly event: FeedEvent }) {
  const { router } = useApp();
  const mark = event.level === "info" ? "" : event.level;
  const words = eventWords(event);
  return (
    <li class={`event event-${event.level}`}>
      <Clock atMs={event.atMs} />
      <span class="event-text" title={words}>
        {mark === "" ? null : (
          <i class={`event-mark event-mark-${mark}`} role="img" aria-label={mark} />
        )}
        {event.agentId === null ? (
          words
        ) : (
          <a href={router.href(agentPath(event.agentId))}>{words}</a>
        )}
      </span>
    </li>
  );
}
