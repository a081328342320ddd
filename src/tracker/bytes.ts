// Reading and writing the sketch's binary form: little-endian floats, and LEB128 varints (7 bits
// a byte, least significant first; signed ones zigzag-coded) up to 2^53.

/** Grows as it is written; `bytes()` is what was written. */
export class ByteWriter {
  #view: DataView<ArrayBuffer>;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#view = new DataView(new ArrayBuffer(capacityBytes));
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#view.setUint8(this.#length++, value);
  }

  float(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** @param value a whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    let rest = value;
    this.#reserve(8);
    while (rest >= 128) {
      this.#view.setUint8(this.#length++, (rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#view.setUint8(this.#length++, rest);
  }

  signedVarint(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#view.buffer.slice(0, this.#length));
  }

  #reserve(byteCount: number): void {
    if (this.#length + byteCount <= this.#view.byteLength) return;
    const grown = new Uint8Array(this.#view.byteLength * 2);
    grown.set(new Uint8Array(this.#view.buffer));
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what {@link ByteWriter} wrote; every read throws RangeError past the end. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }

  byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  float(): number {
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 53; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
    }
    throw new RangeError("A number in the sketch is longer than 53 bits");
  }

  signedVarint(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
