// What a node remembers, and that only one node does.
import { expect } from "chai";
import { toHex32 } from "../../protocol/field.ts";
import { openJournal } from "../../prover/journal.ts";
import { useFolder } from "../helpers/folder.ts";

describe("prover: journal", () => {
  const folder = useFolder();
  const terms = { vNode: 1n, bucket: 2n, epochs: 3n, rent: 4n, deadline: 500n };
  const segments = [{ root: toHex32(9n), leaves: 2 }];

  it("refuses a second node on the same data folder, and takes it once the first is gone", () => {
    const first = openJournal(folder());
    expect(() => openJournal(folder())).to.throw(/another node uses the data folder/);
    first.close();
    openJournal(folder()).close();
  });

  it("takes a request's nonce once, also after a restart", () => {
    const before = openJournal(folder());
    expect(before.useRequest("0xa", 1n, 200, 100)).to.equal(true);
    expect(before.useRequest("0xa", 1n, 200, 100)).to.equal(false);
    expect(before.useRequest("0xb", 1n, 200, 100)).to.equal(true);
    before.close();
    const after = openJournal(folder());
    expect(after.useRequest("0xa", 1n, 200, 150)).to.equal(false);
    after.close();
  });

  it("never gives an acceptance's nonce twice, also after a restart", () => {
    const before = openJournal(folder());
    const nonces = [1, 2].map(() => before.recordAcceptance({ ...terms, segments }));
    before.close();
    const after = openJournal(folder());
    nonces.push(after.recordAcceptance({ ...terms, segments }));
    after.close();
    expect(new Set(nonces).size).to.equal(3);
  });

  it("names accepted roots until the acceptance has expired", () => {
    const journal = openJournal(folder());
    journal.recordAcceptance({ ...terms, segments });
    expect([...journal.acceptedRoots(500n)]).to.deep.equal([toHex32(9n)]);
    expect([...journal.acceptedRoots(501n)]).to.deep.equal([]);
    journal.close();
  });

  it("has a signed proof after a crash, and not once it is mined", () => {
    const signed = { vNode: 1n, epoch: 5, state: "signed", rawTransaction: "0x01", hash: "0x02" } as const;
    const before = openJournal(folder());
    before.setProof({ ...signed, state: "planned", rawTransaction: null, hash: null });
    before.setProof(signed);
    before.close();
    const after = openJournal(folder());
    expect(after.pendingProofs()).to.deep.equal([signed]);
    after.setProof({ ...signed, state: "mined" });
    expect(after.pendingProofs()).to.deep.equal([]);
    expect(after.proof(1n, 5)).to.deep.equal({ ...signed, state: "mined" });
    after.close();
  });
});
