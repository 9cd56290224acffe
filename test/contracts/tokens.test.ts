// All movements of money with tokens of all kinds: decimals, fees, no return value, refusals, rebasing, callbacks, blocked
// accounts.
import { expect } from "chai";
import { FunctionFragment, type Interface, type ParamType } from "ethers";
import type { TestChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import {
  createWorld,
  FUNDS,
  PROTOCOL_FEE,
  RENT,
  SHAPE,
  UNBOND,
  type World,
} from "../../evidence/world/world.ts";
import type { HostileToken, TestToken } from "../../types/ethers/index.js";

/** HostileToken.Manner. */
const MANNER = { fee: 0, refuse: 1, callBack: 2, honest: 3, tryBack: 4 };
const ZERO = "0x0000000000000000000000000000000000000000";
const LEAVES = 3n;
/** Token units per epoch of what alice stores, when a unit is 1. */
const RATE = 1000n * LEAVES;

async function hostileToken({ ethers }: TestChain): Promise<TestToken> {
  const token = await ethers.deployContract("HostileToken");
  await token.behave(MANNER.honest, ZERO, "0x");
  return token as unknown as TestToken;
}

async function silentToken({ ethers }: TestChain): Promise<TestToken> {
  return (await ethers.deployContract("SilentToken")) as unknown as TestToken;
}

const worldWith = (makeToken: (chain: TestChain) => Promise<TestToken>): Promise<World> =>
  createWorld({}, SHAPE, PROTOCOL_FEE, makeToken);

async function heldBy({ ledger }: World): Promise<bigint> {
  const { accounts, bonds, escrow, credits, fees } = await ledger.totals();
  return accounts + bonds + escrow + credits + fees;
}

/** Checks that the Ledger has exactly what it owes. */
async function expectBalanced(world: World): Promise<void> {
  expect(await world.token.balanceOf(world.ledger)).to.equal(await heldBy(world));
  const { people, ledger, token } = world;
  const { alice, bob, manager, treasury, auditor, stranger, providers } = people;
  const all = [alice, bob, manager, treasury, auditor, stranger, ...providers, token];
  const balances = await Promise.all(all.map((who) => ledger.balanceOf(who)));
  const pool = await ledger.auditPool(0);
  expect((await ledger.totals()).accounts).to.equal(balances.reduce((sum, each) => sum + each, pool));
}

/**
 * What alice stores is proven in epoch 1, missed in 2 and 3, which is slashed, and proven in 4 to 10; then everybody's share
 * is in their account.
 * @returns what each of those who take part has earned in the Ledger
 */
async function live(world: World, unit = 1n) {
  const { people, ledger, registry } = world;
  const provider = present(people.providers[0]);
  const parties = [people.alice, provider, people.manager, people.treasury, people.auditor];
  const before = await Promise.all(parties.map((who) => world.balance(who)));
  const rent = RENT * unit;
  const operator = present(people.operators[0]);
  await registry.connect(provider).updateNode(1, operator, "", 1000, rent, FUNDS * unit, "");
  await world.store({ leaves: [Number(LEAVES)], epochs: 10, rent });
  await world.proveEach(1, 1);
  await world.missEach(2, 3);
  await world.settle();
  await world.proveEach(4, 10);
  // A bond is free once the first epoch is settled that needs it no more.
  await world.toEpoch(12);
  await world.settle();
  await registry.claim(1, 0);
  await ledger.collectFees(1);
  const after = await Promise.all(parties.map((who) => world.balance(who)));
  return after.map((balance, i) => balance - present(before[i]));
}

/** In the order of `live`: 8 epochs paid, 2 refunded, five more taken of the bond, a tenth of which is the reporter's. */
function expected(unit: bigint): bigint[] {
  const rate = RATE * unit;
  const owner = 2n * rate + (5n * rate * 9n) / 10n - 10n * rate;
  const fee = (8n * rate * 2n) / 100n;
  return [owner, (8n * rate * 95n) / 100n, fee, fee, (5n * rate) / 10n];
}

/** Everybody takes out all that is theirs; the provider's bond first comes back. */
async function leaveAll(world: World): Promise<void> {
  const { people, ledger, chain } = world;
  for (const [i, provider] of people.providers.entries()) {
    const free = await ledger.freeBond(i + 1);
    await ledger.connect(provider).requestUnbond(i + 1, free);
  }
  await chain.networkHelpers.time.increase(UNBOND);
  for (const [i, provider] of people.providers.entries()) await ledger.connect(provider).releaseBond(i + 1);
  const { alice, bob, manager, treasury, auditor } = people;
  for (const who of [alice, bob, manager, treasury, auditor, ...people.providers]) {
    const balance = await world.balance(who);
    if (balance !== 0n) await ledger.connect(who).withdraw(who, balance);
  }
}

describe("contracts: tokens", () => {
  describe("with any number of decimals", () => {
    for (const { decimals, unit } of [
      { decimals: 6, unit: 1n },
      // A rent is below 2^96: a leaf costs less than 7.9e10 units per epoch.
      { decimals: 18, unit: 10n ** 7n },
      { decimals: 27, unit: 7n * 10n ** 7n },
    ]) {
      it(`pay everyone to the unit, with ${decimals}`, async () => {
        const world = await worldWith(hostileToken);
        const token = world.token as unknown as HostileToken;
        await token.setDecimals(decimals);
        for (const [i, who] of [world.people.alice, ...world.people.providers].entries()) {
          await world.token.mint(who, FUNDS * unit);
          await world.ledger.connect(who).deposit(who, FUNDS * unit);
          if (i > 0) await world.ledger.connect(who).bond(i, FUNDS * unit);
        }
        expect(await live(world, unit)).to.deep.equal(expected(unit));
        await expectBalanced(world);
        await leaveAll(world);
        // The auditors' part of the fees is still to be earned.
        expect(await world.token.balanceOf(world.ledger)).to.equal((8n * RATE * unit) / 100n);
        await expectBalanced(world);
      });
    }
  });

  it("that return nothing pay everyone to the unit", async () => {
    const world = await worldWith(silentToken);
    expect(await live(world)).to.deep.equal(expected(1n));
    await leaveAll(world);
    expect(await world.token.balanceOf(world.ledger)).to.equal((8n * RATE) / 100n);
    await expectBalanced(world);
  });

  describe("that take a fee", () => {
    it("credit what arrives, and charge whoever takes out", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice, stranger } = world.people;
      await token.behave(MANNER.fee, ZERO, "0x");
      await expect(world.ledger.connect(alice).deposit(alice, 10_000n))
        .to.emit(world.ledger, "Deposited")
        .withArgs(alice, alice, 9900n);
      await expectBalanced(world);
      expect(await live(world)).to.deep.equal(expected(1n));
      await expectBalanced(world);
      await expect(world.ledger.connect(alice).withdraw(stranger, 1000n)).to.changeTokenBalances(
        world.ethers,
        world.token,
        [world.ledger, stranger],
        [-1000n, 990n],
      );
      await leaveAll(world);
      await expectBalanced(world);
    });

    it("of all that is sent are refused", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice } = world.people;
      // A tenth of what is there goes as the same amount comes.
      const { data } = await token.rebase.populateTransaction(world.ledger, 90);
      await token.behave(MANNER.callBack, token, data);
      const tenth = (await heldBy(world)) / 10n;
      await expect(world.ledger.connect(alice).deposit(alice, tenth)).to.be.revertedWithCustomError(
        world.ledger,
        "ZeroAmount",
      );
    });
  });

  describe("that answer no", () => {
    it("move nothing, and stop nothing else", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice } = world.people;
      await token.behave(MANNER.refuse, ZERO, "0x");
      expect(await live(world)).to.deep.equal(expected(1n));
      const ledger = world.ledger.connect(alice);
      const balance = await world.balance(alice);
      for (const attempt of [() => ledger.deposit(alice, 1n), () => ledger.withdraw(alice, 1n)]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(ledger, "SafeERC20FailedOperation")
          .withArgs(token);
      }
      expect(await world.balance(alice)).to.equal(balance);
      await expectBalanced(world);
      await token.behave(MANNER.honest, ZERO, "0x");
      await leaveAll(world);
      await expectBalanced(world);
    });
  });

  describe("that rebase", () => {
    it("upwards leave what was gained to nobody", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice } = world.people;
      const held = await heldBy(world);
      await token.rebase(world.ledger, 110);
      expect(await heldBy(world)).to.equal(held);
      const before = await world.balance(alice);
      await world.ledger.connect(alice).deposit(alice, 500n);
      expect(await world.balance(alice)).to.equal(before + 500n);
      expect(await live(world)).to.deep.equal(expected(1n));
      await leaveAll(world);
      expect(await token.balanceOf(world.ledger)).to.equal((await heldBy(world)) + held / 10n);
    });

    it("downwards make the ledger lose: books go on, and the last to take out find nothing", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice, bob } = world.people;
      const held = await heldBy(world);
      await token.rebase(world.ledger, 90);
      expect(await heldBy(world), "the books do not know").to.equal(held);
      expect(await live(world)).to.deep.equal(expected(1n));
      const there = await token.balanceOf(world.ledger);
      await expect(leaveAll(world)).to.be.revertedWithCustomError(token, "ERC20InsufficientBalance");
      expect(await token.balanceOf(world.ledger)).to.be.lessThan(there);
      // What is given to make up for it belongs to those who are owed.
      await token.mint(world.ledger, held / 10n);
      for (const who of [alice, bob, ...world.people.providers]) {
        const balance = await world.balance(who);
        if (balance !== 0n) await world.ledger.connect(who).withdraw(who, balance);
      }
      await expectBalanced(world);
    });

    it("in the middle of a deposit credit what there is more, and refuse it if there is less", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice } = world.people;
      const rebase = async (percent: number): Promise<void> => {
        const { data } = await token.rebase.populateTransaction(world.ledger, percent);
        await token.behave(MANNER.callBack, token, data);
      };
      const held = await heldBy(world);
      await rebase(110);
      await expect(world.ledger.connect(alice).deposit(alice, 7n))
        .to.emit(world.ledger, "Deposited")
        .withArgs(alice, alice, held / 10n + 7n);
      await expectBalanced(world);
      await rebase(90);
      await expect(world.ledger.connect(alice).deposit(alice, 7n)).to.be.revertedWithPanic(0x11);
      await rebase(100);
      await world.ledger.connect(alice).deposit(alice, 7n);
      await expectBalanced(world);
    });
  });

  describe("that call back", () => {
    /** Every function that may change something. */
    const entries = (abi: Interface): FunctionFragment[] =>
      abi.fragments.filter((each) => FunctionFragment.isFragment(each)).filter(({ constant }) => !constant);
    /** Something of that type: 1, the address, nothing. */
    const some = (type: ParamType, who: string): unknown => {
      const { arrayChildren, arrayLength } = type;
      if (arrayChildren)
        return Array.from({ length: Math.max(0, arrayLength ?? 0) }, () => some(arrayChildren, who));
      if (type.components) return type.components.map((part) => some(part, who));
      if (type.baseType === "address") return who;
      if (type.baseType === "bool") return true;
      if (type.baseType === "string") return "";
      if (type.baseType === "bytes") return "0x";
      if (type.baseType === "bytes32") return `0x${"11".repeat(32)}`;
      return 1;
    };

    it("into any function find the books closed, or in order", async () => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const { alice } = world.people;
      const { networkHelpers } = world.chain;
      const self = await token.getAddress();
      // The token has money in the Ledger itself.
      await world.ledger.connect(alice).deposit(self, 1000n);
      await live(world);
      await world.store({ leaves: [2], epochs: 20 });
      await world.begin(13);
      const start = await networkHelpers.takeSnapshot();
      const results = new Map<string, boolean>();
      for (const contract of [world.ledger, world.registry, world.audits] as const) {
        const address = await contract.getAddress();
        const abi: Interface = contract.interface;
        for (const entry of entries(abi)) {
          const data = abi.encodeFunctionData(
            entry,
            entry.inputs.map((type) => some(type, self)),
          );
          for (const move of ["deposit", "withdraw"] as const) {
            await start.restore();
            await token.behave(MANNER.tryBack, address, data);
            const before = await world.balance(alice);
            const sent = await world.ledger.connect(alice)[move](alice, 100n);
            const receipt = present((await sent.wait()) ?? undefined);
            const [called] = receipt.logs.flatMap((log) => {
              const parsed = token.interface.parseLog(log);
              return parsed?.name === "CalledBack" ? [parsed.args] : [];
            });
            const name = `${move}: ${entry.name}`;
            results.set(name, (results.get(name) ?? false) || (present(called)["ok"] as boolean));
            const change = (await world.balance(alice)) - before;
            expect(change, name).to.equal(move === "deposit" ? 100n : -100n);
            await expectBalanced(world);
          }
        }
      }
      for (const move of ["deposit", "withdraw"]) {
        for (const guarded of ["deposit", "depositWithPermit", "withdraw"])
          expect(results.get(`${move}: ${guarded}`), guarded).to.equal(false);
        for (const open of [
          "bond",
          "collectFees",
          "settle",
          "claim",
          "registerNode",
          "createBucket",
          "trust",
        ])
          expect(results.get(`${move}: ${open}`), open).to.equal(open !== "collectFees" ? true : false);
      }
    });
  });

  describe("that block accounts", () => {
    const blocked = async (who: (world: World) => { getAddress(): Promise<string> }) => {
      const world = await worldWith(hostileToken);
      const token = world.token as unknown as HostileToken;
      const account = await who(world).getAddress();
      await token.setBlocked(account, true);
      return { world, token, account };
    };

    for (const { name, who } of [
      { name: "a provider", who: ({ people }: World) => present(people.providers[0]) },
      { name: "an owner", who: ({ people }: World) => people.alice },
      { name: "the treasury", who: ({ people }: World) => people.treasury },
      { name: "a manager", who: ({ people }: World) => people.manager },
    ]) {
      it(`hold up nobody else when ${name} is blocked, who can still take out to another address`, async () => {
        const { world, token, account } = await blocked(who);
        expect(await live(world)).to.deep.equal(expected(1n));
        const others = [world.people.alice, present(world.people.providers[0]), world.people.manager];
        for (const other of [...others, world.people.treasury, world.people.auditor]) {
          if (other.address === account) continue;
          const balance = await world.balance(other);
          await world.ledger.connect(other).withdraw(other, balance);
        }
        const own = who(world);
        const balance = await world.balance(own);
        await expect(world.ledger.connect(own).withdraw(own, balance))
          .to.be.revertedWithCustomError(token, "Blocked")
          .withArgs(account);
        expect(await world.balance(own)).to.equal(balance);
        const elsewhere = world.people.stranger;
        await expect(world.ledger.connect(own).withdraw(elsewhere, balance)).to.changeTokenBalance(
          world.ethers,
          world.token,
          elsewhere,
          balance,
        );
        await expectBalanced(world);
      });
    }

    it("or the ledger itself stop money at its door, and nothing within", async () => {
      const { world, token, account } = await blocked(({ ledger }) => ledger);
      expect(await live(world)).to.deep.equal(expected(1n));
      const { alice } = world.people;
      for (const attempt of [
        () => world.ledger.connect(alice).deposit(alice, 1n),
        () => world.ledger.connect(alice).withdraw(alice, 1n),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(token, "Blocked").withArgs(account);
      }
      await token.setBlocked(account, false);
      await leaveAll(world);
      await expectBalanced(world);
    });
  });
});
