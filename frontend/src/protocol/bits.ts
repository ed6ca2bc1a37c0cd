/** Reads the bits of a binary arithmetic code. */
export class Bits {
  private low = 0
  private high = 0xffffffff
  private window = 0
  private taken = 0
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    for (let i = 0; i < 4; i++) this.shift()
  }

  /** A bit whose probability of being 1 is p of 65,536. */
  read(p: number): number {
    const mid = this.low + Math.floor(((this.high - this.low) * p) / 65536)
    const bit = this.window <= mid ? 1 : 0
    if (bit) this.high = mid
    else this.low = mid + 1
    while ((this.low ^ this.high) >>> 24 === 0) {
      this.low = (this.low << 8) >>> 0
      this.high = ((this.high << 8) | 255) >>> 0
      this.shift()
    }
    return bit
  }

  /** Whether more was asked for than anyone wrote. */
  get exhausted(): boolean {
    return this.taken > this.bytes.length + 4
  }

  private shift(): void {
    this.window = ((this.window << 8) | (this.bytes[this.taken] ?? 0)) >>> 0
    this.taken++
  }
}
