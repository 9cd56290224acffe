// SPDX-License-Identifier: GPL-3.0-or-later
pragma solidity 0.8.37;

import {AuditActions} from "./AuditActions.sol";
import {MoneyActions} from "./MoneyActions.sol";
import {SegmentActions} from "./SegmentActions.sol";
import {Thief} from "./Thief.sol";
import {VNodeActions} from "./VNodeActions.sol";

/// @title Handler
/// @notice Does whatever people do, in any order. Each action makes of any arguments something that can be done, if there
/// is such a thing.
abstract contract Handler is MoneyActions, SegmentActions, VNodeActions, AuditActions, Thief {
    /// @notice What a runner may do.
    function actions() external pure returns (bytes4[] memory list) {
        (bytes4[27] memory first, bytes4[22] memory last) = (_ofPayersAndManagers(), _ofNodesAndAuditors());
        list = new bytes4[](first.length + last.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = i < first.length ? first[i] : last[i - first.length];
        }
    }

    function _ofPayersAndManagers() private pure returns (bytes4[27] memory) {
        return
            [
                this.deposit.selector,
                this.withdraw.selector,
                this.donate.selector,
                this.bond.selector,
                this.requestUnbond.selector,
                this.releaseBond.selector,
                this.collectFees.selector,
                this.store.selector,
                this.storeFor.selector,
                this.extend.selector,
                this.extendFor.selector,
                this.endEarly.selector,
                this.claim.selector,
                this.claimMany.selector,
                this.retire.selector,
                this.compact.selector,
                this.revokeAcceptances.selector,
                this.transferBucket.selector,
                this.setWriter.selector,
                this.assign.selector,
                this.vacate.selector,
                this.addVNode.selector,
                this.changeCluster.selector,
                this.proposeManager.selector,
                this.acceptManager.selector,
                this.addStandby.selector,
                this.removeStandby.selector
            ];
    }

    function _ofNodesAndAuditors() private pure returns (bytes4[22] memory) {
        return
            [
                this.trust.selector,
                this.updateNode.selector,
                this.proposeProvider.selector,
                this.acceptProvider.selector,
                this.pause.selector,
                this.announceLeave.selector,
                this.topUp.selector,
                this.unlockKept.selector,
                this.pass.selector,
                this.live.selector,
                this.neglect.selector,
                this.idle.selector,
                this.recordBeacon.selector,
                this.breakBeacon.selector,
                this.prove.selector,
                this.proveBatch.selector,
                this.takeOver.selector,
                this.settle.selector,
                this.challenge.selector,
                this.answer.selector,
                this.expire.selector,
                this.steal.selector
            ];
    }
}
