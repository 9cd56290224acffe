// Every function of a manager by which somebody changes something has a command, with a dry run and JSON.
import { expect } from "chai";
import type { Command } from "commander";
import type { JsonFragment } from "ethers";
import { createProgram } from "../../client/commands/program.ts";
import { contractArtifact } from "../../contracts/artifacts.ts";

/** The command of each function; or why it has none. */
const COMMANDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  NominationManager: {
    accept: "nomination accept",
    enact: "ballot enact",
    enlist: "nomination enlist",
    grow: "nomination grow",
    observe: "nomination observe",
    observeFaults: "nomination observe-faults",
    place: "nomination place",
    reportLoss: "nomination report-loss",
    standBy: "nomination stand-by",
    support: "ballot support",
    turn: "nomination turn",
    withdraw: "nomination withdraw",
  },
  NominatedStaking: {
    check: "nomination submit",
    chill: "nomination chill",
    distribute: "nomination distribute",
    forfeit: "nomination forfeit",
    leaveAsCandidate: "nomination leave-as-candidate",
    leaveAsNominator: "nomination leave",
    lowerCommission: "nomination lower-commission",
    nominate: "nomination nominate",
    offer: "nomination offer",
    pay: "nomination pay",
    punish: "(only its manager)",
    raise: "nomination raise",
    releaseCandidate: "nomination release-candidate",
    releaseNominator: "nomination release",
    submit: "nomination submit",
    turn: "(only its manager)",
  },
  ProofOfStorageManager: {
    accept: "ballot accept",
    admit: "proof crank",
    callStandby: "proof crank",
    enact: "ballot enact",
    enlist: "proof crank",
    evict: "proof crank",
    followTerms: "proof crank",
    freeProbation: "proof crank",
    grow: "proof crank",
    handOn: "proof crank",
    join: "proof join",
    look: "proof crank",
    quit: "proof leave",
    reprice: "proof crank",
    seat: "proof crank",
    support: "ballot support",
    unlist: "proof crank",
  },
  ReputationManager: {
    accept: "ballot accept",
    adopt: "reputation crank",
    enact: "ballot enact",
    grow: "reputation crank",
    join: "reputation join",
    lineUp: "reputation crank",
    look: "reputation crank",
    lookAt: "reputation crank",
    passOn: "reputation crank",
    place: "reputation crank",
    quit: "reputation leave",
    review: "reputation crank",
    sample: "reputation sample",
    support: "ballot move",
    takeUp: "reputation take-up",
  },
  ClusterGovernor: {
    cancel: "cancel",
    castVote: "vote",
    castVoteBySig: "(for wallets that send for others)",
    castVoteWithReason: "vote",
    castVoteWithReasonAndParams: "(counting takes no parameters)",
    castVoteWithReasonAndParamsBySig: "(counting takes no parameters)",
    execute: "execute",
    onERC1155BatchReceived: "(for tokens)",
    onERC1155Received: "(for tokens)",
    onERC721Received: "(for tokens)",
    propose: "propose",
    queue: "queue",
    relay: "(only itself)",
    setLateQuorumVoteExtension: "propose",
    setProposalThreshold: "propose",
    setVotingDelay: "propose",
    setVotingPeriod: "propose",
    updateQuorumNumerator: "propose",
    updateTimelock: "(only by a proposal; another timelock is another manager)",
  },
};

function changing(contract: string): string[] {
  const abi = contractArtifact(contract).abi as unknown as JsonFragment[];
  const names = abi
    .filter(
      ({ type, stateMutability = "" }) => type === "function" && !["view", "pure"].includes(stateMutability),
    )
    .map(({ name = "" }) => name);
  return [...new Set(names)].sort();
}

describe("client: commands of managers", () => {
  const find = (path: string): Command | undefined =>
    ["governance", ...path.split(" ")].reduce<Command | undefined>(
      (parent, name) => parent?.commands.find((command) => command.name() === name),
      createProgram({ json: false, signal: new AbortController().signal }),
    );

  for (const [contract, commands] of Object.entries(COMMANDS)) {
    it(`are there for each function of ${contract}`, () => {
      expect(Object.keys(commands).sort()).to.deep.equal(changing(contract));
    });
    it(`of ${contract} have a dry run and JSON`, () => {
      for (const path of new Set(Object.values(commands)).values()) {
        if (path.startsWith("(")) continue;
        const options = find(path)?.options.map(({ long }) => long);
        expect(options, path).to.include.members(["--json", "--dry-run"]);
      }
    });
  }
});
