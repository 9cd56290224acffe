/**
 * The state of each vNode, read again only if events or a new epoch may have changed it. Until the randomness is
 * recorded it is also read again now and then: an endpoint may withhold a block's events, and the node must not miss
 * an epoch because of that.
 */
import { isDeepStrictEqual } from "node:util";
import type { Block, EventSource } from "../chain/events.ts";
import { HoldfastError } from "../protocol/errors.ts";
import type { Duty, NodeChain, Survey } from "./chain-model.ts";
import type { Views } from "./chain-views.ts";

/** Events that name no vNode but may change what is asked of every one. */
const ABOUT_ALL_VNODES: ReadonlySet<string> = new Set([
  "BeaconRecorded",
  "ClusterChanged",
  "ProfileAdded",
  "BeaconAdded",
]);

interface Known {
  readonly epoch: number;
  readonly survey: Survey;
  /** Looks since it was read. It is read again after `patience` looks, which doubles each time. */
  looks: number;
  readonly patience: number;
}

export function createSurveys(
  source: EventSource,
  views: Pick<Views, "state" | "duty">,
  { epochAt, sourcePoint }: Pick<NodeChain, "epochAt" | "sourcePoint">,
): Pick<NodeChain, "events" | "survey"> {
  const readDuty = async (vNode: bigint, epoch: number, at: Block): Promise<Duty> => {
    const duty = await views.duty(vNode, epoch, at);
    if (duty) return duty;
    const message = `the endpoint answered for another block than ${at.number}: use another endpoint if this goes on`;
    throw new HoldfastError("unreachable", message);
  };
  const known = new Map<bigint, Known>();
  let readUntil = -1;

  return {
    async *events(fromBlock, head) {
      // These blocks are read again because a reorganization has replaced them.
      if (fromBlock <= readUntil) known.clear();
      for await (const page of source.events(fromBlock, head)) {
        for (const { name, args } of page.events)
          if (ABOUT_ALL_VNODES.has(name)) known.clear();
          else known.delete(args["vNode"] as bigint);
        readUntil = page.to;
        yield page;
      }
    },
    async survey(vNode: bigint, at: Block) {
      const epoch = epochAt(at.timestamp);
      const before = known.get(vNode);
      if (before?.epoch === epoch) {
        if (at.timestamp < sourcePoint(epoch) || !lacksRandomness(before.survey)) return before.survey;
        if (++before.looks < before.patience) return before.survey;
      }
      const asked = readDuty(vNode, epoch, at);
      if (before?.epoch === epoch && isDeepStrictEqual(before.survey.duty, await asked)) {
        // The same object is returned, so that nothing is done again for it.
        known.set(vNode, { ...before, looks: 0, patience: 2 * before.patience });
        return before.survey;
      }
      const [state, duty] = await Promise.all([views.state(vNode, at), asked]);
      const survey = { state, duty };
      known.set(vNode, { epoch, survey, looks: 0, patience: 1 });
      return survey;
    },
  };
}

function lacksRandomness({ state, duty }: Survey): boolean {
  return state.committed > 0n && duty.seed === undefined;
}
