// A sampled profile as an icicle: callers above, what they called below, as wide as it took.
// A click zooms, arrow keys move, what is typed lights up.

import { useMemo, useRef, useState } from "preact/hooks";
import {
  flameBoxes,
  matchedTotal,
  matchesFunction,
  nodesAlong,
  ownerOf,
  withoutOutside,
} from "../../model/flame.ts";
import type { CodeOwner, FlameBox } from "../../model/flame.ts";
import { formatRatio } from "../../model/format.ts";
import type { FlameNode } from "../../model/wire.ts";
import { functionPlace, profileValue } from "./profile-words.ts";
import { TopFunctions } from "./top-functions.tsx";

const ROW_PX = 20;
/** A narrower box has no room for a name. */
const NAMED_SHARE = 0.02;

/** A tree and the unit of its values. */
export interface FlameGraphProps {
  readonly root: FlameNode;
  readonly unit: string;
}

/** The drawing, its search and the functions that took most. */
export function FlameGraph({ root, unit }: FlameGraphProps) {
  const [path, setPath] = useState("");
  const [typed, setTyped] = useState("");
  const [hovered, setHovered] = useState<FlameNode | undefined>(undefined);
  const [withOutside, setWithOutside] = useState(false);
  const busy = useMemo(() => withoutOutside(root), [root]);
  // Of a program that only waited, the waiting is all there is to see.
  const hideOutside = !withOutside && busy.root.total > 0;
  const shownRoot = hideOutside ? busy.root : root;
  const along = useMemo(() => nodesAlong(shownRoot, path), [shownRoot, path]);
  const zoomed = along[along.length - 1] ?? shownRoot;
  const about = hovered ?? zoomed;
  const matched = useMemo(() => matchedTotal(shownRoot, typed), [shownRoot, typed]);
  return (
    <div class="flame" data-testid="flame-graph">
      <div class="flame-bar">
        <input
          class="input"
          type="search"
          aria-label="Find a function or file"
          placeholder="Find a function or file"
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        {typed.trim() === "" ? null : (
          <span>{formatRatio(matched / Math.max(1, shownRoot.total))} in what matches</span>
        )}
        {path === "" ? null : (
          <button type="button" class="button button-small" onClick={() => setPath("")}>
            Whole profile
          </button>
        )}
        {busy.outside > 0 && busy.root.total > 0 ? (
          <button
            type="button"
            class="button button-small"
            aria-pressed={withOutside}
            onClick={() => {
              setPath("");
              setWithOutside(!withOutside);
            }}
          >
            {withOutside
              ? "Functions only"
              : `With ${profileValue(busy.outside, unit)} outside functions`}
          </button>
        ) : null}
        <OwnerKey />
      </div>
      <FlameBoxes
        root={shownRoot}
        path={path}
        typed={typed}
        unit={unit}
        onZoom={setPath}
        onHover={setHovered}
      />
      <FlameDetails node={about} root={shownRoot} unit={unit} />
      <TopFunctions root={shownRoot} unit={unit} onFind={setTyped} />
    </div>
  );
}

const OWNERS: readonly (readonly [CodeOwner, string])[] = [
  ["own", "its own code"],
  ["package", "packages"],
  ["runtime", "runtime"],
  ["engine", "engine"],
];

function OwnerKey() {
  return (
    <ul class="flame-key" aria-label="Whose code">
      {OWNERS.map(([owner, words]) => (
        <li key={owner}>
          <i class={`flame-swatch flame-${owner}`} aria-hidden="true" />
          {words}
        </li>
      ))}
    </ul>
  );
}

interface FlameBoxesProps extends FlameGraphProps {
  readonly path: string;
  readonly typed: string;
  readonly onZoom: (path: string) => void;
  readonly onHover: (node: FlameNode | undefined) => void;
}

