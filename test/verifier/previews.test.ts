// What settling would take and bring, as an auditor asks the contracts, beside what it does take and bring.
import { expect } from "chai";
import { Contract } from "ethers";
import { present } from "../../evidence/world/present.ts";
import { createWorld, type World } from "../../evidence/world/world.ts";
import { createPreviews, errorsOf, transactionOf } from "../../verifier/chain-calls.ts";

describe("verifier: previews of settling", () => {
  const EPOCHS = 64;
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
    await world.store({ leaves: [3], epochs: 40 });
  });
  const ask = async () => {
    const { ethers, audits, people } = world;
    const contract = new Contract(await audits.getAddress(), audits.interface);
    const modules = { audits: await audits.getAddress(), account: people.auditor.address };
    return createPreviews(ethers.provider, { ...modules, errors: errorsOf([contract]) });
  };
  const settle = async (vNodes: readonly bigint[]) => {
    const { audits, challenges, people, ledger } = world;
    const contract = async (made: typeof audits | typeof challenges): Promise<Contract> =>
      new Contract(await made.getAddress(), made.interface.fragments);
    const contracts = { audits: await contract(audits), challenges: await contract(challenges) };
    const before = await ledger.balanceOf(people.auditor);
    const order = transactionOf(contracts, { kind: "settle", vNodes, epochs: EPOCHS });
    const sent = await people.auditor.sendTransaction(order);
    const { gasUsed } = present((await sent.wait()) ?? undefined);
    return { gasUsed, reward: (await ledger.balanceOf(people.auditor)) - before };
  };

  it("say how far it goes, for which cluster, and that a miss within grace pays nothing", async () => {
    await world.begin(1);
    await world.begin(2);
    const [first, second] = await (await ask())([1n, 2n], EPOCHS);
    expect(first).to.include({ vNode: 1n, cluster: 1n, from: 0, through: 1, auditFee: 100, reward: 0n });
    expect(second, "nothing is stored there").to.include({ vNode: 2n, from: 0, through: 0, gas: 0n });
  });

  it("say what the misses beyond grace bring, and what it takes", async () => {
    for (const epoch of [1, 2, 3]) await world.begin(epoch);
    const [first] = await (await ask())([1n], EPOCHS);
    const { gasUsed, reward } = await settle([1n]);
    expect(present(first).reward).to.equal(reward).and.not.equal(0n);
    expect(Number(present(first).gas)).to.be.within(0.7 * Number(gasUsed), 1.1 * Number(gasUsed));
    const [after] = await (await ask())([1n], EPOCHS);
    expect(after).to.include({ from: 2, through: 2, reward: 0n });
  });

  it("change nothing", async () => {
    for (const epoch of [1, 2, 3]) await world.begin(epoch);
    await (
      await ask()
    )([1n], EPOCHS);
    expect((await world.audits.state(1)).settled).to.equal(0n);
  });

  it("are of what one transaction settles, of many vNodes too", async () => {
    const { registry, people } = world;
    await registry.connect(people.manager).assign(2, 2);
    await world.store({ vNode: 2, node: 2, epochs: 40 });
    for (const epoch of [1, 2, 3]) await world.begin(epoch);
    const previews = await (await ask())([1n, 2n], EPOCHS);
    const { reward } = await settle([1n, 2n]);
    expect(previews.reduce((sum, each) => sum + each.reward, 0n)).to.equal(reward);
    for (const vNode of [1, 2]) expect((await world.audits.state(vNode)).settled).to.equal(2n);
  });
});
