// The BN254 scalar field and its encodings.
import { expect } from "chai";
import fc from "fast-check";
import {
  add,
  fromBytesLE32,
  fromHex32,
  inv,
  leafCount,
  leafElements,
  mod,
  mul,
  P,
  padLeaf,
  pow,
  pow5,
  sub,
  toBytesLE32,
  toHex32,
} from "../../protocol/field.ts";

const element = fc.bigInt({ min: 0n, max: P - 1n });

describe("protocol: field", () => {
  describe("parsing a hexadecimal element", () => {
    it("refuses p and everything above", () => {
      for (const x of [P, P + 1n, 2n ** 254n, 2n ** 256n - 1n]) {
        expect(() => fromHex32(toHex32(x))).to.throw(RangeError, "expected an element");
      }
    });

    it("accepts p - 1 and 0", () => {
      expect(fromHex32(toHex32(P - 1n))).to.equal(P - 1n);
      expect(fromHex32(`0x${"0".repeat(64)}`)).to.equal(0n);
    });

    it("refuses another form", () => {
      const digits = "0".repeat(63);
      for (const text of [
        `0x${digits}`,
        `0x${digits}00`,
        `${digits}0`,
        `0X${digits}0`,
        `0x${digits}g`,
        ` 0x${digits}0`,
        `0x${digits}0\n`,
        "",
      ]) {
        expect(() => fromHex32(text), JSON.stringify(text)).to.throw(TypeError, "64 hexadecimal digits");
      }
      expect(() => fromHex32(7n as unknown as string)).to.throw(TypeError);
    });

    it("reads upper-case digits as lower-case ones", () => {
      expect(fromHex32(`0x00${"AB".repeat(31)}`)).to.equal(fromHex32(`0x00${"ab".repeat(31)}`));
    });
  });

  describe("encoding", () => {
    it("gives back every element, from digits and from bytes", () => {
      fc.assert(
        fc.property(element, (x) => {
          expect(fromHex32(toHex32(x))).to.equal(x);
          expect(fromBytesLE32(toBytesLE32(x))).to.equal(x);
        }),
      );
    });

    it("puts the lowest byte first in bytes and last in digits", () => {
      expect(toBytesLE32(0x0102n).slice(0, 3)).to.deep.equal(Uint8Array.of(2, 1, 0));
      expect(toHex32(0x0102n)).to.equal(`0x${"0".repeat(60)}0102`);
    });

    it("encodes 0 and 2^256 - 1", () => {
      expect(toHex32(0n)).to.equal(`0x${"0".repeat(64)}`);
      expect(toHex32(2n ** 256n - 1n)).to.equal(`0x${"f".repeat(64)}`);
      expect(toBytesLE32(0n)).to.deep.equal(new Uint8Array(32));
    });

    it("refuses integers that do not fit 256 bits", () => {
      for (const x of [-1n, 2n ** 256n]) {
        expect(() => toHex32(x)).to.throw(RangeError, "256 bits");
        expect(() => toBytesLE32(x)).to.throw(RangeError, "256 bits");
      }
    });

    it("refuses bytes of p and above and of another length", () => {
      expect(() => fromBytesLE32(toBytesLE32(P))).to.throw(RangeError, "expected an element");
      expect(() => fromBytesLE32(new Uint8Array(32).fill(0xff))).to.throw(RangeError, "expected an element");
      for (const length of [0, 31, 33]) {
        expect(() => fromBytesLE32(new Uint8Array(length))).to.throw(RangeError, `got ${length}`);
      }
    });
  });

  describe("arithmetic", () => {
    it("is that of integers modulo p", () => {
      fc.assert(
        fc.property(element, element, (a, b) => {
          expect(add(a, b)).to.equal(mod(a + b));
          expect(sub(a, b)).to.equal(mod(a - b));
          expect(mul(a, b)).to.equal(mod(a * b));
          expect(pow5(a)).to.equal(mod(a ** 5n));
          expect(pow(a, 13n)).to.equal(mod(a ** 13n));
        }),
      );
      expect(mod(-1n)).to.equal(P - 1n);
    });

    it("inverts everything but 0", () => {
      fc.assert(
        fc.property(fc.bigInt({ min: 1n, max: P - 1n }), (x) => {
          expect(mul(x, inv(x))).to.equal(1n);
        }),
        { numRuns: 20 },
      );
      expect(() => inv(0n)).to.throw(RangeError, "no inverse");
      expect(() => inv(P)).to.throw(RangeError, "no inverse");
    });
  });

  describe("leaves", () => {
    it("reads 16 chunks of 31 bytes, the lowest byte first", () => {
      const leaf = new Uint8Array(496);
      leaf[0] = 1;
      leaf[30] = 2;
      leaf[31] = 3;
      leaf[495] = 0xff;
      const elements = leafElements(leaf);
      expect(elements.length).to.equal(16);
      expect(elements[0]).to.equal(1n + (2n << 240n));
      expect(elements[1]).to.equal(3n);
      expect(elements[15]).to.equal(0xffn << 240n);
    });

    it("refuses leaves of another length", () => {
      for (const length of [0, 495, 497]) {
        expect(() => leafElements(new Uint8Array(length))).to.throw(RangeError, `got ${length}`);
      }
    });

    it("counts one leaf more when the bytes fill the last one", () => {
      for (const [bytes, leaves] of [
        [1, 1],
        [495, 1],
        [496, 2],
        [991, 2],
        [992, 3],
      ] as const) {
        expect(leafCount(bytes)).to.equal(leaves);
      }
      for (const bytes of [0, -1, 1.5, NaN, 2 ** 53])
        expect(() => leafCount(bytes)).to.throw(RangeError, `"bytes" expected 1 or more, got ${bytes}`);
    });

    it("pads with one bit and zeros", () => {
      for (const length of [0, 1, 495]) {
        const leaf = padLeaf(new Uint8Array(length).fill(7));
        expect([...leaf]).to.deep.equal([
          ...new Array<number>(length).fill(7),
          1,
          ...new Array<number>(495 - length).fill(0),
        ]);
      }
      expect(() => padLeaf(new Uint8Array(496))).to.throw(RangeError, "fewer than 496 bytes");
    });
  });
});
