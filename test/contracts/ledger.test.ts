// Accounts, bonds and fees: all ways in and out, hostile tokens, and callers without a right.
import { expect } from "chai";
import { testChain } from "../../evidence/world/contracts.ts";
import { present } from "../../evidence/world/present.ts";
import { createWorld, deployBooks, FUNDS, UNBOND, type World } from "../../evidence/world/world.ts";
import { named } from "../helpers/named.ts";

const ZERO = `0x${"0".repeat(64)}`;

describe("contracts: Ledger", () => {
  let world: World;
  let restore: () => Promise<void>;
  before(async () => {
    world = await createWorld();
    const snapshot = await world.chain.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());

  const provider = () => present(world.people.providers[0]);

  describe("accounts", () => {
    it("are credited with a deposit, by whoever makes it", async () => {
      const { alice, bob } = world.people;
      await expect(world.ledger.connect(alice).deposit(bob, 5n))
        .to.emit(world.ledger, "Deposited")
        .withArgs(alice, bob, 5n);
      expect(await world.balance(bob)).to.equal(FUNDS + 5n);
      expect(await world.balance(alice)).to.equal(FUNDS);
    });

    it("take no deposit of nothing, for nobody, or of what the caller does not have", async () => {
      const ledger = world.ledger.connect(world.people.alice);
      await expect(ledger.deposit(world.people.alice, 0n)).to.be.revertedWithCustomError(
        ledger,
        "ZeroAmount",
      );
      await expect(ledger.deposit(world.ethers.ZeroAddress, 1n)).to.be.revertedWithCustomError(
        ledger,
        "ZeroAddress",
      );
      await expect(ledger.deposit(world.people.alice, FUNDS + 1n)).to.be.revertedWithCustomError(
        world.token,
        "ERC20InsufficientBalance",
      );
    });

    it("pay out what is in them, to whom the owner says, and no more", async () => {
      const { alice, stranger } = world.people;
      const ledger = world.ledger.connect(alice);
      const sent = await ledger.withdraw(stranger, 7n);
      await expect(sent).to.emit(ledger, "Withdrawn").withArgs(alice, stranger, 7n);
      await expect(sent).to.changeTokenBalances(
        world.ethers,
        world.token,
        [world.ledger, stranger],
        [-7n, 7n],
      );
      await expect(ledger.withdraw(stranger, FUNDS))
        .to.be.revertedWithCustomError(ledger, "InsufficientBalance")
        .withArgs(alice, FUNDS - 7n, FUNDS);
      await expect(ledger.withdraw(world.ethers.ZeroAddress, 1n)).to.be.revertedWithCustomError(
        ledger,
        "ZeroAddress",
      );
      await expect(ledger.withdraw(alice, 0n)).to.be.revertedWithCustomError(ledger, "ZeroAmount");
    });

    it("are nobody else's: not a stranger's, not the deployer's", async () => {
      for (const who of [world.people.stranger, world.people.deployer]) {
        await expect(world.ledger.connect(who).withdraw(who, 1n))
          .to.be.revertedWithCustomError(world.ledger, "InsufficientBalance")
          .withArgs(who, 0, 1);
      }
    });

    it("never add up to 2^128", async () => {
      const { alice } = world.people;
      const [accounts, bonds, escrow, credits, fees] = await world.ledger.totals();
      const held = accounts + bonds + escrow + credits + fees;
      const room = 2n ** 128n - 1n - held;
      await world.token.mint(alice, 2n ** 128n);
      await expect(world.ledger.connect(alice).deposit(alice, room + 1n))
        .to.be.revertedWithCustomError(world.ledger, "TooMuchHeld")
        .withArgs(held, room + 1n);
      await world.ledger.connect(alice).deposit(alice, room);
      expect(await world.balance(alice)).to.equal(FUNDS + room);
    });
  });

  describe("a deposit with a permit", () => {
    const permit = async (value: bigint) => {
      const { stranger } = world.people;
      const { chainId } = await world.ethers.provider.getNetwork();
      const verifyingContract = await world.token.getAddress();
      const deadline = 2n ** 60n;
      const signature = await stranger.signTypedData(
        { name: "Holdfast Test", version: "1", chainId, verifyingContract },
        {
          Permit: [
            { name: "owner", type: "address" },
            { name: "spender", type: "address" },
            { name: "value", type: "uint256" },
            { name: "nonce", type: "uint256" },
            { name: "deadline", type: "uint256" },
          ],
        },
        { owner: stranger.address, spender: await world.ledger.getAddress(), value, nonce: 0, deadline },
      );
      const { v, r, s } = world.ethers.Signature.from(signature);
      return { deadline, v, r, s };
    };
    beforeEach(() => world.token.mint(world.people.stranger, 10n));

    it("needs no approval before", async () => {
      const { stranger } = world.people;
      const { deadline, v, r, s } = await permit(10n);
      await world.ledger.connect(stranger).depositWithPermit(stranger, 10n, deadline, v, r, s);
      expect(await world.balance(stranger)).to.equal(10n);
    });

    it("goes through although somebody else has sent the permit first", async () => {
      const { stranger, bob } = world.people;
      const { deadline, v, r, s } = await permit(10n);
      await world.token.connect(bob).permit(stranger, world.ledger, 10n, deadline, v, r, s);
      await world.ledger.connect(stranger).depositWithPermit(stranger, 10n, deadline, v, r, s);
      expect(await world.balance(stranger)).to.equal(10n);
    });

    it("takes nothing under a permit that is another's", async () => {
      const { stranger, bob } = world.people;
      const { deadline, v, r, s } = await permit(10n);
      await world.token.connect(bob).approve(world.ledger, 0n);
      await expect(
        world.ledger.connect(bob).depositWithPermit(bob, 10n, deadline, v, r, s),
      ).to.be.revertedWithCustomError(world.token, "ERC20InsufficientAllowance");
      expect(await world.token.balanceOf(stranger)).to.equal(10n);
    });
  });

  describe("with a hostile token", () => {
    const hostile = async () => {
      const { ethers } = await testChain();
      const [deployer, treasury] = (await ethers.getSigners()).map(present);
      const token = await ethers.deployContract("HostileToken");
      const { ledger } = await deployBooks(
        ...([{ ethers }, present(deployer), token, present(treasury)] as const),
        () => Promise.resolve(undefined),
      );
      await token.approve(ledger, 2n ** 200n);
      return { ethers, token, ledger, me: present(deployer) };
    };
    const [FEE, REFUSE, CALL_BACK] = [0, 1, 2];

    it("credits what arrives, not what was sent", async () => {
      const { ethers, token, ledger, me } = await hostile();
      await token.behave(FEE, ethers.ZeroAddress, "0x");
      await ledger.deposit(me, 1000n);
      expect(await ledger.balanceOf(me)).to.equal(990n);
      expect(await token.balanceOf(ledger)).to.equal(990n);
    });

    it("fails when a transfer answers no", async () => {
      const { ethers, token, ledger, me } = await hostile();
      await token.behave(FEE, ethers.ZeroAddress, "0x");
      await ledger.deposit(me, 1000n);
      await token.behave(REFUSE, ethers.ZeroAddress, "0x");
      await expect(ledger.deposit(me, 1n)).to.be.revertedWithCustomError(ledger, "SafeERC20FailedOperation");
      await expect(ledger.withdraw(me, 1n)).to.be.revertedWithCustomError(ledger, "SafeERC20FailedOperation");
      expect(await ledger.balanceOf(me)).to.equal(990n);
    });

    it("lets no deposit or withdrawal happen within another", async () => {
      const { token, ledger, me } = await hostile();
      const calls = [
        ledger.interface.encodeFunctionData("deposit", [me.address, 1n]),
        ledger.interface.encodeFunctionData("withdraw", [me.address, 1n]),
      ];
      for (const call of calls) {
        await token.behave(FEE, me, "0x");
        await ledger.deposit(me, 1000n);
        await token.behave(CALL_BACK, ledger, call);
        const attempts = [
          () => ledger.deposit(me, 1n),
          () => ledger.depositWithPermit(me, 1n, 0n, 0, ZERO, ZERO),
          () => ledger.withdraw(me, 1n),
        ];
        for (const attempt of attempts) {
          await expect(attempt()).to.be.revertedWithCustomError(ledger, "ReentrancyGuardReentrantCall");
        }
      }
    });

    it("works with one whose transfers return nothing", async () => {
      const { ethers } = await testChain();
      const [deployer, treasury] = (await ethers.getSigners()).map(present);
      const token = await ethers.deployContract("SilentToken");
      const { ledger } = await deployBooks(
        ...([{ ethers }, present(deployer), token, present(treasury)] as const),
        () => Promise.resolve(undefined),
      );
      await token.approve(ledger, 100n);
      await ledger.deposit(present(deployer), 100n);
      await ledger.withdraw(present(treasury), 40n);
      expect(await token.balanceOf(present(treasury))).to.equal(40n);
    });
  });

  describe("bonds", () => {
    it("come from the caller's account, whoever bonds", async () => {
      const { alice } = world.people;
      await expect(world.ledger.connect(alice).bond(1, 5n))
        .to.emit(world.ledger, "Bonded")
        .withArgs(...named(world.ledger, "Bonded", { node: 1, from: alice, amount: 5n }));
      expect((await world.ledger.bondOf(1)).total).to.equal(FUNDS + 5n);
      expect(await world.balance(alice)).to.equal(FUNDS - 5n);
    });

    it("are for nodes that are there, of what is there, and of something", async () => {
      const ledger = world.ledger.connect(world.people.alice);
      await expect(ledger.bond(9, 1n))
        .to.be.revertedWithCustomError(world.registry, "NoSuchNode")
        .withArgs(9);
      await expect(ledger.bond(1, FUNDS + 1n))
        .to.be.revertedWithCustomError(ledger, "InsufficientBalance")
        .withArgs(world.people.alice, FUNDS, FUNDS + 1n);
      await expect(ledger.bond(1, 0n)).to.be.revertedWithCustomError(ledger, "ZeroAmount");
    });

    it("leave after the delay, to the provider's account", async () => {
      const ledger = world.ledger.connect(provider());
      const requested = await ledger.requestUnbond(1, 100n);
      const { releaseAt, unbonding, total } = await ledger.bondOf(1);
      await expect(requested)
        .to.emit(ledger, "UnbondRequested")
        .withArgs(...named(ledger, "UnbondRequested", { node: 1, amount: 100n, releaseAt }));
      expect([unbonding, total]).to.deep.equal([100n, FUNDS]);
      await world.chain.networkHelpers.time.setNextBlockTimestamp(releaseAt - 1n);
      await expect(ledger.releaseBond(1))
        .to.be.revertedWithCustomError(ledger, "NotReleasable")
        .withArgs(1, releaseAt, releaseAt - 1n);
      await world.chain.networkHelpers.time.setNextBlockTimestamp(releaseAt);
      await expect(ledger.releaseBond(1))
        .to.emit(ledger, "BondReleased")
        .withArgs(...named(ledger, "BondReleased", { node: 1, to: provider(), amount: 100n }));
      expect(await world.balance(provider())).to.equal(100n);
      expect((await ledger.bondOf(1)).total).to.equal(FUNDS - 100n);
    });

    it("leave once: a second release of the same request gets nothing", async () => {
      const ledger = world.ledger.connect(provider());
      await ledger.requestUnbond(1, 100n);
      await world.chain.networkHelpers.time.increase(UNBOND);
      await ledger.releaseBond(1);
      await expect(ledger.releaseBond(1)).to.be.revertedWithCustomError(ledger, "ZeroAmount");
    });

    it("cannot be asked for twice", async () => {
      const ledger = world.ledger.connect(provider());
      await ledger.requestUnbond(1, FUNDS - 1n);
      await expect(ledger.requestUnbond(1, 2n))
        .to.be.revertedWithCustomError(ledger, "InsufficientBond")
        .withArgs(...named(ledger, "InsufficientBond", { node: 1, free: 1, needed: 2 }));
    });

    it("start their delay again with another request", async () => {
      const ledger = world.ledger.connect(provider());
      await ledger.requestUnbond(1, 100n);
      await world.chain.networkHelpers.time.increase(UNBOND - 10);
      await ledger.requestUnbond(1, 1n);
      await expect(ledger.releaseBond(1)).to.be.revertedWithCustomError(ledger, "NotReleasable");
    });

    it("are the provider's alone to take out", async () => {
      const ledger = world.ledger.connect(present(world.people.operators[0]));
      for (const attempt of [() => ledger.requestUnbond(1, 1n), () => ledger.releaseBond(1)]) {
        await expect(attempt())
          .to.be.revertedWithCustomError(ledger, "Unauthorized")
          .withArgs(world.people.operators[0]);
      }
      await expect(ledger.requestUnbond(9, 1n)).to.be.revertedWithCustomError(world.registry, "NoSuchNode");
      await expect(ledger.releaseBond(9)).to.be.revertedWithCustomError(world.registry, "NoSuchNode");
      await expect(world.ledger.connect(provider()).requestUnbond(1, 0n)).to.be.revertedWithCustomError(
        ledger,
        "ZeroAmount",
      );
    });
  });

  it("is not deployed without a token, neighbours or a treasury", async () => {
    const { ethers, token, people } = world;
    const [address, zero] = [people.stranger.address, ethers.ZeroAddress];
    const factory = await ethers.getContractFactory("Ledger");
    const fit = [await token.getAddress(), address, address, address, address] as const;
    for (const [i, value] of [address, zero, zero, zero, zero].entries()) {
      const args = fit.with(i, value) as [string, string, string, string, string];
      await expect(factory.deploy(...args, UNBOND)).to.be.revertedWithCustomError(factory, "BadDeployment");
    }
  });
});
