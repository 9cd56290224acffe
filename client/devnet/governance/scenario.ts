/**
 * One cluster goes through all ways of deciding, and back to the account that has created it, while its nodes prove and are
 * paid. What takes long is prepared while the managers before are in charge.
 */
import { leafCount } from "../../../protocol/field.ts";
import { fileSize } from "../../app/segments.ts";
import type { SafeRecord } from "../../governance/safe.ts";
import type { StoredObject } from "../../object.ts";
import { decideAsAccount, takeBack } from "./account.ts";
import { decideAsDao, makeDao, seeReplaced, voteAsDao } from "./dao.ts";
import { decideAsNomination, electMembers, makeNomination } from "./nomination.ts";
import { trust } from "./people.ts";
import { decideAsProof, makeProofManager } from "./proof.ts";
import { decideAsReputation, gainReputation, makeReputation } from "./reputation.ts";
import { decideAsSafe, seeTerms } from "./safe.ts";
import type { GovernanceStage } from "./stage.ts";

export interface Played {
  /** The file that was stored when the account was in charge. */
  readonly object: StoredObject;
  /** The vNode whose node has lost its data on purpose. */
  readonly excluded: bigint;
}

export async function play(stage: GovernanceStage, safe: SafeRecord): Promise<Played> {
  const { people, options, cluster, storing } = stage;
  const failed = Promise.withResolvers<never>();
  /** Goes on at the side. If it fails, all fails at once. */
  const aside = <T>(work: Promise<T>): Promise<T> => {
    work.catch(failed.reject);
    return work;
  };
  const back = { name: "account", manager: people.account.account() };
  const leaves = leafCount(await fileSize(options.file));

  const story = async (): Promise<Played> => {
    const vNodes = await decideAsAccount(stage);
    const stored = aside(storing.put({ customer: people.app, path: options.file, cluster, vNodes }));
    const dao = await makeDao(stage);
    const reputation = { name: "reputation", manager: await makeReputation(stage, leaves) };
    const agenda = aside(voteAsDao(stage, dao, reputation));
    await trust(people, safe.safe);
    await trust(people, dao.timelock);
    const proof = { name: "proof of storage", manager: await makeProofManager(stage) };
    const object = await stored;
    const gained = aside(gainReputation(stage, reputation.manager, proof));

    await decideAsSafe(stage, safe, { name: "token holders", manager: dao.timelock });
    await decideAsDao(stage, dao, await agenda, reputation);
    await seeTerms(stage);
    await seeReplaced(stage, await agenda);
    await decideAsReputation(stage, reputation.manager, { motion: await gained, next: proof });
    const nomination = await makeNomination(stage);
    const next = { name: "nomination", manager: nomination.manager };
    const elected = aside(electMembers(stage, nomination, back));
    const excluded = await decideAsProof(stage, proof.manager, next);
    await decideAsNomination(stage, nomination, await elected, back);
    await takeBack(stage);
    return { object, excluded };
  };
  return Promise.race([story(), failed.promise]);
}
