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
Print spec_memory_call.
Print Vm_Spec.section.
Print Vm_Spec.ended.
Print Vm_Spec.atomic.
(* KServ and VMs as programs. *)
From Redoubt.machine Require System.
From Redoubt.mm Require Import Alike Noninterference.
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
Check leak_decided.
Print tells.
(* Every entry to KCore: the whole of what runs at EL2. *)
From Redoubt.cpu Require Import Traps Traps_Proof Traps_Secure.
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
(* What KServ finds when a vCPU has left its CPU. *)
From Redoubt.mm Require Traps_Phase.
From Redoubt.cpu Require Rest_Spec Traps_Kserv.
Check Traps_Kserv.kserv_finds.
Check Traps_Kserv.kserv_put_away.
Print Rest_Spec.own_state.
Print Traps_Proof.arrived.
Print Traps_Phase.phase.
Print Traps_Phase.not_kserv.
Print Rest_Spec.ctx_words.
Print Rest_Spec.kserv_of.
Print Rest_Spec.after_exit.
Print Run_Spec.exit_codes.
(* Programs for which it is false, as it is stated or with less in the trace. *)
From Redoubt.mm Require Leaky_Traps.
Check Leaky_Traps.leak_traps_not_zeroed.
Check Leaky_Traps.leak_without_gives.
Check Leaky_Traps.leak_without_left.
Print Leaky_Traps.noninterfering.
Print Leaky_Traps.whole.
Print Leaky_Traps.without_gives.
Print Leaky_Traps.without_left.
(* What they all rest on: one question, for an answer takes a minute. *)
Definition all_theorems := (kcore_secure, owner_change, kcore_secure_lock, program_meets, contract_total, board0_ok,
  example_mem_inv, system_secure, system_goes_on, noninterference, secret_of_one, private_kept, any_secret,
  example_vm, example_alike, leak_not_zeroed, leak_answer, leak_copy, leak_reached, break_store, boot_establishes,
  secure_from_boot, boot_possible, kcore_refines, kcore_keeps_rules, kcore_NI, kcore_kept, rules_NI, rules_kept,
  leak_decided, traps_from_boot, traps_secure_lock, Leaky_Traps.leak_traps_not_zeroed,
  Leaky_Traps.leak_without_gives, Leaky_Traps.leak_without_left, system_traps_secure, system_traps_go_on,
  traps_noninterference, traps_given, secret_of_one_traps, traps_private_kept, Traps.kcore_traps_NI,
  Traps_Watch.watched, Traps_Kserv.kserv_finds, Traps_Kserv.kserv_put_away).
Print Assumptions all_theorems.
