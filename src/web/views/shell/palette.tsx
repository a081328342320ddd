// Ctrl-K: every page, agent and action, a few letters away.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { shownState } from "../../model/agent-state.ts";
import { compareNames } from "../../model/fleet.ts";
import { rankItems } from "../../model/palette.ts";
import type { PaletteItem } from "../../model/palette.ts";
import { agentPath } from "../../model/routes.ts";
import { RANGE_PRESETS } from "../../model/time-range.ts";
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
  const items = useMemo(() => allItems(app), [app.live.agents.value]);
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
        aria-label="Page, agent or action"
        placeholder="Page, agent or action"
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

function allItems(app: App): readonly RunnableItem[] {
  const tiles = [...(app.live.agents.peek()?.values() ?? [])];
  tiles.sort((a, b) => compareNames(a.name, b.name));
  const agents = tiles.map((tile): RunnableItem => {
    const hint = `${tile.kind}, ${shownState(tile)}`;
    const run = (): void => app.router.go(agentPath(tile.id));
    return { id: `agent ${tile.id}`, group: "Agents", label: tile.name, hint, run };
  });
  const pauses = tiles.map((tile): RunnableItem => {
    const verb = tile.paused ? "Resume" : "Pause";
    const run = (): void => {
      void (tile.paused ? app.actions.resume([tile.id]) : app.actions.pause([tile.id]));
    };
    const label = `${verb} ${tile.name}`;
    return { id: `${verb} ${tile.id}`, group: "Actions", label, hint: "action", run };
  });
  return [...pageItems(app), ...agents, ...settingItems(app), ...pauses];
}

function pageItems(app: App): readonly RunnableItem[] {
  const pages = [
    ["Overview", "/"],
    ["Agents", "/agents"],
    ["Conversations", "/conversations"],
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
