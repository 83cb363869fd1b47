(** * The verified functions in the program

    Every function of KCore is in [Program.program], translated from the C that is compiled.  [specs] has
    the specifications of those that are proved; each one is proved for any program in which its callees
    meet theirs, so [verified_program] follows.  The other functions are listed in docs/unverified.md. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure Table_Pool Table_Proof Slot_Proof Donate_Spec Private_Proof
  Donate_Proof.
From Redoubt.sem Require Import Tactics Link Memory Wf.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Prims Page_Spec Page_Proof Host_Spec Host_Proof
  Own_Spec Own_Proof Object_Spec Object_Proof Vcpu_Spec Vcpu_Proof Vm_Spec Vm_Proof Lend_Spec Lend_Proof
  Walk_Spec Walk_Proof Table_Spec Attr_Proof Table_Put.
From Redoubt.mm Require Import Vcpu_Create_Spec Vcpu_Create_Proof.
From Redoubt.mm Require Import Leaf_Spec Leaf_Proof Revoke_Spec Revoke_Proof Release_Proof Finish_Proof Loan_Spec Loan_Proof
  Unlend_Proof Prot_Proof Loan_Call_Spec Loan_Call_Proof Force_Spec Force_Proof Guest_Spec Guest_Proof
  Share_Spec Unshare_Proof Share_Proof.
From Redoubt.mm Require Import Ram_Spec Ram_Proof Teardown_Spec Teardown_Proof Host_Map_Spec Host_Map_Proof.
From Redoubt.mm Require Import Call_Spec Call_Proof Local_Prims.
From Redoubt.mm Require Import Load_Spec Load_Proof Guest_Call_Spec Guest_Call_Proof Guard_Spec Guard_Proof
  Power_Spec Power_Proof.
From Redoubt.cpu Require Import Word_Spec Word_Proof Load_Proof Prims Reg_Spec Reg_Proof Smc_Spec Smc_Proof.
From Redoubt.cpu Require Import Ctx_Spec Ctx_Proof Vgic_Spec Vgic_Proof Run_Spec Run_Proof Run_Off_Proof Run_Exit_Proof
  Trap_Spec Exit_Proof Sysreg_Proof Mmio_Proof Host_Trap_Spec Host_Trap_Proof Host_Abort_Proof Host_Call_Spec
  Host_Call_Proof Host_Reg_Proof.
From Redoubt.cpu Require Import Scrub_Spec Scrub_Proof Host_Smc_Spec Host_Smc_Proof Host_Entry_Spec Host_Entry_Proof Trap_Proof Rest_Spec
  Start_Proof Psci_Spec Psci_On_Proof Psci_Proof Rsi_Spec Rsi_Proof Pkvm_Spec Pkvm_Proof Copy_Spec Copy_Proof Pkvm_Call_Spec Pkvm_Call_Proof
  Call_Guest_Spec Call_Guest_Proof Serve_Spec Guest_Trap_Proof Pend_Proof Guest_Trap_Spec Guest_Abort_Proof.
From Redoubt.cpu Require Import Load_Call_Spec Load_Call_Proof.
From Redoubt.cpu Require Import Enter_Spec Enter_Proof Run_Call_Proof Kserv_Enter.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** The bound on the rounds of a loop: no loop of the verified functions runs longer.  The longest goes through all pages
    of a region of RAM.  (Nothing may ever compute this number: it is one of which only this is known.) *)
Lemma enough : {n : nat | Z.of_nat n = 2 ^ 28 + 1}.
Proof. exists (Z.to_nat (2 ^ 28 + 1)). apply Z2Nat.id. discriminate. Qed.
Definition fuel : nat := proj1_sig enough.
Definition fuel_value : Z.of_nat fuel = 2 ^ 28 + 1 := proj2_sig enough.

