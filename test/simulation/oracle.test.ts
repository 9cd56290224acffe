// Which holders can prove which statements.
import { expect } from "chai";
import { canProve, proofOf, type Holder, type Statement } from "../../evidence/simulation/oracle.ts";
import { Directory } from "../../protocol/directory.ts";

const directory = new Directory(2);
directory.append({ root: 11n, weight: 100, leaves: 16 });
directory.append({ root: 12n, weight: 300, leaves: 16 });
const statement: Statement = { root: directory.root, seed: 5n, start: 0, length: 400 };

const holder = (has: Holder["has"]): Holder => ({ hasAll: false, has });

describe("simulation: oracle", () => {
  it("seals what is held, and each statement otherwise", () => {
    const all = holder(() => true);
    const proofs = [statement, { ...statement, seed: 6n }, { ...statement, length: 399 }].map((one) =>
      proofOf(one, directory, all),
    );
    expect(new Set(proofs).size).to.equal(3);
    for (const proof of proofs) expect(proof).to.match(/^[0-9a-f]{512}$/);
  });

  it("seals nothing if a leaf that is sampled is not held", () => {
    expect(
      proofOf(
        statement,
        directory,
        holder(({ root }) => root !== 12n),
      ),
    ).to.equal(undefined);
  });

  it("asks for 20 samples at most, in proportion to what is paid", () => {
    const asked: bigint[] = [];
    canProve(
      statement,
      directory,
      holder(({ root }) => asked.push(root) > 0),
    );
    expect(asked).to.have.length(20);
    expect(asked.filter((root) => root === 12n).length).to.be.greaterThan(10);
  });

  it("asks for nothing where a tombstone is", () => {
    const retired = new Directory(2);
    for (const entry of directory.entries) retired.append(entry);
    retired.retire(1);
    const asked: bigint[] = [];
    canProve(
      { ...statement, root: retired.root },
      retired,
      holder(({ root }) => asked.push(root) > 0),
    );
    expect(new Set(asked)).to.deep.equal(new Set([11n]));
  });
});
