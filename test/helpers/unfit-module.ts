/**
 * hash.wasm as it would run on a machine whose multiply-add is different from what the module needs.
 */

/** Computes c - a b where the module asks for c + a b (f64x2.relaxed_nmadd for f64x2.relaxed_madd). */
export function unfit(module: Uint8Array): Uint8Array {
  const bytes = Buffer.from(module);
  const [madd, nmadd] = [Buffer.from([0xfd, 0x87, 0x02]), Buffer.from([0xfd, 0x88, 0x02])];
  for (let at = bytes.indexOf(madd); at >= 0; at = bytes.indexOf(madd)) nmadd.copy(bytes, at);
  return bytes;
}
