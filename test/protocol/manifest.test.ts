// The record of a compiled circuit and its key: the properties that it must have, and no others.
import { expect } from "chai";
import { ZodError } from "zod";
import { parseCircuitManifest } from "../../protocol/manifest.ts";
import { PROFILES } from "../../protocol/profiles.ts";

const hash = (digit: string): string => digit.repeat(64);
const key = { insecure: true, contributions: 0, zkey: hash("a"), verificationKey: hash("b") };
const compiled = {
  profile: "tiny",
  compiler: "circom 2.2.3",
  sources: hash("1"),
  constraints: 6000,
  wires: 6100,
  publicInputs: 4,
  hashes: { r1cs: hash("2"), wasm: hash("3") },
};
const manifest = { ...compiled, key };

describe("protocol: manifest", () => {
  it("is read back as it was written, with a key and without", () => {
    expect(parseCircuitManifest(JSON.parse(JSON.stringify(manifest)))).to.deep.equal(manifest);
    expect(parseCircuitManifest(compiled)).to.deep.equal(compiled);
    for (const profile of Object.keys(PROFILES))
      expect(parseCircuitManifest({ ...compiled, profile })).to.include({ profile });
  });

  for (const field of Object.keys(compiled)) {
    it(`is refused without "${field}"`, () => {
      expect(() => parseCircuitManifest({ ...manifest, [field]: undefined })).to.throw(ZodError, field);
    });
  }

  for (const field of Object.keys(key)) {
    it(`is refused with a key without "${field}"`, () => {
      expect(() => parseCircuitManifest({ ...manifest, key: { ...key, [field]: undefined } })).to.throw(
        ZodError,
        field,
      );
    });
  }

  for (const { name, change } of [
    { name: "an unknown profile", change: { profile: "huge" } },
    { name: "no constraints", change: { constraints: 0 } },
    { name: "a part of a constraint", change: { constraints: 0.5 } },
    { name: "a hash cut short", change: { sources: hash("1").slice(1) } },
    { name: "a hash and a digit before it", change: { sources: hash("1") + "1" } },
    { name: "a hash in upper case", change: { sources: hash("A") } },
    { name: "a hash and a line more", change: { sources: `${hash("1")}\n` } },
    { name: "a negative number of contributions", change: { key: { ...key, contributions: -1 } } },
    { name: "a word for insecure", change: { key: { ...key, insecure: "false" } } },
    { name: "a field that nobody knows", change: { comment: "" } },
    { name: "a field of the key that nobody knows", change: { key: { ...key, secure: true } } },
  ]) {
    it(`is refused with ${name}`, () =>
      expect(() => parseCircuitManifest({ ...manifest, ...change })).to.throw(ZodError));
  }

  for (const value of [null, undefined, 1, "{}", []]) {
    it(`is not ${JSON.stringify(value)}`, () => expect(() => parseCircuitManifest(value)).to.throw(ZodError));
  }
});