Section Program.
  Variables (B : board) (cpu : Z).
  Hypothesis HB : board_ok B.
  Notation LI := (mem_inv B).
  Notation K := (kcore B cpu (mem_inv B)).

  Definition prim_specs : list (ident * (den -> Prop)) := [
    ("spin_lock", spec_spin_lock B cpu LI); ("spin_unlock", spec_spin_unlock B cpu LI);
    (* with the lock, and without it on the CPU's own pages *)
    ("pg_get", fun d => spec_pg_get B cpu LI d /\ spec_own_get B cpu LI d);
    ("pg_set", fun d => spec_pg_set B cpu LI d /\ spec_own_set B cpu LI d);
    ("meta_get", spec_meta_get B cpu LI); ("meta_set", spec_meta_set B cpu LI);
    ("pte_get", spec_pte_get B cpu LI); ("pte_set", spec_pte_set B cpu LI);
    ("page_zero", fun d => spec_page_zero B cpu LI d /\ spec_own_zero B cpu LI d); ("page_sync", spec_page_sync B cpu LI);
    ("page_copy", spec_page_copy B cpu);
    ("tlb_inval_vm", fun d => spec_tlb_inval_vm B cpu LI d /\ spec_tlb_inval_raw B cpu d);
    ("fp_load", spec_fp_load B cpu LI); ("fp_save", spec_fp_save B cpu LI);
    ("ctx_switch", spec_ctx_switch B cpu LI); ("ctx_start", spec_ctx_start B cpu LI);
    (* registers of the CPU: cpu/ *)
    ("cptr_set", does B cpu LI "cptr_set" 1 None); ("fp_clear", does B cpu LI "fp_clear" 0 None);
    ("esr_get", does B cpu LI "esr_get" 0 (Some U64)); ("hcr_get", does B cpu LI "hcr_get" 0 (Some U64));
    ("mdcr_get", does B cpu LI "mdcr_get" 0 (Some U64)); ("cnthctl_set", does B cpu LI "cnthctl_set" 1 None);
    ("vsesr_set", does B cpu LI "vsesr_set" 1 None); ("cpu_halt", does B cpu LI "cpu_halt" 0 None);
    ("ich_vmcr_get", does B cpu LI "ich_vmcr_get" 0 (Some U64)); ("ich_vmcr_set", does B cpu LI "ich_vmcr_set" 1 None);
    ("ich_hcr_get", does B cpu LI "ich_hcr_get" 0 (Some U64)); ("ich_hcr_set", does B cpu LI "ich_hcr_set" 1 None);
    ("ich_lr_get", does B cpu LI "ich_lr_get" 1 (Some U64)); ("ich_lr_set", does B cpu LI "ich_lr_set" 2 None);
    ("ich_ap_get", does B cpu LI "ich_ap_get" 2 (Some U64)); ("ich_ap_set", does B cpu LI "ich_ap_set" 3 None);
    ("pmu_stop", does_all B cpu LI "pmu_stop" 0 (Some U64)); ("pmu_start", does_all B cpu LI "pmu_start" 1 None);
    ("features_set", does_all B cpu LI "features_set" 1 None);
    ("spsr_get", does B cpu LI "spsr_get" 0 (Some U64));
    ("elr_get", does B cpu LI "elr_get" 0 (Some U64));
    ("el1_vbar_get", does B cpu LI "el1_vbar_get" 0 (Some U64));
    ("el1_sctlr_get", does B cpu LI "el1_sctlr_get" 0 (Some U64));
    ("el1_exception_set", does B cpu LI "el1_exception_set" 3 None);
    ("elr_set", does B cpu LI "elr_set" 1 None);
    ("spsr_set", does B cpu LI "spsr_set" 1 None);
    ("el1_far_set", does B cpu LI "el1_far_set" 1 None);
    ("far_get", does B cpu LI "far_get" 0 (Some U64));
    ("stage1_walk", does B cpu LI "stage1_walk" 1 (Some U64));
    ("hpfar_get", does B cpu LI "hpfar_get" 0 (Some U64));
    ("id_reg_get", does B cpu LI "id_reg_get" 2 (Some U64));
    ("tlb_inval_local", does B cpu LI "tlb_inval_local" 0 None);
    ("mmio_read", does B cpu LI "mmio_read" 2 (Some U64));
    ("mmio_write", does B cpu LI "mmio_write" 3 None);
    ("smc_call", does B cpu LI "smc_call" 4 (Some U64));
    ("cntvoff_set", does_all B cpu LI "cntvoff_set" 1 None);
    ("cpu_entry_pa", does B cpu LI "cpu_entry_pa" 0 (Some U64));
    ("ich_vtr_get", does B cpu LI "ich_vtr_get" 0 (Some U64)) ].

  Definition func_specs : list (ident * (den -> Prop)) := [
    ("word_make", fun d => forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
        computes K d [k; h; a] (mk_state k h a));
    ("word_kind", unary K kind); ("word_handle", unary K handle); ("word_arg", unary K arg);
    ("word_is_hosts", unary K (fun s => bz ((1 <=? kind s) && (kind s <=? 3))));
    ("desc_valid", unary K (fun d => d mod 2)); ("desc_is_table", unary K (fun d => bz (d mod 4 =? 3)));
    ("desc_is_block", unary K (fun d => bz (d mod 4 =? 1)));
    ("desc_pfn", unary K (fun d => d / 2 ^ 12 mod 2 ^ 28)); ("desc_attr", unary K desc_attr_of);
    ("desc_table", fun d => forall p, 0 <= p < 2 ^ 28 -> computes K d [p] (table_desc p));
    ("desc_page", fun d => forall p a, 0 <= p < 2 ^ 28 -> attributes a ->
        computes K d [p; a] (page_desc p a));
    ("desc_block", fun d => forall p a, 0 <= p < 2 ^ 28 -> attributes a ->
        computes K d [p; a] (block_desc p a));
    ("desc_invalid", fun d => forall s, 0 <= s < 4 -> computes K d [s] (invalid_desc s));
    ("desc_freeze", unary K (fun d => d - d mod 4)); ("desc_state_bits", unary K (fun d => d / 4 mod 4));
    ("idx_l1_page", unary K (fun fn => fn / 2 ^ 27 mod 2)); ("idx_l1", unary K (index 1));
    ("idx_l2", unary K (index 2)); ("idx_l3", unary K (index 3));
    ("fn_block", unary K (fun fn => fn / 512 * 512));
    ("region_find", spec_region_find B cpu LI); ("ram_check", spec_ram_check B cpu LI);
    ("ram_check_range", spec_ram_check_range B cpu LI); ("page_put", spec_page_put B cpu LI);
    ("page_count", spec_page_count B cpu LI);
    ("page_set", spec_page_set B cpu LI); ("page_check_one", spec_page_check_one B cpu LI);
    ("page_check", spec_page_check B cpu LI);
    ("page_lend", spec_page_lend B cpu LI); ("page_unlend", spec_page_unlend B cpu LI);
    ("host_l3", spec_host_l3 B cpu LI); ("host_entry", spec_host_entry B cpu LI);
    ("host_entry_set", spec_host_entry_set B cpu LI); ("host_entry_replace", spec_host_entry_replace B cpu LI);
    ("host_fill", spec_host_fill B cpu LI); ("host_block_full", spec_host_block_full B cpu LI);
    ("host_unmap_page", spec_host_unmap_page B cpu LI); ("host_unmap_block", spec_host_unmap_block B cpu LI);
    ("host_map_page", spec_host_map_page B cpu LI);
    ("own_take_core", spec_own_take_core B cpu LI); ("own_return", spec_own_return B cpu LI);
    ("vm_check", spec_vm_check B cpu); ("vm_check_live", spec_vm_check_live B cpu);
    ("vm_check_protected", spec_vm_check_protected B cpu);
    ("pool_put", spec_pool_put B cpu); ("reclaim_check", spec_reclaim_check B cpu);
    ("call_page_reclaim", spec_call_page_reclaim B cpu); ("handle_find", spec_handle_find B cpu);
    ("vm_make", spec_vm_make B cpu); ("call_vm_create", spec_call_vm_create B cpu);
    ("call_vm_table", spec_call_vm_table B cpu); ("vm_seal", spec_vm_seal B cpu);
    ("call_vm_free", spec_call_vm_free B cpu); ("call_vm_flush", spec_call_vm_flush B cpu);
    ("stat_get", spec_stat_get B cpu); ("call_stat", spec_call_stat B cpu);
    ("ipa_range_ok", spec_ipa_range_ok B cpu LI);
    ("ram_end", spec_ram_end B cpu LI);
    ("ram_next", spec_ram_next B cpu LI);
    ("ram_meets", spec_ram_meets B cpu LI);
    ("vcpu_reset", spec_vcpu_reset B cpu LI);
    ("vcpu_boot", spec_vcpu_boot B cpu LI);
    ("check_ctx", spec_check_ctx B cpu);
    ("vcpu_check_new", spec_vcpu_check_new B cpu);
    ("vcpu_make_protected", spec_vcpu_make_protected B cpu);
    ("vcpu_make", spec_vcpu_make B cpu);
    ("call_vcpu_create", spec_call_vcpu_create B cpu);
    ("desc_sw", unary K (fun d => Structure.soft d * 2 ^ 55));
    ("desc_set_attr", fun d => forall x a, in_ty U64 x -> attributes a -> computes K d [x; a] (desc_with x a));
    ("attr_lent", fun d => forall p, 0 <= p < 8 -> computes K d [p] (lent_attr p));
    ("walk_l2", spec_walk_l2_tree B cpu LI);
    ("walk_entry2", spec_walk_entry2_tree B cpu LI);
    ("walk_l3", spec_walk_l3 B cpu LI);
    ("walk_leaf", spec_walk_leaf_tree B cpu LI);
    ("walk_put", spec_walk_put B cpu LI);
    ("walk_next", spec_walk_next B cpu LI);
    ("walk_state", spec_walk_state B cpu LI);
    ("walk_pfn", spec_walk_pfn B cpu LI);
    ("revoke_begin", spec_revoke_begin B cpu LI);
    ("revoke_pending", spec_revoke_pending B cpu LI);
    ("revoke_freeze", spec_revoke_freeze B cpu LI);
    ("release_lent", spec_release_lent B cpu LI);
    ("release_at", spec_release_at B cpu LI);
    ("revoke_finish", spec_revoke_finish B cpu LI);
    ("prot_check", spec_prot_check B cpu LI);
    ("min_u64", spec_min_u64 B cpu LI);
    ("lend_pages", spec_lend_pages B cpu LI);
    ("lent_at", spec_lent_at B cpu LI);
    ("lent_cost", spec_lent_cost B cpu LI);
    ("unlend_freeze", spec_unlend_freeze B cpu LI);
    ("unlend_range", spec_unlend_range B cpu LI);
    ("prot_at", spec_prot_at B cpu LI);
    ("prot_range", spec_prot_range B cpu LI);
    ("order_pages", spec_order_pages B cpu LI);
    ("leaf_check", spec_leaf_check B cpu LI);
    ("call_unlend", spec_call_unlend B cpu);
    ("call_lend_prot", spec_call_lend_prot B cpu);
    ("pool_get", spec_pool_get B cpu LI);
    ("table_check", spec_table_check B cpu LI);
    ("table_make_l2", spec_table_make_l2 B cpu LI);
    ("table_fill", spec_table_fill B cpu LI);
    ("table_make_l3", spec_table_make_l3 B cpu LI);
    ("slot_check_block", spec_slot_check_block B cpu LI);
    ("slot_check", spec_slot_check B cpu LI);
    ("slot_map", spec_slot_map B cpu LI);
    ("own_take_private", spec_own_take_private B cpu LI);
    ("donate_check", spec_donate_check B cpu LI);
    ("call_donate", spec_call_donate B cpu);
    ("ram_check_new", spec_ram_check_new B cpu); ("call_vm_ram", spec_call_vm_ram B cpu);
    ("vm_unpin", spec_vm_unpin B cpu); ("call_vm_teardown", spec_call_vm_teardown B cpu);
    ("lend_check", spec_lend_check B cpu);
    ("call_lend", spec_call_lend B cpu);
    ("force_check", spec_force_check B cpu);
    ("force_reclaim", spec_force_reclaim B cpu);
    ("call_force_reclaim", spec_call_force_reclaim B cpu);
    ("memory_call", spec_memory_call B cpu);
    ("guest_limit", spec_guest_limit B cpu LI);
    ("ipa_kind", spec_ipa_kind B cpu LI);
    ("ipa_run", spec_ipa_run B cpu LI);
    ("fault_kind", spec_fault_kind B cpu LI);
    ("guest_store_locked", spec_guest_store_locked B cpu LI);
    ("unshare_at", spec_unshare_at B cpu LI);
    ("unshare_range", spec_unshare_range B cpu LI);
    ("share_at", spec_share_at B cpu LI);
    ("share_range", spec_share_range B cpu LI);
    ("load_check", spec_load_check B cpu);
    ("vcpu_load", spec_vcpu_load B cpu);
    ("vcpu_put", spec_vcpu_put B cpu);
    ("guest_set_shared", spec_guest_set_shared B cpu);
    ("guest_set_ram", spec_guest_set_ram B cpu);
    ("guest_ipa_state", spec_guest_ipa_state B cpu);
    ("guest_fault_kind", spec_guest_fault_kind B cpu);
    ("guard_find", spec_guard_find B cpu);
    ("guard_has", spec_guard_has B cpu);
    ("guard_put", spec_guard_put B cpu);
    ("guard_add", spec_guard_add B cpu);
    ("guard_passes", spec_guard_passes B cpu);
    ("guest_pkvm", spec_guest_pkvm B cpu);
    ("guest_pkvm_set", spec_guest_pkvm_set B cpu);
    ("guest_store", spec_guest_store B cpu);
    ("vcpu_start", spec_vcpu_start B cpu);
    ("vcpu_turn_off", fun d => spec_vcpu_turn_off B cpu d /\ spec_turned_off B cpu d);
    ("host_maps", spec_host_maps B cpu);
    ("vector_offset", spec_vector_offset B cpu LI);
    ("vector_pstate", spec_vector_pstate B cpu LI);
    ("inject_sync", spec_inject_sync B cpu LI);
    ("inject_undef", spec_inject_undef B cpu LI);
    ("inject_abort", spec_inject_abort B cpu LI);
    ("lr_count", spec_lr_count B cpu LI);
    ("ap_count", spec_ap_count B cpu LI);
    ("lr_allowed", spec_lr_allowed B cpu LI);
    ("pfr0", spec_pfr0 B cpu LI);
    ("mmfr0", spec_mmfr0 B cpu LI);
    ("ident_read", spec_ident_read B cpu LI);
    ("size_mask", spec_size_mask B cpu LI);
    ("load_value", spec_load_value B cpu LI);
    ("fault_ipa", spec_fault_ipa B cpu LI);
    ("stage2_fault", spec_stage2_fault B cpu LI);
    ("inject_sea", spec_inject_sea B cpu LI);
    ("is_kserv_reg", spec_is_kserv_reg B cpu LI);
    ("sysreg_who", spec_sysreg_who B cpu LI);
    ("sysreg_value", spec_sysreg_value B cpu LI);
    ("vcpu_by_mpidr", spec_vcpu_by_mpidr B cpu LI);
    ("psci_features", spec_psci_features B cpu LI);
    ("range_ok", spec_range_ok B cpu LI);
    ("pstate_ok", spec_pstate_ok B cpu LI);
    ("last_ran_update", spec_last_ran_update B cpu LI);
    ("step_over", spec_step_over B cpu LI);
    ("is_gicr", spec_is_gicr B cpu LI);
    ("gicr_write", spec_gicr_write B cpu LI);
    ("gicr_read", spec_gicr_read B cpu LI);
    ("cpu_by_mpidr", spec_cpu_by_mpidr B cpu LI);
    ("smc_plain", spec_smc_plain B cpu LI);
    ("smc_known", spec_smc_known B cpu LI);
    ("host_features", spec_host_features B cpu LI);
    ("cpu_boot_take", spec_cpu_boot_take B cpu);
    ("cpu_boot_drop", spec_cpu_boot_drop B cpu);
    ("host_cpu_suspend", spec_host_cpu_suspend B cpu);
    ("call_version", spec_call_version B cpu LI);
    ("call_cntvoff", spec_call_cntvoff B cpu LI);
    ("call_vgic_info", spec_call_vgic_info B cpu LI);
    ("guest_reg", spec_guest_reg B cpu LI);
    ("guest_reg_set", spec_guest_reg_set B cpu LI);
    ("fp_trap", spec_fp_trap B cpu LI);
    ("fp_exit", spec_fp_exit B cpu LI);
    ("vgic_load", spec_vgic_load B cpu LI);
    ("vgic_put", spec_vgic_put B cpu LI);
    ("vgic_enter", spec_vgic_enter B cpu LI);
    ("vgic_exit", spec_vgic_exit B cpu LI);
    ("guest_hcr", spec_guest_hcr B cpu);
    ("host_leave", spec_host_leave B cpu);
    ("guest_exit", spec_guest_exit B cpu);
    ("page_exit", spec_page_exit B cpu LI);
    ("mmio_exit", spec_mmio_exit B cpu LI);
    ("pend_complete", spec_pend_complete B cpu LI);
    ("device_exit", spec_device_exit B cpu);
    ("guest_abort", spec_guest_abort B cpu);
    ("guest_wait", spec_guest_wait B cpu LI);
    ("psci_exit", spec_psci_exit B cpu LI);
    ("retry_with", spec_retry_with B cpu LI);
    ("rsi_version", spec_rsi_version B cpu LI);
    ("state_set_done", spec_state_set_done B cpu LI);
    ("normal_trap", spec_normal_trap B cpu LI);
    ("sysreg_exit", spec_sysreg_exit B cpu LI);
    ("sysreg_trap", spec_sysreg_trap B cpu LI);
    ("host_gicr", spec_host_gicr B cpu LI);
    ("host_sysreg", spec_host_sysreg B cpu LI);
    ("stub_call", spec_stub_call B cpu LI);
    ("host_abort", spec_host_abort B cpu);
    ("call_vcpu_load", spec_load_returns B cpu (load_done B cpu));
    ("call_vcpu_put", spec_put_returns B cpu (put_done B cpu));
    ("any_call", spec_any_call B cpu (load_done B cpu) (put_done B cpu));
    ("call_return", spec_call_return B cpu);
    ("host_cpu_on", spec_host_cpu_on B cpu);
    ("cpu_start", spec_cpu_start B cpu);
    ("vms_loaded", spec_vms_loaded B cpu); ("vms_disconnect", spec_vms_disconnect B cpu);
    ("region_scrub", spec_region_scrub B cpu); ("scrub_all", spec_scrub_all B cpu);
    ("host_system_end", spec_host_system_end B cpu); ("smc_answer", spec_smc_answer B cpu); ("host_smc", spec_host_smc B cpu);
    ("guest_enter", spec_guest_enter B cpu);
    ("call_vcpu_run", spec_run_returns B cpu (runs B cpu));
    ("host_call", spec_host_call B cpu (load_done B cpu) (put_done B cpu) (runs B cpu));
    ("vcpu_turn_on", spec_vcpu_turn_on B cpu);
    ("psci_cpu_on", spec_psci_cpu_on B cpu);
    ("psci_affinity_info", spec_psci_affinity_info B cpu);
    ("guest_psci", spec_guest_psci B cpu);
    ("rsi_realm_config", spec_rsi_realm_config B cpu);
    ("rsi_state_set", spec_rsi_state_set B cpu);
    ("rsi_state_get", spec_rsi_state_get B cpu);
    ("guest_rsi", spec_guest_rsi B cpu);
    ("answer", spec_answer B cpu LI);
    ("page_done", spec_page_done B cpu LI);
    ("copy_wanted", spec_copy_wanted B cpu LI);
    ("copy_out_locked", spec_copy_out_locked B cpu);
    ("guest_copy_out", spec_guest_copy_out B cpu);
    ("mem_share", spec_mem_share B cpu);
    ("mem_unshare", spec_mem_unshare B cpu);
    ("mmio_guard", spec_mmio_guard B cpu);
    ("pkvm_memory", spec_pkvm_memory B cpu);
    ("guest_pkvm_call", spec_guest_pkvm_call B cpu (pkvm_done B cpu));
    ("guest_call", spec_guest_called B cpu (pkvm_done B cpu));
    ("protected_trap", spec_protected_trap B cpu);
    ("guest_trap", spec_guest_served B cpu);
    ("host_trap", spec_host_trap B cpu (load_done B cpu) (put_done B cpu) (runs B cpu));
    ("trap", spec_trap B cpu) ].

  Definition spec (f : ident) (d : den) : Prop :=
    match assoc f (prim_specs ++ func_specs) with Some P => P d | None => True end.

  (** ** Primitives *)
  (** No function is a primitive: so only the list of primitives is looked through. *)
  Lemma functions_apart : forallb (fun x => match prims (fst x) with None => true | Some _ => false end) func_specs = true.
  Proof. vm_compute. reflexivity. Qed.

  Lemma assoc_app {A} f (l l' : list (ident * A)) :
    assoc f (l ++ l') = match assoc f l with Some x => Some x | None => assoc f l' end.
  Proof. induction l as [|[g x] l IH]; cbn; [reflexivity|]. destruct (String.eqb f g); auto. Qed.

  Lemma assoc_In {A} f (l : list (ident * A)) x : assoc f l = Some x -> In (f, x) l.
  Proof.
    induction l as [|[g y] l IH]; cbn; [discriminate|]. destruct (String.eqb_spec f g) as [->|]; [intros [= ->]|]; auto.
  Qed.

  Lemma not_calls {P : Prop} : true = false -> P.
  Proof. discriminate. Qed.

  Lemma prims_specified f s : prims f = Some s -> spec f (call_primitive prims f).
  Proof.
    intros E. unfold spec. rewrite assoc_app. destruct (assoc f prim_specs) as [P|] eqn:A.
    2: { destruct (assoc f func_specs) as [P|] eqn:A'; [|exact I]. apply assoc_In in A'.
      pose proof (proj1 (forallb_forall _ _) functions_apart _ A') as N. cbn [fst] in N. rewrite E in N. discriminate N. }
    cbn [assoc prim_specs] in A.
    repeat match type of A with
    | (if String.eqb f ?x then _ else _) = _ =>
        destruct (String.eqb_spec f x); [subst f; try discriminate E; injection A as <-|]
    end; try discriminate A.
    all: try lazymatch goal with |- does _ _ _ ?f _ _ _ =>
      let L := constr:(does_ok B cpu LI prims f _ _ eq_refl eq_refl eq_refl eq_refl) in exact L
    | |- does_all _ _ _ ?f _ _ _ =>
      let L := constr:(does_in_ok B cpu LI true prims f _ _ eq_refl eq_refl eq_refl not_calls) in exact L end.
    - apply spin_lock_ok; reflexivity.
    - apply spin_unlock_ok; reflexivity.
    - split; [apply pg_get_ok; [exact HB|reflexivity]|apply own_get_ok; reflexivity].
    - split; [apply pg_set_ok; reflexivity|apply own_set_ok; reflexivity].
    - apply meta_get_ok; reflexivity.
    - apply meta_set_ok; reflexivity.
    - apply pte_get_ok; reflexivity.
    - apply pte_set_ok; reflexivity.
    - split; [apply page_zero_ok; [exact HB|reflexivity]|apply own_zero_ok; reflexivity].
    - apply page_sync_ok; reflexivity.
    - apply page_copy_ok; [exact HB|reflexivity].
    - split; [apply tlb_inval_vm_ok; [exact HB|reflexivity]|apply tlb_inval_raw_ok; reflexivity].
    - apply fp_load_ok; reflexivity.
    - apply fp_save_ok; reflexivity.
    - apply ctx_switch_ok; reflexivity.
    - apply ctx_start_ok; reflexivity.
  Qed.

  (** ** Functions *)
  Lemma fuel_ram : 2 ^ 28 < Z.of_nat fuel.
  Proof. rewrite fuel_value. reflexivity. Qed.
  Lemma fuel_ok : 600 < Z.of_nat fuel.
  Proof. rewrite fuel_value. reflexivity. Qed.

  (** The specification of a function, from its name. *)
  Ltac reveal := lazymatch goal with |- spec ?n ?d =>
    let n := eval cbv in n in
    let a := eval lazy beta iota zeta delta [assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb]
             in (assoc n (prim_specs ++ func_specs)) in
    lazymatch a with Some ?P => change (P d); cbv beta end end.
  (** The specification of a callee, from the hypothesis on all of them. *)
  Ltac given H c := let T := fresh "T" in
    assert (T : spec c (_ c)) by (refine (H c _); apply mem_name_In; vm_compute; reflexivity); exact T.
  (** One of the two that tlb_inval_vm has. *)
  Ltac one_of H c k := let T := fresh "T" in
    pose proof (H c ltac:(apply mem_name_In; vm_compute; reflexivity)) as T;
    lazy beta iota zeta delta [spec assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in T; k T.
  Ltac invalidates H := lazymatch goal with
    | |- spec_pg_get _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj1 T))
    | |- spec_pg_set _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj1 T))
    | |- spec_page_zero _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj1 T))
    | |- spec_own_get _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj2 T))
    | |- spec_own_set _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj2 T))
    | |- spec_own_zero _ _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj2 T))
    | |- spec_vcpu_turn_off _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj1 T))
    | |- spec_turned_off _ _ (?F ?c) => one_of H c ltac:(fun T => exact (proj2 T))
    | |- spec_tlb_inval_vm _ _ _ (?F ?c) =>
        let T := fresh "T" in pose proof (H c ltac:(apply mem_name_In; vm_compute; reflexivity)) as T;
        lazy beta iota zeta delta [spec assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in T; exact (proj1 T)
    | |- spec_tlb_inval_raw _ _ (?F ?c) =>
        let T := fresh "T" in pose proof (H c ltac:(apply mem_name_In; vm_compute; reflexivity)) as T;
        lazy beta iota zeta delta [spec assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in T; exact (proj2 T)
    end.
  (** Walks are specified for any tree; most of their callers walk a VM's. *)
  Ltac of_vm H := lazymatch goal with
    | |- spec_walk_l2 _ _ _ _ => apply (reads_vm B cpu LI HB); callee H
    | |- spec_walk_entry2 _ _ _ _ => apply (reads_vm B cpu LI HB); callee H
    | |- spec_walk_leaf _ _ _ _ => apply (reads_vm B cpu LI HB); callee H
    end.
  (** The current context's registers are KServ's while no vCPU is on the CPU. *)
  Ltac of_host H := lazymatch goal with
    | |- spec_host_reg _ _ _ _ => apply host_reg_of; callee H
    | |- spec_host_reg_set _ _ _ _ => apply host_reg_set_of; callee H
    end.
  (** What is said of a guest's calls and traps is more than their callers need. *)
  Ltac of_guest H := lazymatch goal with
    | |- spec_guest_call _ _ _ => apply (guest_called_call B cpu (pkvm_done B cpu)); callee H
    | |- spec_guest_trap _ _ _ => apply guest_served_trap; callee H
    | |- forall w w', idle _ w' -> runs _ _ _ w' -> _ => exact (runs_state B cpu)
    | |- forall w w', runs _ _ w w' -> rests _ w' => intros w w' R; exact (proj1 (runs_rests B cpu w w' R))
    end.
  Ltac bound := lazymatch goal with |- 600 < _ => exact fuel_ok | |- 2 ^ 28 < _ => exact fuel_ram end.
  Ltac called H := first
    [ exact HB | bound | invalidates H | of_vm H | of_host H | of_guest H | callee H | given H "word_make" | given H "desc_page"
    | given H "desc_invalid"
    | given H "desc_set_attr"
    | given H "attr_lent"
    | given H "desc_block" | given H "desc_table" ].
  Tactic Notation "by_lemma" uconstr(L) := intros F H; reveal; eapply L; called H.

  Lemma v_word_make : verified fuel spec f_word_make.
  Proof. by_lemma word_make_ok. Qed.
  Lemma v_word_kind : verified fuel spec f_word_kind.
  Proof. by_lemma word_kind_ok. Qed.
  Lemma v_word_handle : verified fuel spec f_word_handle.
  Proof. by_lemma word_handle_ok. Qed.
  Lemma v_word_arg : verified fuel spec f_word_arg.
  Proof. by_lemma word_arg_ok. Qed.
  Lemma v_word_is_hosts : verified fuel spec f_word_is_hosts.
  Proof. by_lemma word_is_hosts_ok. Qed.
  Lemma v_desc_valid : verified fuel spec f_desc_valid.
  Proof. by_lemma desc_valid_ok. Qed.
  Lemma v_desc_is_table : verified fuel spec f_desc_is_table.
  Proof. by_lemma desc_is_table_ok. Qed.
  Lemma v_desc_is_block : verified fuel spec f_desc_is_block.
  Proof. by_lemma desc_is_block_ok. Qed.
  Lemma v_desc_pfn : verified fuel spec f_desc_pfn.
  Proof. by_lemma desc_pfn_ok. Qed.
  Lemma v_desc_attr : verified fuel spec f_desc_attr.
  Proof. by_lemma desc_attr_ok. Qed.
  Lemma v_desc_table : verified fuel spec f_desc_table.
  Proof. by_lemma desc_table_ok. Qed.
  Lemma v_desc_page : verified fuel spec f_desc_page.
  Proof. by_lemma desc_page_ok. Qed.
  Lemma v_desc_block : verified fuel spec f_desc_block.
  Proof. by_lemma desc_block_ok. Qed.
  Lemma v_desc_invalid : verified fuel spec f_desc_invalid.
  Proof. by_lemma desc_invalid_ok. Qed.
  Lemma v_desc_freeze : verified fuel spec f_desc_freeze.
  Proof. by_lemma desc_freeze_ok. Qed.
  Lemma v_desc_state_bits : verified fuel spec f_desc_state_bits.
  Proof. by_lemma desc_state_bits_ok. Qed.
  Lemma v_idx_l1_page : verified fuel spec f_idx_l1_page.
  Proof. by_lemma idx_l1_page_ok. Qed.
  Lemma v_idx_l1 : verified fuel spec f_idx_l1.
  Proof. by_lemma idx_l1_ok. Qed.
  Lemma v_idx_l2 : verified fuel spec f_idx_l2.
  Proof. by_lemma idx_l2_ok. Qed.
  Lemma v_idx_l3 : verified fuel spec f_idx_l3.
  Proof. by_lemma idx_l3_ok. Qed.
  Lemma v_fn_block : verified fuel spec f_fn_block.
  Proof. by_lemma fn_block_ok. Qed.
  Lemma v_region_find : verified fuel spec f_region_find.
  Proof. by_lemma region_find_ok. Qed.
  Lemma v_ram_check : verified fuel spec f_ram_check.
  Proof. by_lemma ram_check_ok. Qed.
  Lemma v_ram_check_range : verified fuel spec f_ram_check_range.
  Proof. by_lemma ram_check_range_ok. Qed.
  Lemma v_page_put : verified fuel spec f_page_put.
  Proof. by_lemma page_put_ok. Qed.
  Lemma v_page_count : verified fuel spec f_page_count.
  Proof. by_lemma page_count_ok. Qed.
  Lemma v_page_set : verified fuel spec f_page_set.
  Proof. by_lemma page_set_ok. Qed.
  Lemma v_page_check_one : verified fuel spec f_page_check_one.
  Proof. by_lemma page_check_one_ok. Qed.
  Lemma v_page_check : verified fuel spec f_page_check.
  Proof. by_lemma page_check_ok. Qed.
  Lemma v_page_lend : verified fuel spec f_page_lend.
  Proof. by_lemma page_lend_ok. Qed.
  Lemma v_page_unlend : verified fuel spec f_page_unlend.
  Proof. by_lemma page_unlend_ok. Qed.
  Lemma v_host_l3 : verified fuel spec f_host_l3.
  Proof. by_lemma host_l3_ok. Qed.
  Lemma v_host_entry : verified fuel spec f_host_entry.
  Proof. by_lemma host_entry_ok. Qed.
  Lemma v_host_entry_set : verified fuel spec f_host_entry_set.
  Proof. by_lemma host_entry_set_ok. Qed.
  Lemma v_host_entry_replace : verified fuel spec f_host_entry_replace.
  Proof. by_lemma host_entry_replace_ok. Qed.
  Lemma v_host_fill : verified fuel spec f_host_fill.
  Proof. by_lemma host_fill_ok. Qed.
  Lemma v_host_block_full : verified fuel spec f_host_block_full.
  Proof. by_lemma host_block_full_ok. Qed.
  Lemma v_host_unmap_page : verified fuel spec f_host_unmap_page.
  Proof. by_lemma host_unmap_page_ok. Qed.
  Lemma v_host_unmap_block : verified fuel spec f_host_unmap_block.
  Proof. by_lemma host_unmap_block_ok. Qed.
  Lemma v_host_map_page : verified fuel spec f_host_map_page.
  Proof. by_lemma host_map_page_ok. Qed.
  Lemma v_own_take_core : verified fuel spec f_own_take_core.
  Proof. by_lemma own_take_core_ok. Qed.
  Lemma v_own_return : verified fuel spec f_own_return.
  Proof. by_lemma own_return_ok. Qed.
  Lemma v_vm_check : verified fuel spec f_vm_check.
  Proof. by_lemma vm_check_ok. Qed.
  Lemma v_vm_check_live : verified fuel spec f_vm_check_live.
  Proof. by_lemma vm_check_live_ok. Qed.
  Lemma v_vm_check_protected : verified fuel spec f_vm_check_protected.
  Proof. by_lemma vm_check_protected_ok. Qed.
  Lemma v_pool_put : verified fuel spec f_pool_put.
  Proof. by_lemma pool_put_ok. Qed.
  Lemma v_reclaim_check : verified fuel spec f_reclaim_check.
  Proof. by_lemma reclaim_check_ok. Qed.
  Lemma v_call_page_reclaim : verified fuel spec f_call_page_reclaim.
  Proof. by_lemma call_page_reclaim_ok. Qed.
  Lemma v_handle_find : verified fuel spec f_handle_find.
  Proof. by_lemma handle_find_ok. Qed.
  Lemma v_vm_make : verified fuel spec f_vm_make.
  Proof. by_lemma vm_make_ok. Qed.
  Lemma v_call_vm_create : verified fuel spec f_call_vm_create.
  Proof. by_lemma call_vm_create_ok. Qed.
  Lemma v_call_vm_table : verified fuel spec f_call_vm_table.
  Proof. by_lemma call_vm_table_ok. Qed.
  Lemma v_vm_seal : verified fuel spec f_vm_seal.
  Proof. by_lemma vm_seal_ok. Qed.
  Lemma v_call_vm_free : verified fuel spec f_call_vm_free.
  Proof. by_lemma call_vm_free_ok. Qed.
  Lemma v_call_vm_flush : verified fuel spec f_call_vm_flush.
  Proof. by_lemma call_vm_flush_ok. Qed.
  Lemma v_stat_get : verified fuel spec f_stat_get.
  Proof. by_lemma stat_get_ok. Qed.
  Lemma v_call_stat : verified fuel spec f_call_stat.
  Proof. by_lemma call_stat_ok. Qed.
  Lemma v_ipa_range_ok : verified fuel spec f_ipa_range_ok.
  Proof. by_lemma ipa_range_ok_ok. Qed.
  Lemma v_ram_end : verified fuel spec f_ram_end.
  Proof. by_lemma ram_end_ok. Qed.
  Lemma v_ram_next : verified fuel spec f_ram_next.
  Proof. by_lemma ram_next_ok. Qed.
  Lemma v_ram_meets : verified fuel spec f_ram_meets.
  Proof. by_lemma ram_meets_ok. Qed.
  Lemma v_vcpu_reset : verified fuel spec f_vcpu_reset.
  Proof. by_lemma vcpu_reset_ok. Qed.
  Lemma v_vcpu_boot : verified fuel spec f_vcpu_boot.
  Proof. by_lemma vcpu_boot_ok. Qed.
  Lemma v_check_ctx : verified fuel spec f_check_ctx.
  Proof. by_lemma check_ctx_ok. Qed.
  Lemma v_vcpu_check_new : verified fuel spec f_vcpu_check_new.
  Proof. by_lemma vcpu_check_new_ok. Qed.
  Lemma v_vcpu_make_protected : verified fuel spec f_vcpu_make_protected.
  Proof. by_lemma vcpu_make_protected_ok. Qed.
  Lemma v_vcpu_make : verified fuel spec f_vcpu_make.
  Proof. by_lemma vcpu_make_ok. Qed.
  Lemma v_call_vcpu_create : verified fuel spec f_call_vcpu_create.
  Proof. by_lemma call_vcpu_create_ok. Qed.
  Lemma v_desc_sw : verified fuel spec f_desc_sw.
  Proof. by_lemma desc_sw_ok. Qed.
  Lemma v_desc_set_attr : verified fuel spec f_desc_set_attr.
  Proof. by_lemma desc_set_attr_ok. Qed.
  Lemma v_attr_lent : verified fuel spec f_attr_lent.
  Proof. by_lemma attr_lent_ok. Qed.
  Lemma v_walk_l2 : verified fuel spec f_walk_l2.
  Proof. by_lemma walk_l2_ok. Qed.
  Lemma v_walk_entry2 : verified fuel spec f_walk_entry2.
  Proof. by_lemma walk_entry2_ok. Qed.
  Lemma v_walk_l3 : verified fuel spec f_walk_l3.
  Proof. by_lemma walk_l3_ok. Qed.
  Lemma v_walk_leaf : verified fuel spec f_walk_leaf.
  Proof. by_lemma walk_leaf_ok. Qed.
  Lemma v_walk_put : verified fuel spec f_walk_put.
  Proof. by_lemma walk_put_ok. Qed.
  Lemma v_walk_next : verified fuel spec f_walk_next.
  Proof. by_lemma walk_next_ok. Qed.
  Lemma v_walk_state : verified fuel spec f_walk_state.
  Proof. by_lemma walk_state_ok. Qed.
  Lemma v_walk_pfn : verified fuel spec f_walk_pfn.
  Proof. by_lemma walk_pfn_ok. Qed.
  Lemma v_revoke_begin : verified fuel spec f_revoke_begin.
  Proof. by_lemma revoke_begin_ok. Qed.
  Lemma v_revoke_pending : verified fuel spec f_revoke_pending.
  Proof. by_lemma revoke_pending_ok. Qed.
  Lemma v_revoke_freeze : verified fuel spec f_revoke_freeze.
  Proof. by_lemma revoke_freeze_ok. Qed.
  Lemma v_release_lent : verified fuel spec f_release_lent.
  Proof. by_lemma release_lent_ok. Qed.
  Lemma v_release_at : verified fuel spec f_release_at.
  Proof. by_lemma release_at_ok. Qed.
  Lemma v_revoke_finish : verified fuel spec f_revoke_finish.
  Proof. by_lemma revoke_finish_ok. Qed.
  Lemma v_prot_check : verified fuel spec f_prot_check.
  Proof. by_lemma prot_check_ok. Qed.
  Lemma v_min_u64 : verified fuel spec f_min_u64.
  Proof. by_lemma min_u64_ok. Qed.
  Lemma v_lend_pages : verified fuel spec f_lend_pages.
  Proof. by_lemma lend_pages_ok. Qed.
  Lemma v_lent_at : verified fuel spec f_lent_at.
  Proof. by_lemma lent_at_ok. Qed.
  Lemma v_lent_cost : verified fuel spec f_lent_cost.
  Proof. by_lemma lent_cost_ok. Qed.
  Lemma v_unlend_freeze : verified fuel spec f_unlend_freeze.
  Proof. by_lemma unlend_freeze_ok. Qed.
  Lemma v_unlend_range : verified fuel spec f_unlend_range.
  Proof. by_lemma unlend_range_ok. Qed.
  Lemma v_prot_at : verified fuel spec f_prot_at.
  Proof. by_lemma prot_at_ok. Qed.
  Lemma v_prot_range : verified fuel spec f_prot_range.
  Proof. by_lemma prot_range_ok. Qed.
  Lemma v_order_pages : verified fuel spec f_order_pages.
  Proof. by_lemma order_pages_ok. Qed.
  Lemma v_leaf_check : verified fuel spec f_leaf_check.
  Proof. by_lemma leaf_check_ok. Qed.
  Lemma v_call_unlend : verified fuel spec f_call_unlend.
  Proof. by_lemma call_unlend_ok. Qed.
  Lemma v_call_lend_prot : verified fuel spec f_call_lend_prot.
  Proof. by_lemma call_lend_prot_ok. Qed.
  Lemma v_pool_get : verified fuel spec f_pool_get.
  Proof. by_lemma pool_get_ok. Qed.
  Lemma v_table_check : verified fuel spec f_table_check.
  Proof. by_lemma table_check_ok. Qed.
  Lemma v_table_make_l2 : verified fuel spec f_table_make_l2.
  Proof. by_lemma table_make_l2_ok. Qed.
  Lemma v_table_fill : verified fuel spec f_table_fill.
  Proof. by_lemma table_fill_ok. Qed.
  Lemma v_table_make_l3 : verified fuel spec f_table_make_l3.
  Proof. by_lemma table_make_l3_ok. Qed.
  Lemma v_slot_check_block : verified fuel spec f_slot_check_block.
  Proof. by_lemma slot_check_block_ok. Qed.
  Lemma v_slot_check : verified fuel spec f_slot_check.
  Proof. by_lemma slot_check_ok. Qed.
  Lemma v_slot_map : verified fuel spec f_slot_map.
  Proof. by_lemma slot_map_ok. Qed.
  Lemma v_own_take_private : verified fuel spec f_own_take_private.
  Proof. by_lemma own_take_private_ok. Qed.
  Lemma v_donate_check : verified fuel spec f_donate_check.
  Proof. by_lemma donate_check_ok. Qed.
  Lemma v_call_donate : verified fuel spec f_call_donate.
  Proof. by_lemma call_donate_ok. Qed.
  Lemma v_lend_check : verified fuel spec f_lend_check.
  Proof. by_lemma lend_check_ok. Qed.
  Lemma v_call_lend : verified fuel spec f_call_lend.
  Proof. by_lemma call_lend_ok. Qed.
  Lemma v_force_check : verified fuel spec f_force_check.
  Proof. by_lemma force_check_ok. Qed.
  Lemma v_force_reclaim : verified fuel spec f_force_reclaim.
  Proof. by_lemma force_reclaim_ok. Qed.
  Lemma v_call_force_reclaim : verified fuel spec f_call_force_reclaim.
  Proof. by_lemma call_force_reclaim_ok. Qed.
  Lemma v_memory_call : verified fuel spec f_memory_call.
  Proof. by_lemma memory_call_ok. Qed.
  Lemma v_guest_limit : verified fuel spec f_guest_limit.
  Proof. by_lemma guest_limit_ok. Qed.
  Lemma v_ipa_kind : verified fuel spec f_ipa_kind.
  Proof. by_lemma ipa_kind_ok. Qed.
  Lemma v_ipa_run : verified fuel spec f_ipa_run.
  Proof. by_lemma ipa_run_ok. Qed.
  Lemma v_fault_kind : verified fuel spec f_fault_kind.
  Proof. by_lemma fault_kind_ok. Qed.
  Lemma v_guest_store_locked : verified fuel spec f_guest_store_locked.
  Proof. by_lemma guest_store_locked_ok. Qed.
  Lemma v_unshare_at : verified fuel spec f_unshare_at.
  Proof. by_lemma unshare_at_ok. Qed.
  Lemma v_unshare_range : verified fuel spec f_unshare_range.
  Proof. by_lemma unshare_range_ok. Qed.

  Lemma v_ram_check_new : verified fuel spec f_ram_check_new.
  Proof. by_lemma ram_check_new_ok. Qed.
  Lemma v_call_vm_ram : verified fuel spec f_call_vm_ram.
  Proof. by_lemma call_vm_ram_ok. Qed.
  Lemma v_vm_unpin : verified fuel spec f_vm_unpin.
  Proof. by_lemma vm_unpin_ok. Qed.
  Lemma v_call_vm_teardown : verified fuel spec f_call_vm_teardown.
  Proof. by_lemma call_vm_teardown_ok. Qed.
  Lemma v_share_at : verified fuel spec f_share_at.
  Proof. by_lemma share_at_ok. Qed.
  Lemma v_share_range : verified fuel spec f_share_range.
  Proof. by_lemma share_range_ok. Qed.
  Lemma v_load_check : verified fuel spec f_load_check.
  Proof. by_lemma load_check_ok. Qed.
  Lemma v_vcpu_load : verified fuel spec f_vcpu_load.
  Proof. by_lemma vcpu_load_ok. Qed.
  Lemma v_vcpu_put : verified fuel spec f_vcpu_put.
  Proof. by_lemma vcpu_put_ok. Qed.
  Lemma v_guest_set_shared : verified fuel spec f_guest_set_shared.
  Proof. by_lemma guest_set_shared_ok. Qed.
  Lemma v_guest_set_ram : verified fuel spec f_guest_set_ram.
  Proof. by_lemma guest_set_ram_ok. Qed.
  Lemma v_guest_ipa_state : verified fuel spec f_guest_ipa_state.
  Proof. by_lemma guest_ipa_state_ok. Qed.
  Lemma v_guard_find : verified fuel spec f_guard_find.
  Proof. by_lemma guard_find_ok. Qed.
  Lemma v_guard_has : verified fuel spec f_guard_has.
  Proof. by_lemma guard_has_ok. Qed.
  Lemma v_guard_put : verified fuel spec f_guard_put.
  Proof. by_lemma guard_put_ok. Qed.
  Lemma v_guard_add : verified fuel spec f_guard_add.
  Proof. by_lemma guard_add_ok. Qed.
  Lemma v_guard_passes : verified fuel spec f_guard_passes.
  Proof. by_lemma guard_passes_ok. Qed.
  Lemma v_guest_pkvm : verified fuel spec f_guest_pkvm.
  Proof. by_lemma guest_pkvm_ok. Qed.
  Lemma v_guest_pkvm_set : verified fuel spec f_guest_pkvm_set.
  Proof. by_lemma guest_pkvm_set_ok. Qed.
  Lemma v_guest_fault_kind : verified fuel spec f_guest_fault_kind.
  Proof. by_lemma guest_fault_kind_ok. Qed.
  Lemma v_guest_store : verified fuel spec f_guest_store.
  Proof. by_lemma guest_store_ok. Qed.
  Lemma v_vcpu_start : verified fuel spec f_vcpu_start.
  Proof. by_lemma vcpu_start_ok. Qed.
  Lemma v_vcpu_turn_off : verified fuel spec f_vcpu_turn_off.
  Proof. intros F H; reveal; split; [eapply vcpu_turn_off_ok|eapply turned_off_ok]; called H. Qed.
  Lemma v_host_maps : verified fuel spec f_host_maps.
  Proof. by_lemma host_maps_ok. Qed.

  Lemma v_vector_offset : verified fuel spec f_vector_offset.
  Proof. by_lemma vector_offset_ok. Qed.
  Lemma v_vector_pstate : verified fuel spec f_vector_pstate.
  Proof. by_lemma vector_pstate_ok. Qed.
  Lemma v_inject_sync : verified fuel spec f_inject_sync.
  Proof. by_lemma inject_sync_ok. Qed.
  Lemma v_inject_undef : verified fuel spec f_inject_undef.
  Proof. by_lemma inject_undef_ok. Qed.
  Lemma v_inject_abort : verified fuel spec f_inject_abort.
  Proof. by_lemma inject_abort_ok. Qed.
  Lemma v_lr_count : verified fuel spec f_lr_count.
  Proof. by_lemma lr_count_ok. Qed.
  Lemma v_ap_count : verified fuel spec f_ap_count.
  Proof. by_lemma ap_count_ok. Qed.
  Lemma v_lr_allowed : verified fuel spec f_lr_allowed.
  Proof. by_lemma lr_allowed_ok. Qed.
  Lemma v_pfr0 : verified fuel spec f_pfr0.
  Proof. by_lemma pfr0_ok. Qed.
  Lemma v_mmfr0 : verified fuel spec f_mmfr0.
  Proof. by_lemma mmfr0_ok. Qed.
  Lemma v_ident_read : verified fuel spec f_ident_read.
  Proof. by_lemma ident_read_ok. Qed.
  Lemma v_size_mask : verified fuel spec f_size_mask.
  Proof. by_lemma size_mask_ok. Qed.
  Lemma v_load_value : verified fuel spec f_load_value.
  Proof. by_lemma load_value_ok. Qed.
  Lemma v_fault_ipa : verified fuel spec f_fault_ipa.
  Proof. by_lemma fault_ipa_ok. Qed.
  Lemma v_stage2_fault : verified fuel spec f_stage2_fault.
  Proof. by_lemma stage2_fault_ok. Qed.
  Lemma v_inject_sea : verified fuel spec f_inject_sea.
  Proof. by_lemma inject_sea_ok. Qed.
  Lemma v_is_kserv_reg : verified fuel spec f_is_kserv_reg.
  Proof. by_lemma is_kserv_reg_ok. Qed.
  Lemma v_sysreg_who : verified fuel spec f_sysreg_who.
  Proof. by_lemma sysreg_who_ok. Qed.
  Lemma v_sysreg_value : verified fuel spec f_sysreg_value.
  Proof. by_lemma sysreg_value_ok. Qed.
  Lemma v_vcpu_by_mpidr : verified fuel spec f_vcpu_by_mpidr.
  Proof. by_lemma vcpu_by_mpidr_ok. Qed.
  Lemma v_psci_features : verified fuel spec f_psci_features.
  Proof. by_lemma psci_features_ok. Qed.
  Lemma v_range_ok : verified fuel spec f_range_ok.
  Proof. by_lemma range_ok_ok. Qed.
  Lemma v_pstate_ok : verified fuel spec f_pstate_ok.
  Proof. by_lemma pstate_ok_ok. Qed.
  Lemma v_last_ran_update : verified fuel spec f_last_ran_update.
  Proof. by_lemma last_ran_update_ok. Qed.
  Lemma v_step_over : verified fuel spec f_step_over.
  Proof. by_lemma step_over_ok. Qed.
  Lemma v_is_gicr : verified fuel spec f_is_gicr.
  Proof. by_lemma is_gicr_ok. Qed.
  Lemma v_gicr_write : verified fuel spec f_gicr_write.
  Proof. by_lemma gicr_write_ok. Qed.
  Lemma v_gicr_read : verified fuel spec f_gicr_read.
  Proof. by_lemma gicr_read_ok. Qed.
  Lemma v_cpu_by_mpidr : verified fuel spec f_cpu_by_mpidr.
  Proof. by_lemma cpu_by_mpidr_ok. Qed.
  Lemma v_smc_plain : verified fuel spec f_smc_plain.
  Proof. by_lemma smc_plain_ok. Qed.
  Lemma v_smc_known : verified fuel spec f_smc_known.
  Proof. by_lemma smc_known_ok. Qed.
  Lemma v_host_features : verified fuel spec f_host_features.
  Proof. by_lemma host_features_ok. Qed.
  Lemma v_cpu_boot_take : verified fuel spec f_cpu_boot_take.
  Proof. by_lemma cpu_boot_take_ok. Qed.
  Lemma v_cpu_boot_drop : verified fuel spec f_cpu_boot_drop.
  Proof. by_lemma cpu_boot_drop_ok. Qed.
  Lemma v_host_cpu_suspend : verified fuel spec f_host_cpu_suspend.
  Proof. by_lemma host_cpu_suspend_ok. Qed.
  Lemma v_call_version : verified fuel spec f_call_version.
  Proof. by_lemma call_version_ok. Qed.
  Lemma v_call_cntvoff : verified fuel spec f_call_cntvoff.
  Proof. by_lemma call_cntvoff_ok. Qed.
  Lemma v_call_vgic_info : verified fuel spec f_call_vgic_info.
  Proof. by_lemma call_vgic_info_ok. Qed.

  Lemma v_guest_reg : verified fuel spec f_guest_reg.
  Proof. by_lemma guest_reg_ok. Qed.
  Lemma v_guest_reg_set : verified fuel spec f_guest_reg_set.
  Proof. by_lemma guest_reg_set_ok. Qed.
  Lemma v_fp_trap : verified fuel spec f_fp_trap.
  Proof. by_lemma fp_trap_ok. Qed.
  Lemma v_fp_exit : verified fuel spec f_fp_exit.
  Proof. by_lemma fp_exit_ok. Qed.
  Lemma v_vgic_load : verified fuel spec f_vgic_load.
  Proof. by_lemma vgic_load_ok. Qed.
  Lemma v_vgic_put : verified fuel spec f_vgic_put.
  Proof. by_lemma vgic_put_ok. Qed.
  Lemma v_vgic_enter : verified fuel spec f_vgic_enter.
  Proof. by_lemma vgic_enter_ok. Qed.
  Lemma v_vgic_exit : verified fuel spec f_vgic_exit.
  Proof. by_lemma vgic_exit_ok. Qed.
  Lemma v_guest_hcr : verified fuel spec f_guest_hcr.
  Proof. by_lemma guest_hcr_proved. Qed.
  Lemma v_host_leave : verified fuel spec f_host_leave.
  Proof. by_lemma host_leave_ok. Qed.
  Lemma v_guest_exit : verified fuel spec f_guest_exit.
  Proof. by_lemma guest_exit_ok. Qed.
  Lemma v_page_exit : verified fuel spec f_page_exit.
  Proof. by_lemma page_exit_ok. Qed.
  Lemma v_mmio_exit : verified fuel spec f_mmio_exit.
  Proof. by_lemma mmio_exit_ok. Qed.
  Lemma v_pend_complete : verified fuel spec f_pend_complete.
  Proof. by_lemma pend_complete_ok. Qed.
  Lemma v_device_exit : verified fuel spec f_device_exit.
  Proof. by_lemma device_exit_ok. Qed.
  Lemma v_guest_abort : verified fuel spec f_guest_abort.
  Proof. by_lemma guest_abort_ok. Qed.
  Lemma v_guest_wait : verified fuel spec f_guest_wait.
  Proof. by_lemma guest_wait_ok. Qed.
  Lemma v_psci_exit : verified fuel spec f_psci_exit.
  Proof. by_lemma psci_exit_ok. Qed.
  Lemma v_retry_with : verified fuel spec f_retry_with.
  Proof. by_lemma retry_with_ok. Qed.
  Lemma v_rsi_version : verified fuel spec f_rsi_version.
  Proof. by_lemma rsi_version_ok. Qed.
  Lemma v_state_set_done : verified fuel spec f_state_set_done.
  Proof. by_lemma state_set_done_ok. Qed.
  Lemma v_normal_trap : verified fuel spec f_normal_trap.
  Proof. by_lemma normal_trap_ok. Qed.
  Lemma v_sysreg_exit : verified fuel spec f_sysreg_exit.
  Proof. by_lemma sysreg_exit_ok. Qed.
  Lemma v_sysreg_trap : verified fuel spec f_sysreg_trap.
  Proof. by_lemma sysreg_trap_ok. Qed.
  Lemma v_host_gicr : verified fuel spec f_host_gicr.
  Proof. by_lemma host_gicr_ok. Qed.
  Lemma v_host_sysreg : verified fuel spec f_host_sysreg.
  Proof. by_lemma host_sysreg_ok. Qed.
  Lemma v_stub_call : verified fuel spec f_stub_call.
  Proof. by_lemma stub_call_ok. Qed.
  Lemma v_host_abort : verified fuel spec f_host_abort.
  Proof. by_lemma host_abort_ok. Qed.
  Lemma v_call_return : verified fuel spec f_call_return.
  Proof. by_lemma call_return_ok. Qed.
  Lemma v_call_vcpu_load : verified fuel spec f_call_vcpu_load.
  Proof. by_lemma call_vcpu_load_ok. Qed.
  Lemma v_call_vcpu_put : verified fuel spec f_call_vcpu_put.
  Proof. by_lemma call_vcpu_put_ok. Qed.
  Lemma v_any_call : verified fuel spec f_any_call.
  Proof. by_lemma any_call_ok. Qed.
  Lemma v_host_cpu_on : verified fuel spec f_host_cpu_on.
  Proof. by_lemma host_cpu_on_ok. Qed.
  Lemma v_trap : verified fuel spec f_trap.
  Proof. by_lemma (trap_ok B cpu fuel (load_done B cpu) (put_done B cpu) (runs B cpu)). Qed.
  Lemma v_host_trap : verified fuel spec f_host_trap.
  Proof. by_lemma host_trap_ok. Qed.
  Lemma v_guest_trap : verified fuel spec f_guest_trap.
  Proof. by_lemma guest_trap_ok. Qed.
  Lemma v_protected_trap : verified fuel spec f_protected_trap.
  Proof. by_lemma protected_trap_ok. Qed.
  Lemma v_guest_call : verified fuel spec f_guest_call.
  Proof. by_lemma guest_call_ok. Qed.
  Lemma v_guest_pkvm_call : verified fuel spec f_guest_pkvm_call.
  Proof. by_lemma guest_pkvm_call_ok. Qed.
  Lemma v_pkvm_memory : verified fuel spec f_pkvm_memory.
  Proof. by_lemma pkvm_memory_ok. Qed.
  Lemma v_mmio_guard : verified fuel spec f_mmio_guard.
  Proof. by_lemma mmio_guard_ok. Qed.
  Lemma v_mem_unshare : verified fuel spec f_mem_unshare.
  Proof. by_lemma mem_unshare_ok. Qed.
  Lemma v_mem_share : verified fuel spec f_mem_share.
  Proof. by_lemma mem_share_ok. Qed.
  Lemma v_guest_copy_out : verified fuel spec f_guest_copy_out.
  Proof. by_lemma guest_copy_out_ok. Qed.
  Lemma v_copy_out_locked : verified fuel spec f_copy_out_locked.
  Proof. by_lemma copy_out_locked_ok. Qed.
  Lemma v_copy_wanted : verified fuel spec f_copy_wanted.
  Proof. by_lemma copy_wanted_ok. Qed.
  Lemma v_page_done : verified fuel spec f_page_done.
  Proof. by_lemma page_done_ok. Qed.
  Lemma v_answer : verified fuel spec f_answer.
  Proof. by_lemma answer_ok. Qed.
  Lemma v_guest_rsi : verified fuel spec f_guest_rsi.
  Proof. by_lemma guest_rsi_ok. Qed.
  Lemma v_rsi_state_get : verified fuel spec f_rsi_state_get.
  Proof. by_lemma rsi_state_get_ok. Qed.
  Lemma v_rsi_state_set : verified fuel spec f_rsi_state_set.
  Proof. by_lemma rsi_state_set_ok. Qed.
  Lemma v_rsi_realm_config : verified fuel spec f_rsi_realm_config.
  Proof. by_lemma rsi_realm_config_ok. Qed.
  Lemma v_guest_psci : verified fuel spec f_guest_psci.
  Proof. by_lemma guest_psci_ok. Qed.
  Lemma v_psci_affinity_info : verified fuel spec f_psci_affinity_info.
  Proof. by_lemma psci_affinity_info_ok. Qed.
  Lemma v_psci_cpu_on : verified fuel spec f_psci_cpu_on.
  Proof. by_lemma psci_cpu_on_ok. Qed.
  Lemma v_vcpu_turn_on : verified fuel spec f_vcpu_turn_on.
  Proof. by_lemma vcpu_turn_on_ok. Qed.
  Lemma v_cpu_start : verified fuel spec f_cpu_start.
  Proof. by_lemma cpu_start_ok. Qed.
  Lemma v_guest_enter : verified fuel spec f_guest_enter.
  Proof. by_lemma guest_enter_ok. Qed.
  Lemma v_call_vcpu_run : verified fuel spec f_call_vcpu_run.
  Proof. by_lemma call_vcpu_run_ok. Qed.
  Lemma v_host_call : verified fuel spec f_host_call.
  Proof. by_lemma host_call_ok. Qed.
  Lemma v_vms_loaded : verified fuel spec f_vms_loaded.
  Proof. by_lemma vms_loaded_ok. Qed.
  Lemma v_vms_disconnect : verified fuel spec f_vms_disconnect.
  Proof. by_lemma vms_disconnect_ok. Qed.
  Lemma v_region_scrub : verified fuel spec f_region_scrub.
  Proof. by_lemma region_scrub_ok. Qed.
  Lemma v_scrub_all : verified fuel spec f_scrub_all.
  Proof. by_lemma scrub_all_ok. Qed.
  Lemma v_host_system_end : verified fuel spec f_host_system_end.
  Proof. by_lemma host_system_end_ok. Qed.
  Lemma v_smc_answer : verified fuel spec f_smc_answer.
  Proof. by_lemma smc_answer_ok. Qed.
  Lemma v_host_smc : verified fuel spec f_host_smc.
  Proof. by_lemma host_smc_ok. Qed.

  Theorem verified_program : Forall (verified fuel spec) program.
  Proof.
    unfold program.
    repeat (apply Forall_cons; [lazymatch goal with
      | |- verified _ _ f_word_make => exact v_word_make
      | |- verified _ _ f_word_kind => exact v_word_kind
      | |- verified _ _ f_word_handle => exact v_word_handle
      | |- verified _ _ f_word_arg => exact v_word_arg
      | |- verified _ _ f_word_is_hosts => exact v_word_is_hosts
      | |- verified _ _ f_desc_valid => exact v_desc_valid
      | |- verified _ _ f_desc_is_table => exact v_desc_is_table
      | |- verified _ _ f_desc_is_block => exact v_desc_is_block
      | |- verified _ _ f_desc_pfn => exact v_desc_pfn
      | |- verified _ _ f_desc_attr => exact v_desc_attr
      | |- verified _ _ f_desc_table => exact v_desc_table
      | |- verified _ _ f_desc_page => exact v_desc_page
      | |- verified _ _ f_desc_block => exact v_desc_block
      | |- verified _ _ f_desc_invalid => exact v_desc_invalid
      | |- verified _ _ f_desc_freeze => exact v_desc_freeze
      | |- verified _ _ f_desc_state_bits => exact v_desc_state_bits
      | |- verified _ _ f_idx_l1_page => exact v_idx_l1_page
      | |- verified _ _ f_idx_l1 => exact v_idx_l1
      | |- verified _ _ f_idx_l2 => exact v_idx_l2
      | |- verified _ _ f_idx_l3 => exact v_idx_l3
      | |- verified _ _ f_fn_block => exact v_fn_block
      | |- verified _ _ f_region_find => exact v_region_find
      | |- verified _ _ f_ram_check => exact v_ram_check
      | |- verified _ _ f_ram_check_range => exact v_ram_check_range
      | |- verified _ _ f_page_put => exact v_page_put
      | |- verified _ _ f_page_count => exact v_page_count
      | |- verified _ _ f_page_set => exact v_page_set
      | |- verified _ _ f_page_check_one => exact v_page_check_one
      | |- verified _ _ f_page_check => exact v_page_check
      | |- verified _ _ f_page_lend => exact v_page_lend
      | |- verified _ _ f_page_unlend => exact v_page_unlend
      | |- verified _ _ f_host_l3 => exact v_host_l3
      | |- verified _ _ f_host_entry => exact v_host_entry
      | |- verified _ _ f_host_entry_set => exact v_host_entry_set
      | |- verified _ _ f_host_entry_replace => exact v_host_entry_replace
      | |- verified _ _ f_host_fill => exact v_host_fill
      | |- verified _ _ f_host_block_full => exact v_host_block_full
      | |- verified _ _ f_host_unmap_page => exact v_host_unmap_page
      | |- verified _ _ f_host_unmap_block => exact v_host_unmap_block
      | |- verified _ _ f_host_map_page => exact v_host_map_page
      | |- verified _ _ f_own_take_core => exact v_own_take_core
      | |- verified _ _ f_own_return => exact v_own_return
      | |- verified _ _ f_vm_check => exact v_vm_check
      | |- verified _ _ f_vm_check_live => exact v_vm_check_live
      | |- verified _ _ f_vm_check_protected => exact v_vm_check_protected
      | |- verified _ _ f_pool_put => exact v_pool_put
      | |- verified _ _ f_reclaim_check => exact v_reclaim_check
      | |- verified _ _ f_call_page_reclaim => exact v_call_page_reclaim
      | |- verified _ _ f_handle_find => exact v_handle_find
      | |- verified _ _ f_vm_make => exact v_vm_make
      | |- verified _ _ f_call_vm_create => exact v_call_vm_create
      | |- verified _ _ f_call_vm_table => exact v_call_vm_table
      | |- verified _ _ f_vm_seal => exact v_vm_seal
      | |- verified _ _ f_call_vm_free => exact v_call_vm_free
      | |- verified _ _ f_call_vm_flush => exact v_call_vm_flush
      | |- verified _ _ f_stat_get => exact v_stat_get
      | |- verified _ _ f_call_stat => exact v_call_stat
      | |- verified _ _ f_ipa_range_ok => exact v_ipa_range_ok
      | |- verified _ _ f_ram_end => exact v_ram_end
      | |- verified _ _ f_ram_next => exact v_ram_next
      | |- verified _ _ f_ram_meets => exact v_ram_meets
      | |- verified _ _ f_vcpu_reset => exact v_vcpu_reset
      | |- verified _ _ f_vcpu_boot => exact v_vcpu_boot
      | |- verified _ _ f_check_ctx => exact v_check_ctx
      | |- verified _ _ f_vcpu_check_new => exact v_vcpu_check_new
      | |- verified _ _ f_vcpu_make_protected => exact v_vcpu_make_protected
      | |- verified _ _ f_vcpu_make => exact v_vcpu_make
      | |- verified _ _ f_call_vcpu_create => exact v_call_vcpu_create
      | |- verified _ _ f_desc_sw => exact v_desc_sw
      | |- verified _ _ f_desc_set_attr => exact v_desc_set_attr
      | |- verified _ _ f_attr_lent => exact v_attr_lent
      | |- verified _ _ f_walk_l2 => exact v_walk_l2
      | |- verified _ _ f_walk_entry2 => exact v_walk_entry2
      | |- verified _ _ f_walk_l3 => exact v_walk_l3
      | |- verified _ _ f_walk_leaf => exact v_walk_leaf
      | |- verified _ _ f_walk_put => exact v_walk_put
      | |- verified _ _ f_walk_next => exact v_walk_next
      | |- verified _ _ f_walk_state => exact v_walk_state
      | |- verified _ _ f_walk_pfn => exact v_walk_pfn
      | |- verified _ _ f_revoke_begin => exact v_revoke_begin
      | |- verified _ _ f_revoke_pending => exact v_revoke_pending
      | |- verified _ _ f_revoke_freeze => exact v_revoke_freeze
      | |- verified _ _ f_release_lent => exact v_release_lent
      | |- verified _ _ f_release_at => exact v_release_at
      | |- verified _ _ f_revoke_finish => exact v_revoke_finish
      | |- verified _ _ f_prot_check => exact v_prot_check
      | |- verified _ _ f_min_u64 => exact v_min_u64
      | |- verified _ _ f_lend_pages => exact v_lend_pages
      | |- verified _ _ f_lent_at => exact v_lent_at
      | |- verified _ _ f_lent_cost => exact v_lent_cost
      | |- verified _ _ f_unlend_freeze => exact v_unlend_freeze
      | |- verified _ _ f_unlend_range => exact v_unlend_range
      | |- verified _ _ f_prot_at => exact v_prot_at
      | |- verified _ _ f_prot_range => exact v_prot_range
      | |- verified _ _ f_order_pages => exact v_order_pages
      | |- verified _ _ f_leaf_check => exact v_leaf_check
      | |- verified _ _ f_call_unlend => exact v_call_unlend
      | |- verified _ _ f_call_lend_prot => exact v_call_lend_prot
      | |- verified _ _ f_pool_get => exact v_pool_get
      | |- verified _ _ f_table_check => exact v_table_check
      | |- verified _ _ f_table_make_l2 => exact v_table_make_l2
      | |- verified _ _ f_table_fill => exact v_table_fill
      | |- verified _ _ f_table_make_l3 => exact v_table_make_l3
      | |- verified _ _ f_slot_check_block => exact v_slot_check_block
      | |- verified _ _ f_slot_check => exact v_slot_check
      | |- verified _ _ f_slot_map => exact v_slot_map
      | |- verified _ _ f_own_take_private => exact v_own_take_private
      | |- verified _ _ f_donate_check => exact v_donate_check
      | |- verified _ _ f_call_donate => exact v_call_donate
      | |- verified _ _ f_ram_check_new => exact v_ram_check_new
      | |- verified _ _ f_call_vm_ram => exact v_call_vm_ram
      | |- verified _ _ f_vm_unpin => exact v_vm_unpin
      | |- verified _ _ f_call_vm_teardown => exact v_call_vm_teardown
      | |- verified _ _ f_lend_check => exact v_lend_check
      | |- verified _ _ f_call_lend => exact v_call_lend
      | |- verified _ _ f_force_check => exact v_force_check
      | |- verified _ _ f_force_reclaim => exact v_force_reclaim
      | |- verified _ _ f_call_force_reclaim => exact v_call_force_reclaim
      | |- verified _ _ f_memory_call => exact v_memory_call
      | |- verified _ _ f_guest_limit => exact v_guest_limit
      | |- verified _ _ f_ipa_kind => exact v_ipa_kind
      | |- verified _ _ f_ipa_run => exact v_ipa_run
      | |- verified _ _ f_fault_kind => exact v_fault_kind
      | |- verified _ _ f_guest_store_locked => exact v_guest_store_locked
      | |- verified _ _ f_unshare_at => exact v_unshare_at
      | |- verified _ _ f_unshare_range => exact v_unshare_range
      | |- verified _ _ f_share_at => exact v_share_at
      | |- verified _ _ f_share_range => exact v_share_range
      | |- verified _ _ f_load_check => exact v_load_check
      | |- verified _ _ f_vcpu_load => exact v_vcpu_load
      | |- verified _ _ f_vcpu_put => exact v_vcpu_put
      | |- verified _ _ f_guest_set_shared => exact v_guest_set_shared
      | |- verified _ _ f_guest_set_ram => exact v_guest_set_ram
      | |- verified _ _ f_guest_ipa_state => exact v_guest_ipa_state
      | |- verified _ _ f_guard_find => exact v_guard_find
      | |- verified _ _ f_guard_has => exact v_guard_has
      | |- verified _ _ f_guard_put => exact v_guard_put
      | |- verified _ _ f_guard_add => exact v_guard_add
      | |- verified _ _ f_guard_passes => exact v_guard_passes
      | |- verified _ _ f_guest_pkvm => exact v_guest_pkvm
      | |- verified _ _ f_guest_pkvm_set => exact v_guest_pkvm_set
      | |- verified _ _ f_guest_fault_kind => exact v_guest_fault_kind
      | |- verified _ _ f_guest_store => exact v_guest_store
      | |- verified _ _ f_vcpu_start => exact v_vcpu_start
      | |- verified _ _ f_vcpu_turn_off => exact v_vcpu_turn_off
      | |- verified _ _ f_host_maps => exact v_host_maps
      | |- verified _ _ f_vector_offset => exact v_vector_offset
      | |- verified _ _ f_vector_pstate => exact v_vector_pstate
      | |- verified _ _ f_inject_sync => exact v_inject_sync
      | |- verified _ _ f_inject_undef => exact v_inject_undef
      | |- verified _ _ f_inject_abort => exact v_inject_abort
      | |- verified _ _ f_lr_count => exact v_lr_count
      | |- verified _ _ f_ap_count => exact v_ap_count
      | |- verified _ _ f_lr_allowed => exact v_lr_allowed
      | |- verified _ _ f_pfr0 => exact v_pfr0
      | |- verified _ _ f_mmfr0 => exact v_mmfr0
      | |- verified _ _ f_ident_read => exact v_ident_read
      | |- verified _ _ f_size_mask => exact v_size_mask
      | |- verified _ _ f_load_value => exact v_load_value
      | |- verified _ _ f_fault_ipa => exact v_fault_ipa
      | |- verified _ _ f_stage2_fault => exact v_stage2_fault
      | |- verified _ _ f_inject_sea => exact v_inject_sea
      | |- verified _ _ f_is_kserv_reg => exact v_is_kserv_reg
      | |- verified _ _ f_sysreg_who => exact v_sysreg_who
      | |- verified _ _ f_sysreg_value => exact v_sysreg_value
      | |- verified _ _ f_vcpu_by_mpidr => exact v_vcpu_by_mpidr
      | |- verified _ _ f_psci_features => exact v_psci_features
      | |- verified _ _ f_range_ok => exact v_range_ok
      | |- verified _ _ f_pstate_ok => exact v_pstate_ok
      | |- verified _ _ f_last_ran_update => exact v_last_ran_update
      | |- verified _ _ f_step_over => exact v_step_over
      | |- verified _ _ f_is_gicr => exact v_is_gicr
      | |- verified _ _ f_gicr_write => exact v_gicr_write
      | |- verified _ _ f_gicr_read => exact v_gicr_read
      | |- verified _ _ f_cpu_by_mpidr => exact v_cpu_by_mpidr
      | |- verified _ _ f_smc_plain => exact v_smc_plain
      | |- verified _ _ f_smc_known => exact v_smc_known
      | |- verified _ _ f_host_features => exact v_host_features
      | |- verified _ _ f_cpu_boot_take => exact v_cpu_boot_take
      | |- verified _ _ f_cpu_boot_drop => exact v_cpu_boot_drop
      | |- verified _ _ f_host_cpu_suspend => exact v_host_cpu_suspend
      | |- verified _ _ f_call_version => exact v_call_version
      | |- verified _ _ f_call_cntvoff => exact v_call_cntvoff
      | |- verified _ _ f_call_vgic_info => exact v_call_vgic_info
      | |- verified _ _ f_guest_reg => exact v_guest_reg
      | |- verified _ _ f_guest_reg_set => exact v_guest_reg_set
      | |- verified _ _ f_fp_trap => exact v_fp_trap
      | |- verified _ _ f_fp_exit => exact v_fp_exit
      | |- verified _ _ f_vgic_load => exact v_vgic_load
      | |- verified _ _ f_vgic_put => exact v_vgic_put
      | |- verified _ _ f_vgic_enter => exact v_vgic_enter
      | |- verified _ _ f_vgic_exit => exact v_vgic_exit
      | |- verified _ _ f_guest_hcr => exact v_guest_hcr
      | |- verified _ _ f_host_leave => exact v_host_leave
      | |- verified _ _ f_guest_exit => exact v_guest_exit
      | |- verified _ _ f_page_exit => exact v_page_exit
      | |- verified _ _ f_mmio_exit => exact v_mmio_exit
      | |- verified _ _ f_pend_complete => exact v_pend_complete
      | |- verified _ _ f_device_exit => exact v_device_exit
      | |- verified _ _ f_guest_abort => exact v_guest_abort
      | |- verified _ _ f_guest_wait => exact v_guest_wait
      | |- verified _ _ f_psci_exit => exact v_psci_exit
      | |- verified _ _ f_retry_with => exact v_retry_with
      | |- verified _ _ f_rsi_version => exact v_rsi_version
      | |- verified _ _ f_state_set_done => exact v_state_set_done
      | |- verified _ _ f_normal_trap => exact v_normal_trap
      | |- verified _ _ f_sysreg_exit => exact v_sysreg_exit
      | |- verified _ _ f_sysreg_trap => exact v_sysreg_trap
      | |- verified _ _ f_host_gicr => exact v_host_gicr
      | |- verified _ _ f_host_sysreg => exact v_host_sysreg
      | |- verified _ _ f_stub_call => exact v_stub_call
      | |- verified _ _ f_host_abort => exact v_host_abort
      | |- verified _ _ f_call_return => exact v_call_return
      | |- verified _ _ f_host_cpu_on => exact v_host_cpu_on
      | |- verified _ _ f_trap => exact v_trap
      | |- verified _ _ f_host_trap => exact v_host_trap
      | |- verified _ _ f_guest_trap => exact v_guest_trap
      | |- verified _ _ f_protected_trap => exact v_protected_trap
      | |- verified _ _ f_guest_call => exact v_guest_call
      | |- verified _ _ f_guest_pkvm_call => exact v_guest_pkvm_call
      | |- verified _ _ f_pkvm_memory => exact v_pkvm_memory
      | |- verified _ _ f_mmio_guard => exact v_mmio_guard
      | |- verified _ _ f_mem_unshare => exact v_mem_unshare
      | |- verified _ _ f_mem_share => exact v_mem_share
      | |- verified _ _ f_guest_copy_out => exact v_guest_copy_out
      | |- verified _ _ f_copy_out_locked => exact v_copy_out_locked
      | |- verified _ _ f_copy_wanted => exact v_copy_wanted
      | |- verified _ _ f_page_done => exact v_page_done
      | |- verified _ _ f_answer => exact v_answer
      | |- verified _ _ f_guest_rsi => exact v_guest_rsi
      | |- verified _ _ f_rsi_state_get => exact v_rsi_state_get
      | |- verified _ _ f_rsi_state_set => exact v_rsi_state_set
      | |- verified _ _ f_rsi_realm_config => exact v_rsi_realm_config
      | |- verified _ _ f_guest_psci => exact v_guest_psci
      | |- verified _ _ f_psci_affinity_info => exact v_psci_affinity_info
      | |- verified _ _ f_psci_cpu_on => exact v_psci_cpu_on
      | |- verified _ _ f_vcpu_turn_on => exact v_vcpu_turn_on
      | |- verified _ _ f_call_vcpu_load => exact v_call_vcpu_load
      | |- verified _ _ f_call_vcpu_put => exact v_call_vcpu_put
      | |- verified _ _ f_any_call => exact v_any_call
      | |- verified _ _ f_cpu_start => exact v_cpu_start
      | |- verified _ _ f_guest_enter => exact v_guest_enter
      | |- verified _ _ f_call_vcpu_run => exact v_call_vcpu_run
      | |- verified _ _ f_host_call => exact v_host_call
      | |- verified _ _ f_vms_loaded => exact v_vms_loaded
      | |- verified _ _ f_vms_disconnect => exact v_vms_disconnect
      | |- verified _ _ f_region_scrub => exact v_region_scrub
      | |- verified _ _ f_scrub_all => exact v_scrub_all
      | |- verified _ _ f_host_system_end => exact v_host_system_end
      | |- verified _ _ f_smc_answer => exact v_smc_answer
      | |- verified _ _ f_host_smc => exact v_host_smc
      | |- _ => intros F H; exact I
      end|]).
    apply Forall_nil.
  Qed.

  (** Each function of the program meets its specification. *)
  Theorem program_meets f : In f (names program) -> spec f (denote fuel prims program f).
  Proof.
    exact (link_program fuel prims spec program prims_specified verified_program program_calls f).
  Qed.
End Program.
