/**
 * The challenges of a play and their outcomes.
 */
import type { Directory } from "../../protocol/directory.ts";
import { RESPONSE_EPOCHS } from "../../protocol/limits.ts";
import { auditSeed } from "../../protocol/statement.ts";
import { errorSelector, quick, type ContractName } from "./calls.ts";
import type { Ground } from "./ground.ts";
import type { Statement } from "./oracle.ts";
import type { Hex, Outcome } from "./scene.ts";
import type { Stagehand } from "./stagehand.ts";

export interface Challenge {
  readonly id: number;
  readonly challenger: string;
  readonly ground: Ground;
  readonly node: number;
  /** Epoch in which it was made. Its randomness is that of the next epoch. */
  readonly epoch: number;
  readonly root: bigint;
  readonly directory: Directory;
  readonly start: number;
  readonly length: number;
}

const NOT_OPEN = errorSelector("Challenges", "NotOpen");

/** The parts of a play that challenges need. */
interface Playing {
  readonly epoch: number;
  readonly ground: Ground;
  view(ground: Ground): { readonly node: number };
  randomness(epoch: number): Hex;
  call(
    ...given: [...Call, args: readonly (bigint | number | string)[], then: (outcome: Outcome) => void]
  ): void;
  send(...given: [...Call, data: string, then: (outcome: Outcome) => void]): void;
}
type Call = [role: string, contract: ContractName, name: string];

export class PlayChallenges {
  open: Challenge[] = [];
  /** Number of challenges that were made, answered, and lost by the node. */
  readonly count = { made: 0, answered: 0, failed: 0 };
  readonly #play: Playing;
  readonly #stagehand: Stagehand;

  constructor(play: Playing, stagehand: Stagehand) {
    this.#play = play;
    this.#stagehand = stagehand;
  }

  /** Challenges a range of weights. Default: the whole vNode. */
  make(challenger: string, range?: { start: number; length: number }, ground = this.#play.ground): void {
    const { epoch } = this.#play;
    const { start, length } = range ?? { start: 0, length: ground.directory.total };
    const node = this.#play.view(ground).node;
    const args = [ground.id, start, length, 2n ** 90n];
    this.#play.call(challenger, "Challenges", "challenge", args, ({ success, answer }) => {
      if (!success) return;
      this.count.made++;
      // Use the directory as it is now, with the earlier acts of the same block.
      const { directory } = ground;
      const { root } = directory;
      this.open.push({
        id: Number(`0x${answer}`),
        challenger,
        ground,
        node,
        epoch,
        root,
        directory,
        start,
        length,
      });
    });
  }

  /** The statement that it asks for. undefined: its randomness is not known yet. */
  statementOf({ id, ground, node, epoch, root, start, length }: Challenge): Statement | undefined {
    const { scene } = this.#stagehand;
    if (this.#play.epoch <= epoch) return undefined;
    const seed = auditSeed({
      chainId: scene.chainId,
      audits: scene.challenges,
      vNode: BigInt(ground.id),
      node: BigInt(node),
      epoch: BigInt(id),
      randomness: this.#play.randomness(epoch + 1),
    });
    return { root, seed, start, length };
  }

  answer(challenge: Challenge, role: string, proof: string): void {
    this.#play.call(role, "Challenges", "answer", [challenge.id, proof], ({ success }) => {
      if (!success) return;
      this.count.answered++;
      this.#close(challenge);
    });
  }

  /** Lets the challengers end their challenges whose time is over. */
  expire(): void {
    for (const challenge of this.open) {
      if (this.#play.epoch <= challenge.epoch + RESPONSE_EPOCHS) continue;
      const data = quick("Challenges", "expire", challenge.id);
      this.#play.send(challenge.challenger, "Challenges", "expire", data, ({ success, answer }) => {
        if (success) this.count.failed++;
        // NotOpen: it was dismissed in the meantime. Other errors: a pause may give the node more time.
        if (success || answer.startsWith(NOT_OPEN)) this.#close(challenge);
      });
    }
  }

  #close(challenge: Challenge): void {
    this.open = this.open.filter((other) => other !== challenge);
  }
}
