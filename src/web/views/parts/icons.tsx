// The few pictograms of the navigation, drawn as strokes of one weight.

const PATHS = {
  overview: "M2.5 2.5h4.5v4.5h-4.5zM9 2.5h4.5v4.5h-4.5zM2.5 9h4.5v4.5h-4.5zM9 9h4.5v4.5h-4.5z",
  agents: "M2.5 4h11M2.5 8h11M2.5 12h11",
  conversations: "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z",
  services: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.5M5 11h.5",
  calls: "M2.5 5.5h10.5M10 2.5l3 3l-3 3M13.5 10.5h-10.5M6 7.5l-3 3l3 3",
  alerts: "M8 2.5l6 10.5h-12zM8 6.5v3M8 11h.01",
  metrics: "M2.5 13.5v-11M2.5 13.5h11M4.5 10.5l3-3.5l2.5 2l3.5-5",
  history: "M8 2.5a5.5 5.5 0 1 1-5.2 3.7M2.5 3v3.3h3.3M8 5v3.2l2.2 1.3",
  more: "M2.5 4.5h11M2.5 8h11M2.5 11.5h6",
  connect: "M8 3v10M3 8h10",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9zM10.5 10.5l3 3",
  close: "M4 4l8 8M12 4l-8 8",
  open: "M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3l-6 6",
} as const;

/** Name of a pictogram. */
export type IconName = keyof typeof PATHS;

/** A decorative pictogram; its meaning is always beside it in words. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.3"
        stroke-linecap="round"
      />
    </svg>
  );
}
