// Sealed chunks: what node:crypto makes of them from the text of docs/formats.md, and what does not open.
import { createDecipheriv, randomBytes } from "node:crypto";
import { expect } from "chai";
import { CHUNK_BYTES, createSealer, sealAll, sealedLength, type Sealer } from "../../objects/seal.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const SIZES = [0, 1, 495, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 200_001];

/** AES-256-GCM; the nonce is the index in 11 bytes, then whether it is the last chunk. */
function openWithNode(key: Uint8Array, chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    chunks.map((sealed, index) => {
      const nonce = Buffer.alloc(12);
      nonce.writeUInt32BE(index, 7);
      nonce[11] = index === chunks.length - 1 ? 1 : 0;
      const decipher = createDecipheriv("aes-256-gcm", key, nonce);
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    }),
  );
}

/** In pieces of odd sizes. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (7 * length + 13) % 90_001)
    yield bytes.subarray(at, at + length);
}

describe("objects: sealed chunks", () => {
  const key = new Uint8Array(randomBytes(32));
  let sealer: Sealer;
  before(async () => {
    sealer = await createSealer(key);
  });

  for (const size of SIZES)
    it(`of ${size} bytes are opened by another implementation, whatever pieces they came in`, async () => {
      const object = randomBytes(size);
      const chunks = await Array.fromAsync(sealAll(sealer, pieces(object)));
      expect(openWithNode(key, chunks).equals(object)).to.equal(true);
      expect(Buffer.concat(chunks).length).to.equal(sealedLength(size));
      const opened = await Promise.all(
        chunks.map((chunk, index) => sealer.open({ index, isLast: index === chunks.length - 1 }, chunk)),
      );
      expect(Buffer.concat(opened).equals(object)).to.equal(true);
    });

  describe("do not open", () => {
    let chunks: Uint8Array[];
    before(async () => {
      chunks = await Array.fromAsync(sealAll(sealer, [randomBytes(2 * CHUNK_BYTES + 9)]));
    });
    const refused = async (index: number, isLast: boolean, sealed: Uint8Array): Promise<void> => {
      const { code, details } = await holdfastErrorOf(sealer.open({ index, isLast }, sealed));
      expect([code, details["chunk"]]).to.deep.equal(["corrupt", index]);
    };
    const chunk = (index: number): Uint8Array => chunks[index] as Uint8Array;

    it("in another place", async () => {
      await refused(1, false, chunk(0));
      await refused(0, false, chunk(1));
    });
    it("as the last one if more came, and not as the last one if none did", async () => {
      await refused(1, true, chunk(1));
      await refused(2, false, chunk(2));
    });
    it("with a bit that is another one, and without their last byte", async () => {
      for (const at of [0, 4, chunk(2).length - 1]) {
        const other = chunk(2).slice();
        other[at] = (other[at] as number) ^ 1;
        await refused(2, true, other);
      }
      await refused(2, true, chunk(2).subarray(0, -1));
      await refused(2, true, new Uint8Array(0));
    });
    it("with another key", async () => {
      const other = await createSealer(randomBytes(32));
      const { code } = await holdfastErrorOf(other.open({ index: 0, isLast: false }, chunk(0)));
      expect(code).to.equal("corrupt");
    });
  });

  it("cannot be short before the last one, or too long", async () => {
    for (const [isLast, bytes] of [
      [false, CHUNK_BYTES - 1],
      [false, CHUNK_BYTES + 1],
      [true, CHUNK_BYTES + 1],
    ] as const) {
      const { code } = await holdfastErrorOf(sealer.seal({ index: 0, isLast }, new Uint8Array(bytes)));
      expect(code).to.equal("bad-input");
    }
  });

  it("need a key of 32 bytes, and an index that is one", async () => {
    expect((await holdfastErrorOf(createSealer(randomBytes(16)))).code).to.equal("bad-input");
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      const sealing = sealer.seal({ index, isLast: true }, new Uint8Array(1));
      expect((await holdfastErrorOf(sealing)).code).to.equal("bad-input");
    }
  });
});
