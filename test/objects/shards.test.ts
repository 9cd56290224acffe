// From an object to masked shards and back: any k of n give the same bytes, and no two shards share any.
import { createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { createErasureCoder, type ErasureCode, type ErasureCoder } from "../../erasure/code.ts";
import { createMask } from "../../objects/mask.ts";
import { CHUNK_BYTES, createSealer, sealAll, sealedLength } from "../../objects/seal.ts";
import { joinStripe, shardLength, stripeAt, stripeCount, stripesOf } from "../../objects/stripes.ts";
import { prepareErasure } from "../../wasm/prepare.ts";
import { holdfastErrorOf } from "../helpers/errors.ts";

const CODE: ErasureCode = { needed: 3, total: 5 };
const STRIPE = 3 * CHUNK_BYTES;

describe("objects: shards", function () {
  this.timeout(60_000);
  let coder: ErasureCoder;
  before(async () => {
    coder = createErasureCoder(await readFile(await prepareErasure()));
  });

  async function shardsOf(
    code: ErasureCode,
    object: Uint8Array,
  ): Promise<[sealed: Buffer, shards: Buffer[]]> {
    const chunks = await Array.fromAsync(sealAll(await createSealer(randomBytes(32)), [object]));
    const stripes = await Array.fromAsync(stripesOf(coder, code, chunks));
    const shards = Array.from({ length: code.total }, (_, i) =>
      Buffer.concat(stripes.map((units) => units[i] as Uint8Array)),
    );
    return [Buffer.concat(chunks), shards];
  }

  function join(
    code: ErasureCode,
    shards: readonly Buffer[],
    bytes: number,
    from: readonly number[],
  ): Buffer {
    return Buffer.concat(
      Array.from({ length: stripeCount(code, bytes) }, (_, index) => {
        const stripe = stripeAt(code, bytes, index);
        const unit = (number: number): Uint8Array =>
          (shards[number] as Buffer).subarray(stripe.offset, stripe.offset + stripe.length);
        return joinStripe(coder, code, new Map(from.map((number) => [number, unit(number)])), stripe);
      }),
    );
  }

  for (const size of [0, 1, 495, 496, 497, CHUNK_BYTES, STRIPE - 1, STRIPE, STRIPE + 1, 2 * STRIPE + 70_001])
    it(`of an object of ${size} bytes give it back, whichever are lost`, async () => {
      const [sealed, shards] = await shardsOf(CODE, randomBytes(size));
      for (const shard of shards) expect(shard.length).to.equal(shardLength(CODE, sealedLength(size)));
      for (let a = 0; a < 5; a++)
        for (let b = a + 1; b < 5; b++) {
          const left = [0, 1, 2, 3, 4].filter((number) => number !== a && number !== b);
          expect(join(CODE, shards, sealed.length, left).equals(sealed), `without ${a}, ${b}`).to.equal(true);
        }
    });

  it("are copies in a code of 1 of n", async () => {
    const [sealed, shards] = await shardsOf({ needed: 1, total: 2 }, randomBytes(100_000));
    expect(shards.map((shard) => shard.equals(sealed))).to.deep.equal([true, true]);
  });

  it("are the sealed bytes in turns, a chunk in each unit, so that a chunk is read from one shard", async () => {
    const [sealed, shards] = await shardsOf(CODE, randomBytes(2 * STRIPE));
    const unit = CHUNK_BYTES + 16;
    for (let chunk = 0; chunk < 6; chunk++) {
      const at = Math.floor(chunk / 3) * unit;
      const found = (shards[chunk % 3] as Buffer).subarray(at, at + unit);
      expect(found.equals(sealed.subarray(chunk * unit, (chunk + 1) * unit))).to.equal(true);
    }
  });

  it("cannot be joined with fewer than k", async () => {
    const [sealed, shards] = await shardsOf(CODE, randomBytes(1000));
    const joining = (async () => Promise.resolve(join(CODE, shards, sealed.length, [3, 4])))();
    expect((await holdfastErrorOf(joining)).code).to.equal("not-found");
  });
});

describe("objects: masks", () => {
  const secret = new Uint8Array(randomBytes(32));
  const place = { vNode: 2n ** 40n + 7n, shard: 259, generation: 65_541 };

  it("are what HKDF and AES-256-CTR of another implementation give", async () => {
    const shard = randomBytes(100_000);
    const mask = await createMask(secret, place);
    const info = Buffer.alloc(30);
    info.write("holdfast mask v1");
    info.writeBigUInt64BE(place.vNode, 16);
    info.writeUInt16BE(place.shard, 24);
    info.writeUInt32BE(place.generation, 26);
    const key = Buffer.from(hkdfSync("sha256", secret, "", info, 32));
    const stream = createDecipheriv("aes-256-ctr", key, Buffer.alloc(16));
    expect(stream.update(await mask.apply(0, shard)).equals(shard)).to.equal(true);
  });

  it("begin anywhere in a shard", async () => {
    const shard = randomBytes(1000);
    const mask = await createMask(secret, place);
    const whole = Buffer.from(await mask.apply(0, shard));
    for (const [from, to] of [
      [0, 1],
      [1, 17],
      [15, 16],
      [16, 48],
      [333, 1000],
      [1000, 1000],
    ] as const)
      expect(
        Buffer.from(await mask.apply(from, shard.subarray(from, to))).equals(whole.subarray(from, to)),
      ).to.equal(true);
  });

  it("of different places share no 16 bytes, even where the data is the same", async () => {
    const data = new Uint8Array(40_000);
    const places = [
      place,
      { ...place, vNode: place.vNode + 1n },
      { ...place, shard: place.shard + 1 },
      { ...place, generation: place.generation + 1 },
    ];
    const masked = await Promise.all(places.map(async (at) => (await createMask(secret, at)).apply(0, data)));
    const other = await (await createMask(randomBytes(32), place)).apply(0, data);
    const runs = [...masked, other].map((bytes) => {
      const text = Buffer.from(bytes).toString("latin1");
      return new Set(Array.from({ length: text.length - 15 }, (_, i) => text.slice(i, i + 16)));
    });
    const all = new Set(runs.flatMap((set) => [...set]));
    expect(all.size).to.equal(runs.reduce((sum, { size }) => sum + size, 0));
    expect(runs.map(({ size }) => size)).to.deep.equal(runs.map(() => 40_000 - 15));
  });

  it("need a secret of 32 bytes", async () => {
    expect((await holdfastErrorOf(createMask(randomBytes(31), place))).code).to.equal("bad-input");
  });
});
