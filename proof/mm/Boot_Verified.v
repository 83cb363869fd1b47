(** * Boot in the program

    The functions that boot runs, put together for the program that is translated from all of KCore's C, as
    Verified.v does for the calls; and the theorem: where [mm_init] answers 0, the world that it leaves is one
    that the other theorems start with. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Tactics Link Memory Wf.
From Redoubt.machine Require Import State Events Facts Boot.
From Redoubt.mm Require Import Desc_Spec Desc_Proof Invariant Structure Init_Spec Boot_Prims Check_Proof
  Boot_Host_Proof Init_Proof Init_Region_Proof Init_Device_Proof Boot_Proof.
From Redoubt.gen Require Import Program.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Program.
  (** Loops of boot run over all pages: the bound on their rounds is any number above 2 ^ 28. *)
  Variables (I : info) (fuel : nat).
  Hypothesis Hfuel : 2 ^ 28 < Z.of_nat fuel.
  Notation K := booting.

  Definition boot_prim_specs : list (ident * (den -> Prop)) := [
    ("meta_get", boot_meta_get); ("meta_set", boot_meta_set); ("pte_get", boot_pte_get); ("pte_set", boot_pte_set);
    ("page_zero", boot_page_zero) ].

  Definition boot_func_specs : list (ident * (den -> Prop)) := [
    ("word_make", fun d => forall k h a, 0 <= k < 16 -> 0 <= h < 2 ^ 16 -> 0 <= a < 2 ^ 36 ->
        computes K d [k; h; a] (mk_state k h a));
    ("word_is_hosts", unary K (fun s => bz ((1 <=? kind s) && (kind s <=? 3))));
    ("desc_is_table", unary K (fun d => bz (d mod 4 =? 3))); ("desc_pfn", unary K (fun d => d / 2 ^ 12 mod 2 ^ 28));
    ("desc_table", fun d => forall p, 0 <= p < 2 ^ 28 -> computes K d [p] (table_desc p));
    ("desc_page", fun d => forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K d [p; a] (page_desc p a));
    ("desc_block", fun d => forall p a, 0 <= p < 2 ^ 28 -> attributes a -> computes K d [p; a] (block_desc p a));
    ("idx_l1_page", unary K (fun fn => fn / 2 ^ 27 mod 2)); ("idx_l1", unary K (index 1));
    ("idx_l2", unary K (index 2)); ("idx_l3", unary K (index 3)); ("fn_block", unary K (fun fn => fn / 512 * 512));
    ("region_find", fun d => checked I -> boot_region_find I d); ("host_l3", fun d => checked I -> boot_host_l3 I d);
    ("host_block_full", fun d => checked I -> boot_host_block_full I d);
    ("host_entry_set", fun d => checked I -> boot_host_entry_set I d);
    ("host_fill", fun d => checked I -> boot_host_fill I d);
    ("host_map_boot", fun d => checked I -> boot_host_map_boot I d);
    ("walk_l2", fun d => checked I -> boot_walk_l2 I d); ("walk_entry2", fun d => checked I -> boot_walk_entry2 I d);
    ("walk_l3", fun d => checked I -> boot_walk_l3 I d);
    ("check_range", spec_check_range); ("check_regions", spec_check_regions I); ("meets_ram", spec_meets_ram I);
    ("check_devices", spec_check_devices I); ("check_inside", spec_check_inside); ("check_core", spec_check_core I);
    ("n_gib", spec_n_gib); ("mm_pool_need", spec_mm_pool_need I); ("check_pool", spec_check_pool I);
    ("check_boot", spec_check_boot I);
    ("pool_page", spec_pool_page I); ("init_root", fun d => checked I -> spec_init_root I d);
    ("init_contexts", fun d => checked I -> spec_init_contexts I d); ("init_l2", fun d => checked I -> spec_init_l2 I d);
    ("init_words", fun d => checked I -> spec_init_words I d); ("init_region", fun d => checked I -> spec_init_region I d);
    ("init_device_page", fun d => checked I -> spec_init_device_page I d);
    ("init_device", fun d => checked I -> spec_init_device I d); ("mm_init", spec_mm_init I) ].

  Definition boot_spec (f : ident) (d : den) : Prop :=
    match assoc f (boot_prim_specs ++ boot_func_specs) with Some P => P d | None => True end.

  Lemma boot_prims_specified f s : prims f = Some s -> boot_spec f (call_primitive prims f).
  Proof.
    intros E. unfold boot_spec. destruct (assoc f (boot_prim_specs ++ boot_func_specs)) as [P|] eqn:A; [|exact Logic.I].
    cbn [assoc app boot_prim_specs boot_func_specs] in A.
    repeat match type of A with
    | (if String.eqb f ?x then _ else _) = _ =>
        destruct (String.eqb_spec f x); [subst f; try discriminate E; injection A as <-|]
    end; try discriminate A.
    - apply boot_meta_get_ok; reflexivity.
    - apply boot_meta_set_ok; reflexivity.
    - apply boot_pte_get_ok; reflexivity.
    - apply boot_pte_set_ok; reflexivity.
    - apply boot_page_zero_ok; reflexivity.
  Qed.

  (** The specification of a function, from its name. *)
  Ltac reveal := lazymatch goal with |- boot_spec ?n ?d =>
    let n := eval cbv in n in
    let a := eval lazy beta iota zeta delta [assoc app boot_prim_specs boot_func_specs String.eqb Ascii.eqb Bool.eqb]
             in (assoc n (boot_prim_specs ++ boot_func_specs)) in
    lazymatch a with Some ?P => change (P d); cbv beta end end.
  Ltac bring H c := lazymatch goal with |- context [?F c] =>
    let T := fresh "T" in
    assert (T : boot_spec c (F c)) by (refine (H c _); apply mem_name_In; vm_compute; reflexivity);
    let a := eval lazy beta iota zeta delta [assoc app boot_prim_specs boot_func_specs String.eqb Ascii.eqb Bool.eqb]
             in (assoc c (boot_prim_specs ++ boot_func_specs)) in
    lazymatch a with Some ?P => change (P (F c)) in T; cbv beta in T end; first [exact T | apply T; assumption] end.
  Ltac callee_spec H := match goal with
    | |- context [?F ?c] => lazymatch type of F with fenv => bring H c end end.
  Ltac called H := intros; first [ exact Hfuel | assumption | callee_spec H ].
  Tactic Notation "by_lemma" uconstr(L) := intros F H; reveal; intros; eapply L; called H.

  Lemma v_word_make : verified fuel boot_spec f_word_make.
  Proof. by_lemma word_make_ok. Qed.
  Lemma v_word_is_hosts : verified fuel boot_spec f_word_is_hosts.
  Proof. by_lemma word_is_hosts_ok. Qed.
  Lemma v_desc_is_table : verified fuel boot_spec f_desc_is_table.
  Proof. by_lemma desc_is_table_ok. Qed.
  Lemma v_desc_pfn : verified fuel boot_spec f_desc_pfn.
  Proof. by_lemma desc_pfn_ok. Qed.
  Lemma v_desc_table : verified fuel boot_spec f_desc_table.
  Proof. by_lemma desc_table_ok. Qed.
  Lemma v_desc_page : verified fuel boot_spec f_desc_page.
  Proof. by_lemma desc_page_ok. Qed.
  Lemma v_desc_block : verified fuel boot_spec f_desc_block.
  Proof. by_lemma desc_block_ok. Qed.
  Lemma v_idx_l1_page : verified fuel boot_spec f_idx_l1_page.
  Proof. by_lemma idx_l1_page_ok. Qed.
  Lemma v_idx_l1 : verified fuel boot_spec f_idx_l1.
  Proof. by_lemma idx_l1_ok. Qed.
  Lemma v_idx_l2 : verified fuel boot_spec f_idx_l2.
  Proof. by_lemma idx_l2_ok. Qed.
  Lemma v_idx_l3 : verified fuel boot_spec f_idx_l3.
  Proof. by_lemma idx_l3_ok. Qed.
  Lemma v_fn_block : verified fuel boot_spec f_fn_block.
  Proof. by_lemma fn_block_ok. Qed.
  Lemma v_region_find : verified fuel boot_spec f_region_find.
  Proof. by_lemma boot_region_find_ok. Qed.
  Lemma v_host_l3 : verified fuel boot_spec f_host_l3.
  Proof. by_lemma boot_host_l3_ok. Qed.
  Lemma v_host_block_full : verified fuel boot_spec f_host_block_full.
  Proof. by_lemma boot_host_block_full_ok. Qed.
  Lemma v_host_entry_set : verified fuel boot_spec f_host_entry_set.
  Proof. by_lemma boot_host_entry_set_ok. Qed.
  Lemma v_host_fill : verified fuel boot_spec f_host_fill.
  Proof. by_lemma boot_host_fill_ok. Qed.
  Lemma v_host_map_boot : verified fuel boot_spec f_host_map_boot.
  Proof. by_lemma boot_host_map_boot_ok. Qed.
  Lemma v_walk_l2 : verified fuel boot_spec f_walk_l2.
  Proof. by_lemma boot_walk_l2_ok. Qed.
  Lemma v_walk_entry2 : verified fuel boot_spec f_walk_entry2.
  Proof. by_lemma boot_walk_entry2_ok. Qed.
  Lemma v_walk_l3 : verified fuel boot_spec f_walk_l3.
  Proof. by_lemma boot_walk_l3_ok. Qed.
  Lemma v_check_range : verified fuel boot_spec f_check_range.
  Proof. by_lemma check_range_ok. Qed.
  Lemma v_check_regions : verified fuel boot_spec f_check_regions.
  Proof. by_lemma check_regions_ok. Qed.
  Lemma v_meets_ram : verified fuel boot_spec f_meets_ram.
  Proof. by_lemma meets_ram_ok. Qed.
  Lemma v_check_devices : verified fuel boot_spec f_check_devices.
  Proof. by_lemma check_devices_ok. Qed.
  Lemma v_check_inside : verified fuel boot_spec f_check_inside.
  Proof. by_lemma check_inside_ok. Qed.
  Lemma v_check_core : verified fuel boot_spec f_check_core.
  Proof. by_lemma check_core_ok. Qed.
  Lemma v_n_gib : verified fuel boot_spec f_n_gib.
  Proof. by_lemma n_gib_ok. Qed.
  Lemma v_mm_pool_need : verified fuel boot_spec f_mm_pool_need.
  Proof. by_lemma mm_pool_need_ok. Qed.
  Lemma v_check_pool : verified fuel boot_spec f_check_pool.
  Proof. by_lemma check_pool_ok. Qed.
  Lemma v_check_boot : verified fuel boot_spec f_check_boot.
  Proof. by_lemma check_boot_ok. Qed.
  Lemma v_pool_page : verified fuel boot_spec f_pool_page.
  Proof. by_lemma pool_page_ok. Qed.
  Lemma v_init_root : verified fuel boot_spec f_init_root.
  Proof. by_lemma init_root_ok. Qed.
  Lemma v_init_contexts : verified fuel boot_spec f_init_contexts.
  Proof. by_lemma init_contexts_ok. Qed.
  Lemma v_init_l2 : verified fuel boot_spec f_init_l2.
  Proof. by_lemma init_l2_ok. Qed.
  Lemma v_init_words : verified fuel boot_spec f_init_words.
  Proof. by_lemma init_words_ok. Qed.
  Lemma v_init_region : verified fuel boot_spec f_init_region.
  Proof. by_lemma init_region_ok. Qed.
  Lemma v_init_device_page : verified fuel boot_spec f_init_device_page.
  Proof. by_lemma init_device_page_ok. Qed.
  Lemma v_init_device : verified fuel boot_spec f_init_device.
  Proof. by_lemma init_device_ok. Qed.
  Lemma v_mm_init : verified fuel boot_spec f_mm_init.
  Proof. by_lemma mm_init_ok. Qed.

  Theorem boot_verified : Forall (verified fuel boot_spec) program.
  Proof.
    unfold program.
    repeat (apply Forall_cons; [lazymatch goal with
      | |- verified _ _ f_word_make => exact v_word_make
      | |- verified _ _ f_word_is_hosts => exact v_word_is_hosts
      | |- verified _ _ f_desc_is_table => exact v_desc_is_table
      | |- verified _ _ f_desc_pfn => exact v_desc_pfn
      | |- verified _ _ f_desc_table => exact v_desc_table
      | |- verified _ _ f_desc_page => exact v_desc_page
      | |- verified _ _ f_desc_block => exact v_desc_block
      | |- verified _ _ f_idx_l1_page => exact v_idx_l1_page
      | |- verified _ _ f_idx_l1 => exact v_idx_l1
      | |- verified _ _ f_idx_l2 => exact v_idx_l2
      | |- verified _ _ f_idx_l3 => exact v_idx_l3
      | |- verified _ _ f_fn_block => exact v_fn_block
      | |- verified _ _ f_region_find => exact v_region_find
      | |- verified _ _ f_host_l3 => exact v_host_l3
      | |- verified _ _ f_host_block_full => exact v_host_block_full
      | |- verified _ _ f_host_entry_set => exact v_host_entry_set
      | |- verified _ _ f_host_fill => exact v_host_fill
      | |- verified _ _ f_host_map_boot => exact v_host_map_boot
      | |- verified _ _ f_walk_l2 => exact v_walk_l2
      | |- verified _ _ f_walk_entry2 => exact v_walk_entry2
      | |- verified _ _ f_walk_l3 => exact v_walk_l3
      | |- verified _ _ f_check_range => exact v_check_range
      | |- verified _ _ f_check_regions => exact v_check_regions
      | |- verified _ _ f_meets_ram => exact v_meets_ram
      | |- verified _ _ f_check_devices => exact v_check_devices
      | |- verified _ _ f_check_inside => exact v_check_inside
      | |- verified _ _ f_check_core => exact v_check_core
      | |- verified _ _ f_n_gib => exact v_n_gib
      | |- verified _ _ f_mm_pool_need => exact v_mm_pool_need
      | |- verified _ _ f_check_pool => exact v_check_pool
      | |- verified _ _ f_check_boot => exact v_check_boot
      | |- verified _ _ f_pool_page => exact v_pool_page
      | |- verified _ _ f_init_root => exact v_init_root
      | |- verified _ _ f_init_contexts => exact v_init_contexts
      | |- verified _ _ f_init_l2 => exact v_init_l2
      | |- verified _ _ f_init_words => exact v_init_words
      | |- verified _ _ f_init_region => exact v_init_region
      | |- verified _ _ f_init_device_page => exact v_init_device_page
      | |- verified _ _ f_init_device => exact v_init_device
      | |- verified _ _ f_mm_init => exact v_mm_init
      | |- _ => intros F H; exact Logic.I
      end|]).
    apply Forall_nil.
  Qed.

  Lemma boot_program f : In f (Link.names program) -> boot_spec f (denote fuel prims program f).
  Proof. exact (link_program fuel prims boot_spec program boot_prims_specified boot_verified program_calls f). Qed.
End Program.

(** The board has the RAM and the devices that the boot information lists. *)
Record describes (J : info) (B : board) : Prop := {
  d_n : b_n B = i_n J; d_base : forall i, b_base B i = i_base J i; d_size : forall i, b_size B i = i_size J i;
  d_dev : forall p, b_dev B p <-> device J p;
  (* pages of KCore are no page of KServ *)
  d_tables : forall l fn, host_has B l fn -> core J (host_table B l fn) }.

(** From any boot information, [mm_init] runs to its end.  It answers an error exactly for what it cannot work
    with, and then it has changed nothing.  Else the board that it has made is the one that the boot information
    describes; and when walkers start, the world satisfies the invariant. *)
Theorem boot_establishes : forall fuel w, 2 ^ 28 < Z.of_nat fuel -> boot_start w ->
  wp booting (denote fuel prims program "mm_init" []) (fun r w' =>
    exists v, r = Some v /\ (v = 0 <-> checked (info_of w)) /\ (v <> 0 -> w' = w) /\
      (v = 0 -> let B := board_of w' in describes (info_of w) B /\ board_ok B /\ mem_inv B (settle B w'))) w.
Proof.
  intros fuel w Hf Z.
  assert (M : boot_spec (info_of w) "mm_init" (denote fuel prims program "mm_init")).
  { apply boot_program; [exact Hf|]. apply mem_name_In. vm_compute. reflexivity. }
  assert (M' : spec_mm_init (info_of w) (denote fuel prims program "mm_init")) by exact M.
  eapply wp_mono; [apply M'; [apply says_info|]|].
  - intros g. unfold l2_of, get. rewrite (z_l2 _ Z). reflexivity.
  - cbv beta. intros r w' (v & -> & Hv & N & Y). exists v. split; [reflexivity|]. split; [|split].
    + split; [intros E; apply Y, E|]. intros C. destruct (Z.eq_dec v 0) as [E|E]; [exact E|]. destruct (proj2 (N E) C).
    + intros E. apply N, E.
    + intros E B. destruct (Y E) as (C & Bt & St & Cv & R & T). split; [|split].
      * constructor.
        -- apply (b_n_is w w'); assumption.
        -- apply (b_base_is w w'); assumption.
        -- apply (b_size_is w w'); assumption.
        -- apply (dev_is w w'); assumption.
        -- intros l fn H. eapply (table_ours w w' R); eassumption.
      * eapply (final_board w w' R); eassumption.
      * eapply (final_mem_inv w w' R); eassumption.
Qed.
