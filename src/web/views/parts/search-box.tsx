// A filter that is typed: what the page asks the server follows once the typing rests.

import { useEffect, useRef, useState } from "preact/hooks";

/** A text in the address and how to change it. */
export interface SearchBoxProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

const REST_MS = 250;

/** A search field. */
export function SearchBox({ label, value, onChange }: SearchBoxProps) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <input
      class="input"
      type="search"
      aria-label={label}
      placeholder={label}
      value={typed}
      onInput={(event) => {
        const next = event.currentTarget.value;
        setTyped(next);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onChange(next), REST_MS);
      }}
    />
  );
}
