(* What the proofs rest on, and what they say. The output is compared with golden/statements.txt. *)
From Coq Require Import ZArith List String.
From Redoubt.sem Require Import Sem.
From Redoubt.machine Require Import State Events Machine.
Open Scope string_scope.
Open Scope Z_scope.
From Redoubt.mm Require Import Invariant Structure Verified Secure Total Example.
From Redoubt.machine Require Import Locks.
From Redoubt.lock Require Import Refines Secure.
Set Printing Width 100.
Print Assumptions kcore_secure.
Print Assumptions owner_change.
Print Assumptions kcore_secure_lock.
Print Assumptions program_meets.
Print Assumptions contract_total.
Print Assumptions board0_ok.
Print Assumptions example_mem_inv.
Check kcore_secure.
Check owner_change.
Check kcore_secure_lock.
Print lower.
Print lstep.
Check contract_total.
Check board0_ok.
Check example_mem_inv.
Print sane.
Print owns.
Print secure.
Print allowed.
Print table_page.
Print may_change.
Print board_ok.
Print inv.
Print mem_inv.
Print tables_ok.
Print leaf_ok.
Print pools_ok.
Print pool_of.
Print lent_ok.
Print lent_by.
Print vcpus_ok.
Print guest_call.
Print call.
Print guest_arguments.
Print arguments_ok.
Print with_vm.
Print if_protected.
Print run_guest.
Print run.
Print all_runs.
Print start.
Print step.
(* The calls, one by one. *)
From Redoubt.mm Require Import Call_Spec.
Print memory_effect.
(* KServ and VMs as programs. *)
From Redoubt.machine Require System.
From Redoubt.mm Require Import Alike Noninterference.
Print Assumptions system_secure.
Print Assumptions system_goes_on.
Print Assumptions noninterference.
Print Assumptions secret_of_one.
Check system_secure.
Check system_goes_on.
Check noninterference.
Check secret_of_one.
Print absent.
Print kcore_offers.
Print kcore_answer.
Print System.hypercall.
Print System.access.
Print System.kcore_step.
Print System.result.
Print System.flow_of.
Print System.step.
Print System.sees.
Print System.same_for.
Print secret.
Print alike.
(* Integrity of private pages; and calls that leak. *)
From Redoubt.mm Require Import Lockstep Integrity System_Integrity Example_Vm Leaky.
Print Assumptions private_kept.
Print Assumptions any_secret.
Print Assumptions example_vm.
Print Assumptions example_alike.
Print Assumptions leak_not_zeroed.
Print Assumptions leak_answer.
Print Assumptions leak_copy.
Print Assumptions leak_reached.
Print Assumptions break_store.
Check private_kept.
Check any_secret.
Check example_vm.
Check example_alike.
Check leak_not_zeroed.
Check leak_answer.
Check leak_copy.
Check leak_reached.
Check break_store.
Print private_page.
Print noninterfering.
Print keeping.
(* Boot. *)
From Redoubt.machine Require Import Boot.
From Redoubt.mm Require Import Init_Spec Boot_Verified Boot_Secure.
Print Assumptions boot_establishes.
Print Assumptions secure_from_boot.
Print Assumptions boot_possible.
Check boot_establishes.
Check secure_from_boot.
Check boot_possible.
Print boot_start.
Print boot_effect.
Print info_of.
Print board_of.
Print describes.
Print checked.
Print ram_checked.
Print regions_ok.
Print devices_checked.
Print devices_ok.
Print core_checked.
Print pool_checked.
Print need.
(* The link: the C keeps the rules (link/Rules.v), and noninterference comes down from them. *)
From Redoubt.link Require Import Rules Rules_Proof Abstract Refine Link.
Print Assumptions kcore_refines.
Print Assumptions kcore_keeps_rules.
Print Assumptions kcore_NI.
Print Assumptions kcore_kept.
Print Assumptions rules_NI.
Print Assumptions rules_kept.
Check kcore_refines.
Check kcore_keeps_rules.
Check kcore_NI.
Check kcore_kept.
Check rules_NI.
Check rules_kept.
Print S.sp_refines.
Print deed.
Print may_reach.
Print law.
Print still.
Print Rules.step.
Print decided.
Print looks.
From Redoubt.link Require Import Rules_Leaky.
Print Assumptions leak_decided.
Check leak_decided.
Print tells.
(* Every entry to KCore: the whole of what runs at EL2. *)
From Redoubt.cpu Require Import Traps Traps_Proof Traps_Secure.
Print Assumptions traps_from_boot.
Print Assumptions traps_secure_lock.
Check traps_secure.
Check traps_owner.
Check traps_secure_lock.
Check traps_from_boot.
Print el1_registers.
Print changeable.
Print entry.
Print entry_ok.
Print arrive.
Print Traps.enters.
Print life.
Print on_start.
(* What is told of a protected VM, and what is ever copied. *)
From Redoubt.machine Require Exposed.
Print Exposed.exposed.
Print Exposed.shown_syndrome.
Print Exposed.shown_page.
Print Exposed.current.
Print Exposed.calls.
Print Exposed.disclosed.
Print Events.discloses.
Print Events.told.
(* Noninterference with entry, exit, and the guests' calls. *)
From Redoubt.mm Require Traps_System Traps_Given Traps_Goes Traps_Kept Traps_Watch.
From Redoubt.link Require Traps.
From Redoubt.cpu Require Import Traps_Noninterference.
(* One question for all: each answer takes a minute. *)
Definition with_traps := (system_traps_secure, system_traps_go_on, traps_noninterference, traps_given, secret_of_one_traps,
  traps_private_kept, Traps.kcore_traps_NI, Traps_Watch.watched).
Print Assumptions with_traps.
Check system_traps_secure.
Check system_traps_go_on.
Check traps_noninterference.
Check traps_given.
Check secret_of_one_traps.
Check traps_private_kept.
Check Traps.kcore_traps_NI.
Print Traps.kcore_traps.
Check Traps_Watch.watched.
Print Traps_Watch.same_machine.
Print kcore_entry.
Print kcore_boot.
Print Traps_System.volatile.
Print Traps_System.shows.
Print Traps_System.veiled.
Print Traps_System.public.
Print Traps_System.overwrites.
Print Traps_System.content.
Print Traps_System.given.
Print Traps_System.open_answer.
Print Traps_System.on_cpu.
Print Traps_System.back.
Print Traps_System.trapping.
Print Traps_System.step.
Print Traps_System.seen.
Print Traps_System.same_for.
Print Traps_Goes.turn.
Print Traps_Given.policy.
Print Traps_Kept.own_doing.
(* Programs for which it is false, as it is stated or with less in the trace. *)
From Redoubt.mm Require Leaky_Traps.
Print Assumptions Leaky_Traps.leak_traps_not_zeroed.
Print Assumptions Leaky_Traps.leak_without_gives.
Print Assumptions Leaky_Traps.leak_without_left.
Check Leaky_Traps.leak_traps_not_zeroed.
Check Leaky_Traps.leak_without_gives.
Check Leaky_Traps.leak_without_left.
Print Leaky_Traps.noninterfering.
Print Leaky_Traps.whole.
Print Leaky_Traps.without_gives.
Print Leaky_Traps.without_left.
