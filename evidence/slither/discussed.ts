/**
 * The kinds of findings that slither reports for the contracts, and why each may stay. Any other kind is an error.
 */
export const DISCUSSED: Readonly<Record<string, string>> = {
  "divide-before-multiply":
    "a payment is rounded down to units before its fees are taken from it, so that pay and fees add up to what left escrow",
  "incorrect-equality":
    "epochs are counted exactly, and a randomness of 0 means that none is on record: DrandBeacon and PrevrandaoBeacon never store 0",
  "reentrancy-no-eth":
    "the calls go to the other contracts of the deployment, whose addresses are fixed when they are made; only Ledger calls a token, and its deposits and withdrawals are guarded against each other",
  "reentrancy-benign": "as reentrancy-no-eth",
  "reentrancy-events": "as reentrancy-no-eth; nobody can put an event between the call and its own",
  "uninitialized-local": "counters and memory structs that begin at zero, as the language says",
  "unused-return": "what is named by a pattern with an empty place, or what the caller does not need",
  "events-maths": "Proven, Missed and FeesCollected say every change of the fees",
  "calls-loop": "loops are bounded by an argument, and call the other contracts of the deployment",
  "shadowing-local": "arguments that have the name of a function of an inherited contract",
  timestamp:
    "epochs are counted by the time of blocks; a builder moves it by seconds, epochs have a margin of more",
  assembly:
    "Poseidon2T4, Bn254, Groth16Verifier, the factory's create2 and the packing of words, each with its test",
  "dead-code": "every id and serial has both == and !=, also where only one of them is used so far",
  "costly-loop": "the number of vNodes is written once for each that is added",
  "naming-convention": "constants of the verifier and parameters that shadow keywords end in an underscore",
  "too-many-digits": "round constants, and creation code, which is no number",
  "unindexed-event-address": "a factory's contracts are few: nobody filters them by address",
  "immutable-states":
    "PrevrandaoProbe is made in order to be read, and its constructor writes storage on purpose",
};