function FlameBoxes({ root, path, typed, unit, onZoom, onHover }: FlameBoxesProps) {
  const host = useRef<HTMLDivElement>(null);
  const boxes = useMemo(() => flameBoxes(root, path), [root, path]);
  const rows = boxes.reduce((deepest, { depth }) => Math.max(deepest, depth), 0) + 1;
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onZoom("");
    const from = boxes.find(({ path: at }) => at === focusedPath(host.current));
    const to = from === undefined ? undefined : neighbour(boxes, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    const found = host.current?.querySelector<HTMLElement>(`[data-path="${to.path}"]`);
    found?.focus();
  };
  return (
    <div class="flame-scroll">
      <div
        ref={host}
        class="flame-boxes"
        role="group"
        aria-label="Flame graph; arrow keys move, Enter zooms, Escape shows all"
        style={{ height: `${rows * ROW_PX}px` }}
        onKeyDown={onKeyDown}
        onPointerLeave={() => onHover(undefined)}
      >
        {boxes.map((box) => (
          <FlameButton
            key={`${box.above ? "above" : ""}${box.path}`}
            box={box}
            dimmed={typed.trim() !== "" && !matchesFunction(box.node, typed)}
            lit={matchesFunction(box.node, typed)}
            words={`${box.node.name}, ${profileValue(box.node.total, unit)}`}
            tabbable={box.path === path && !box.above}
            onZoom={onZoom}
            onHover={onHover}
          />
        ))}
      </div>
    </div>
  );
}

function focusedPath(host: HTMLElement | null): string | undefined {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement) || host?.contains(activeElement) !== true) {
    return undefined;
  }
  return activeElement.dataset["path"];
}

function neighbour(boxes: readonly FlameBox[], from: FlameBox, key: string): FlameBox | undefined {
  if (key === "ArrowDown") {
    return boxes.find(({ depth, left }) => depth === from.depth + 1 && left >= from.left - 1e-9);
  }
  if (key === "ArrowUp") {
    return boxes.findLast(
      ({ depth, left }) => depth === from.depth - 1 && left <= from.left + 1e-9,
    );
  }
  const row = boxes.filter(({ depth }) => depth === from.depth);
  const at = row.indexOf(from);
  if (key === "ArrowRight") return row[at + 1];
  return key === "ArrowLeft" ? row[at - 1] : undefined;
}

interface FlameButtonProps {
  readonly box: FlameBox;
  readonly dimmed: boolean;
  readonly lit: boolean;
  readonly words: string;
  readonly tabbable: boolean;
  readonly onZoom: (path: string) => void;
  readonly onHover: (node: FlameNode | undefined) => void;
}

function FlameButton(props: FlameButtonProps) {
  const { box, dimmed, lit, words, tabbable, onZoom, onHover } = props;
  const classes = [
    "flame-box",
    `flame-${ownerOf(box.node)}`,
    box.above ? "flame-above" : "",
    dimmed ? "flame-dimmed" : "",
    lit ? "flame-lit" : "",
    box.width > NAMED_SHARE ? "" : "flame-slim",
  ];
  return (
    <button
      type="button"
      class={classes.filter(Boolean).join(" ")}
      data-path={box.path}
      data-testid="flame-box"
      tabIndex={tabbable ? 0 : -1}
      aria-label={words}
      style={{
        top: `${box.depth * ROW_PX}px`,
        left: `${box.left * 100}%`,
        width: `${box.width * 100}%`,
      }}
      onClick={() => onZoom(box.path)}
      onFocus={() => onHover(box.node)}
      onPointerEnter={() => onHover(box.node)}
    >
      {box.width > NAMED_SHARE ? box.node.name : ""}
    </button>
  );
}

interface FlameDetailsProps extends FlameGraphProps {
  readonly node: FlameNode;
}

/** The function under the pointer, at a fixed place. */
function FlameDetails({ node, root, unit }: FlameDetailsProps) {
  const place = functionPlace(node);
  return (
    <p class="flame-details" data-testid="flame-details">
      <strong class="mono">{node.name}</strong>
      {place === "" ? null : <span class="mono dim">{place}</span>}
      <span>
        {profileValue(node.total, unit)}, {formatRatio(node.total / Math.max(1, root.total))}
      </span>
      <span class="dim">{profileValue(node.self, unit)} by itself</span>
    </p>
  );
}
