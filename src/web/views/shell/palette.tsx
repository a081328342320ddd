// Ctrl-K: every page, agent, service, alert and action, a few letters away.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { shownState } from "../../model/agent-state.ts";
import { compareNames } from "../../model/fleet.ts";
import { rankItems } from "../../model/palette.ts";
import type { PaletteItem } from "../../model/palette.ts";
import { agentPath, alertPath, servicePath } from "../../model/routes.ts";
import { RANGE_PRESETS } from "../../model/time-range.ts";
import type { Alert, ServiceView } from "../../model/wire.ts";
import { holdVerb } from "../../state/agent-actions.ts";
import { useApp } from "../../state/app.ts";
import type { App } from "../../state/app.ts";
import { THEMES } from "../../state/theme.ts";
import { Dialog } from "../parts/dialog.tsx";

interface RunnableItem extends PaletteItem {
  readonly run: () => void;
}

/** The palette, while it is open. */
export function Palette() {
  const app = useApp();
  useEffect(() => {
    const open = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      app.paletteOpen.value = !app.paletteOpen.peek();
    };
    addEventListener("keydown", open);
    return () => removeEventListener("keydown", open);
  }, []);
  return app.paletteOpen.value ? <OpenPalette /> : null;
}

function OpenPalette() {
  const app = useApp();
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  usePaletteData(app);
  const { agents, alerts, services } = app.live;
  const items = useMemo(() => allItems(app), [agents.value, alerts.value, services.value]);
  const ranked = rankItems(items, typed);
  const list = useRef<HTMLUListElement>(null);
  const close = (): void => {
    app.paletteOpen.value = false;
  };
  const run = (item: RunnableItem | undefined): void => {
    if (item === undefined) return;
    close();
    item.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (event.key === "Enter") run(ranked[chosen]);
    else if (step !== 0 && ranked.length > 0) {
      const next = (chosen + step + ranked.length) % ranked.length;
      setChosen(next);
      list.current?.children[next]?.scrollIntoView({ block: "nearest" });
    } else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Go to or do" class="palette" onClose={close}>
      <input
        class="palette-input"
        autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${chosen}`}
        aria-label="Page, agent, service, alert or action"
        placeholder="Page, agent, service, alert or action"
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul ref={list} id="palette-list" class="palette-list" role="listbox" aria-label="Matches">
        {ranked.map((item, index) => (
          <li
            key={item.id}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            class="palette-item"
            onClick={() => run(item)}
            onPointerMove={() => setChosen(index)}
          >
            <span class="palette-label">{item.label}</span>
            <span class="palette-hint">{item.hint}</span>
          </li>
        ))}
      </ul>
      {ranked.length === 0 ? <p class="palette-none">Nothing matches “{typed}”.</p> : null}
    </Dialog>
  );
}

/** What the stream has not brought yet: services and alerts that did not change since. */
function usePaletteData({ api, live }: App): void {
  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    const read = async (): Promise<void> => {
      const [found, known] = await Promise.all([
        api.get<{ alerts: Alert[] }>("/api/v1/alerts", { state: "firing" }, signal),
        api.get<{ services: ServiceView[] }>("/api/v1/services", {}, signal),
      ]);
      live.apply({ kind: "alerts", alerts: found.alerts });
      live.apply({ kind: "services", services: known.services, removed: [] });
    };
    // Without them the palette still finds everything else.
    void read().catch(() => undefined);
    return () => abort.abort();
  }, []);
}

function serviceItems(app: App): readonly RunnableItem[] {
  return [...app.live.services.peek().values()].map((service) => ({
    id: `service ${service.id}`,
    group: "Services",
    label: service.name,
    hint: `service, ${service.status}`,
    run: () => app.router.go(servicePath(service.id)),
  }));
}

function alertItems(app: App): readonly RunnableItem[] {
  return [...app.live.alerts.peek().values()]
    .filter(({ state }) => state === "firing")
    .map((alert) => ({
      id: `alert ${alert.id}`,
      group: "Alerts",
      label: alert.message,
      hint: `alert, ${alert.level}`,
      run: () => app.router.go(alertPath(alert.id)),
    }));
}

function allItems(app: App): readonly RunnableItem[] {
  const tiles = [...(app.live.agents.peek()?.values() ?? [])];
  tiles.sort((a, b) => compareNames(a.name, b.name));
  const agents = tiles.map((tile): RunnableItem => {
    const hint = `${tile.kind}, ${shownState(tile)}`;
    const run = (): void => app.router.go(agentPath(tile.id));
    return { id: `agent ${tile.id}`, group: "Agents", label: tile.name, hint, run };
  });
  const holds = tiles.map((tile): RunnableItem => {
    const verb = holdVerb(tile);
    const run = (): void => void app.actions.toggleHold(tile);
    const label = `${verb} ${tile.name}`;
    return { id: `${verb} ${tile.id}`, group: "Actions", label, hint: "action", run };
  });
  return [
    ...pageItems(app),
    ...alertItems(app),
    ...agents,
    ...serviceItems(app),
    ...settingItems(app),
    ...holds,
  ];
}

function pageItems(app: App): readonly RunnableItem[] {
  const pages = [
    ["Overview", "/"],
    ["Agents", "/agents"],
    ["Conversations", "/conversations"],
    ["Services", "/services"],
    ["Calls", "/calls"],
    ["Alerts", "/alerts"],
    ["Metrics", "/metrics"],
    ["History", "/history"],
    ["Connect an agent", "/connect"],
  ] as const;
  return pages.map(([label, path]) => ({
    id: path,
    group: "Pages",
    label,
    hint: "page",
    run: () => app.router.go(path),
  }));
}

function settingItems(app: App): readonly RunnableItem[] {
  const themes = THEMES.map((theme): RunnableItem => {
    const run = (): void => app.theme.choose(theme);
    return {
      id: `theme ${theme}`,
      group: "Actions",
      label: `Theme: ${theme}`,
      hint: "action",
      run,
    };
  });
  const ranges = RANGE_PRESETS.map((preset): RunnableItem => {
    const run = (): void => app.setRange({ kind: "preset", preset });
    const label = `Time range: ${preset}`;
    return { id: `range ${preset}`, group: "Actions", label, hint: "action", run };
  });
  const signOut = async (): Promise<void> => {
    await app.api.post("/api/v1/logout").catch(() => undefined);
    location.assign("/in");
  };
  const out: RunnableItem = {
    id: "sign out",
    group: "Actions",
    label: "Sign out",
    hint: "action",
    run: () => void signOut(),
  };
  return [...themes, ...ranges, out];
}
