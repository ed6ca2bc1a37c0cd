// A second reader of the Gridbook protocol, written from PROTOCOL.md alone.
// It is for tests: nothing of this folder is part of the product.

/** The error classes that a decoder can meet (PROTOCOL.md §10). */
export type Code = 'malformed' | 'too_large'

/** Bytes that are not the protocol, or that go beyond its limits. */
export class ProtocolError extends Error {
  readonly code: Code

  constructor(code: Code, message: string) {
    super(message)
    this.code = code
  }
}

/** Fails with the class `malformed` unless the condition holds. */
export function expectForm(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ProtocolError('malformed', what)
}

/** Fails with the class `too_large` if n goes beyond a limit of §11. */
export function expectWithin(n: number | bigint, limit: number, what: string): void {
  if (n > limit) throw new ProtocolError('too_large', `${what}: ${n} over ${limit}`)
}

/** The limits of PROTOCOL.md §11. */
export const limits = {
  message: 16 << 20,
  batch: 32 << 20,
  records: 1 << 16,
  replicas: 1 << 16,
  fields: 256,
  heads: 256,
  seen: 4096,
  text: 1 << 16,
  list: 1024,
  listed: 1 << 18,
  page: 64,
  keys: 131_072,
  days: 32_768,
} as const

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of bytes, which must be UTF-8; a byte order mark stays. */
export function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new ProtocolError('malformed', 'text is not UTF-8')
  }
}

/** Reads numbers and bytes from the front of a stream. */
export class Reader {
  private at = 0
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    return this.take(1)[0]!
  }

  take(n: number): Uint8Array {
    expectForm(n >= 0 && n <= this.left, `${n} bytes wanted, ${this.left} left`)
    this.at += n
    return this.bytes.subarray(this.at - n, this.at)
  }

  /** A uvarint: base 128, lowest group first, at most 64 bits. */
  uvarint(): bigint {
    let n = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const b = this.byte()
      n |= BigInt(b & 0x7f) << shift
      if (b < 0x80) {
        expectForm(n < 1n << 64n, 'number of more than 64 bits')
        return n
      }
    }
    throw new ProtocolError('malformed', 'number of more than 10 bytes')
  }

  /** A varint: zigzag over a uvarint. */
  varint(): bigint {
    const n = this.uvarint()
    return n & 1n ? -(n >> 1n) - 1n : n >> 1n
  }

  /** A uvarint that says how many or how long, checked before memory is taken. */
  count(limit: number, what: string): number {
    const n = this.uvarint()
    expectWithin(n, limit, what)
    return Number(n)
  }

  /** A uvarint that names something in so many bits. */
  name(bits: 16 | 32): number {
    const n = this.uvarint()
    expectWithin(n, 2 ** bits - 1, `name of ${bits} bits`)
    return Number(n)
  }

  /** The end must have been reached. */
  end(what: string): void {
    expectForm(this.left === 0, `${this.left} bytes after ${what}`)
  }
}
