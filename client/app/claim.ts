/**
 * Claims the credits of an object's segments for the bucket's owner.
 */
import type { Chain } from "../chain.ts";
import type { StoredObject } from "../object.ts";
import { sum } from "../sum.ts";
import { checkDeployment } from "./deployment.ts";
import type { Services } from "./services.ts";

export async function claim({ chain }: Services, object: StoredObject): Promise<bigint> {
  checkDeployment(chain, object);
  let total = 0n;
  for (const { vNode, serials } of object.replicas)
    for (const serial of serials) total += await claimSegment(chain, BigInt(vNode), serial);
  return total;
}

async function claimSegment(chain: Chain, vNode: bigint, serial: number): Promise<bigint> {
  const { events } = await chain.send("registry", "claim", [vNode, serial]);
  return sum(events.filter(({ name }) => name === "Claimed").map(({ args }) => args["amount"] as bigint));
}
