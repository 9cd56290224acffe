pragma circom 2.2.3;
include "../storage_audit.circom";
component main { public [directoryRoot, seed, start, length] } = StorageAudit(20, 6, 7);
