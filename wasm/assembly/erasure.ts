/**
 * Sums of multiples in GF(2^8): what a Reed-Solomon code is made of, both ways (docs/formats.md).
 *
 * The product of a byte with a fixed coefficient is that of its lower four bits plus that of its upper four. Each has 16 values,
 * which fill a vector, so that one instruction looks up 16 bytes (Plank, Greenan, Miller: Screaming Fast Galois Field Arithmetic
 * Using Intel SIMD Instructions, FAST 2013).
 */

/** Bytes of a coefficient's products. */
const TABLE: usize = 32;

/** The first address that is the caller's. */
export function base(): usize { return (__heap_base + 15) & ~(<usize>15); }

/**
 * output[row] = sum of coefficient[row][column] * input[column]. Inputs and outputs lie one after the other, `length` bytes each,
 * a multiple of 64. `tables` has the products of each coefficient, row by row: of 0 to 15, then of 0, 16, ..., 240.
 */
export function combine(
  tables: usize, inputs: usize, columns: usize, outputs: usize, rows: usize, length: usize,
): void {
  const fifteen = v128.splat<u8>(15);
  const end = inputs + length;
  for (let row: usize = 0; row < rows; row++) {
    let to = outputs + row * length;
    for (let from = inputs; from < end; from += 64) {
      let a = v128.splat<u8>(0);
      let b = a;
      let c = a;
      let d = a;
      let at = from;
      let table = tables + row * columns * TABLE;
      for (let column: usize = 0; column < columns; column++) {
        const low = v128.load(table);
        const high = v128.load(table, 16);
        a = v128.xor(a, product(v128.load(at), low, high, fifteen));
        b = v128.xor(b, product(v128.load(at, 16), low, high, fifteen));
        c = v128.xor(c, product(v128.load(at, 32), low, high, fifteen));
        d = v128.xor(d, product(v128.load(at, 48), low, high, fifteen));
        at += length;
        table += TABLE;
      }
      v128.store(to, a);
      v128.store(to, b, 16);
      v128.store(to, c, 32);
      v128.store(to, d, 48);
      to += 64;
    }
  }
}

// @ts-ignore: decorator
@inline
function product(bytes: v128, low: v128, high: v128, fifteen: v128): v128 {
  return v128.xor(
    v128.swizzle(low, v128.and(bytes, fifteen)),
    v128.swizzle(high, v128.shr<u8>(bytes, 4)),
  );
}
