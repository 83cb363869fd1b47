(** * Primitives and objects as the code uses them

    A specification for every primitive inside the critical section, and rules that read and write
    KCore's objects.  [steps] uses the latter. *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** Views of KCore's objects. *)
Definition vm_pages (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.n_pages" [h])).
Definition vm_lent (w : world) (h : Z) : Z := wrap U64 (w_mem w (obj "vms.n_lent" [h])).
Definition vm_protected (w : world) (h : Z) : Z := wrap U32 (w_mem w (obj "vms.is_protected" [h])).

Section Prims.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Hypothesis HB : board_ok B.
  Notation K := (kcore B cpu LI).
  Notation WP := (wp (kcore B cpu LI)).

  (** ** Objects *)
  Lemma cs_secure w : cs B w -> secure B w.
  Proof. intros [I _]. apply (i_secure B w I). Qed.

  Lemma may_read_locked w c ix : cs B w -> class_of c <> Percpu -> may_read cpu w (c, ix).
  Proof. intros [_ H] N. unfold may_read; cbn. destruct (class_of c); auto. contradiction. Qed.

  Lemma read_cell {A} c ix t (k : Z -> prog A) (Q : A -> world -> Prop) w :
    may_read cpu w (c, ix) -> secure B w ->
    wp K (k (wrap t (w_mem w (c, ix)))) Q w ->
    wp K (Ev (ERead (c, ix)) (fun v => k (wrap t v))) Q w.
  Proof.
    intros R S H. apply wp_event.
    - intros w0 E. cbn in E. subst w0. split; [exact R|]. intros v w' [_ ->]. exact S.
    - intros v w' (w0 & E & -> & ->). cbn in E. subst w0. exact H.
  Qed.

  Lemma read_ret c ix t (Q : Z -> world -> Prop) w :
    may_read cpu w (c, ix) -> secure B w -> Q (wrap t (w_mem w (c, ix))) w ->
    WP (Ev (ERead (c, ix)) (fun v => Ret (wrap t v))) Q w.
  Proof. intros R S H. apply (read_cell c ix t (fun v => Ret v)); assumption. Qed.

  Lemma write_event {A} l x (k : Z -> prog A) (Q : A -> world -> Prop) w :
    may_write cpu w l x -> secure B (write_cell B l x w) ->
    (forall v, WP (k v) Q (write_cell B l x w)) -> WP (Ev (EWrite l x) k) Q w.
  Proof.
    intros R S H. apply wp_event.
    - intros w0 E. cbn in E. subst w0. split; [exact R|]. intros v w' ->. exact S.
    - intros v w' (w0 & E & ->). cbn in E. subst w0. apply H.
  Qed.

  (** A plain object: no walk depends on it, and no CPU uses it without the lock. *)
  Definition guarded (c : ident) : bool := steady c || String.eqb c loaded_cell.
  Definition plain (c : ident) : bool :=
    match class_of c with Locked => negb (steers_walks c) && negb (guarded c) | _ => false end.

  Lemma untied w l x : tied (fst l) = false ->
    tied (fst l) = true -> own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) l x) w).
  Proof. congruence. Qed.

  Lemma locked_untied c : class_of c = Locked -> c <> loaded_cell -> tied c = false.
  Proof.
    intros E N. unfold tied. cbn [existsb]. rewrite orb_false_r. apply String.eqb_neq in N. rewrite N, orb_false_r.
    apply orb_false_iff. split; apply String.eqb_neq; intros ->; discriminate E.
  Qed.

  Lemma may_write_locked w c ix x : cs B w -> class_of c = Locked -> guarded c = false -> may_write cpu w (c, ix) x.
  Proof.
    intros C E G. apply orb_false_iff in G as [G1 G2]. apply String.eqb_neq in G2. unfold may_write.
    split; [apply untied, locked_untied; assumption|]. cbn [fst snd]. rewrite E. split; [apply C|]. split; intros X;
      [rewrite G1 in X; discriminate X|contradiction].
  Qed.

  Lemma write_plain {A} c ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> plain c = true ->
    (forall v, cs B (write_cell B (c, ix) x w) -> WP (k v) Q (write_cell B (c, ix) x w)) ->
    WP (Ev (EWrite (c, ix) x) k) Q w.
  Proof.
    intros C P H. unfold plain in P. destruct (class_of c) eqn:E; try discriminate P.
    apply andb_true_iff in P as [P G]. apply negb_true_iff in P, G.
    assert (I : inv B (write_cell B (c, ix) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact P|apply C]. }
    assert (Hd : w_held (write_cell B (c, ix) x w) = true).
    { unfold write_cell; cbn [fst]. rewrite P. apply C. }
    apply write_event; [|apply (i_secure B _ I)|].
    - apply may_write_locked; assumption.
    - intros v. apply H. split; assumption.
  Qed.

  Lemma may_write_steady w c ix x : cs B w -> class_of c = Locked -> c <> loaded_cell -> unloaded w ix ->
    may_write cpu w (c, ix) x.
  Proof.
    intros C E N U. unfold may_write. split; [apply untied, locked_untied; assumption|].
    cbn [fst snd]. rewrite E. split; [apply C|]. split; intros X; [exact U|contradiction].
  Qed.

  (** Objects that a loaded vCPU keeps: nobody has it, or a vCPU of the VM, loaded. *)
  Lemma write_steady {A} c ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> class_of c = Locked ->
    steers_walks c = false -> c <> loaded_cell -> unloaded w ix ->
    (forall v, cs B (write_cell B (c, ix) x w) -> WP (k v) Q (write_cell B (c, ix) x w)) ->
    WP (Ev (EWrite (c, ix) x) k) Q w.
  Proof.
    intros C E P N U H.
    assert (I : inv B (write_cell B (c, ix) x w)) by (apply inv_write_cell; [rewrite E; discriminate|exact P|apply C]).
    apply write_event; [|apply (i_secure B _ I)|].
    - apply may_write_steady; assumption.
    - intros v. apply H. split; [exact I|]. unfold write_cell; cbn [fst]. rewrite P. apply C.
  Qed.

  (** The token of a vCPU: taken when it is free, given back by the CPU that has it. *)
  Lemma write_loaded {A} ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w ->
    (forall v, v = w_mem w (loaded_cell, ix) \/ v = x -> wrap U32 v = 0 \/ wrap U32 v = cpu + 1) ->
    (own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) (loaded_cell, ix) x) w)) ->
    (forall v, cs B (write_cell B (loaded_cell, ix) x w) -> WP (k v) Q (write_cell B (loaded_cell, ix) x w)) ->
    WP (Ev (EWrite (loaded_cell, ix) x) k) Q w.
  Proof.
    intros C T O H.
    assert (I : inv B (write_cell B (loaded_cell, ix) x w)) by (apply inv_write_cell; [discriminate|reflexivity|apply C]).
    apply write_event; [|apply (i_secure B _ I)|].
    - split; [auto|]. cbn. split; [apply C|]. split; [discriminate|auto].
    - intros v. apply H. split; [exact I|apply C].
  Qed.

  (** ** Primitives *)
  Definition spec_pte_get (d : den) : Prop := forall t i w, cs B w -> ours B w t -> 0 <= i < 512 ->
    WP (d [t; i]) (fun r w' => w' = w /\ r = Some (word w t i)) w.
  Definition spec_pte_set (d : den) : Prop := forall t i x w, cs B w -> ours B w t -> 0 <= i < 512 ->
    secure B (write_word B t i x w) ->
    WP (d [t; i; x]) (fun r w' => w' = write_word B t i x w /\ r = None) w.
  Definition spec_pg_set (d : den) : Prop := forall t i x w, cs B w -> usable B cpu w t -> ~ used w t -> 0 <= i < 512 ->
    secure B (write_word B t i x w) ->
    WP (d [t; i; x]) (fun r w' => w' = write_word B t i x w /\ r = None) w.
  Definition spec_pg_get (d : den) : Prop := forall t i w, cs B w -> readable B w t -> 0 <= i < 512 ->
    WP (d [t; i]) (fun r w' => interference w w' /\ cs B w' /\ r = Some (word w' t i)) w.
  Definition spec_meta_get (d : den) : Prop := forall p w, cs B w -> is_ram B p ->
    WP (d [p]) (fun r w' => w' = w /\ r = Some (state w p)) w.
  Definition spec_meta_set (d : den) : Prop := forall p s w, cs B w -> is_ram B p -> may_change w p s ->
    secure B (set_meta p s w) ->
    WP (d [p; s]) (fun r w' => w' = set_meta p s w /\ r = None) w.
  Definition spec_page_zero (d : den) : Prop := forall p w, cs B w -> is_ram B p -> isolated w p ->
    kind (state w p) <> PG_CORE ->
    WP (d [p]) (fun r w' => w' = zero_page B p w /\ r = None) w.
  Definition spec_page_sync (d : den) : Prop := forall p w, cs B w -> is_ram B p -> isolated w p ->
    WP (d [p]) (fun r w' => w' = w /\ r = None) w.
  Definition spec_tlb_inval_vm (d : den) : Prop := forall h r0 w, cs B w ->
    h = 0 /\ r0 = b_root B \/ 1 <= h <= 255 /\ r0 = vm_root w h ->
    WP (d [h; r0]) (fun r w' => (exists w0, interference w w0 /\ inv B w0 /\ w' = invalidate B h w0) /\ r = None) w.
  Definition spec_spin_lock (d : den) : Prop := forall w, w_held w = false -> (forall w1, LI w1 -> secure B w1) ->
    WP (d [0]) (fun r w' => r = None /\ exists w1, LI w1 /\ w' = set_held true w1 /\
      forall l, owns cpu w l -> w_mem w1 l = w_mem w l) w.
  Definition spec_spin_unlock (d : den) : Prop := forall w, w_held w = true -> LI w -> secure B w ->
    WP (d [0]) (fun r w' => r = None /\ w' = set_held false w) w.

  Variable prims : ident -> option signature.

  Ltac rule E := unfold spec_pte_get, spec_pte_set, spec_pg_set, spec_pg_get, spec_meta_get, spec_meta_set,
      spec_page_zero, spec_page_sync, spec_tlb_inval_vm, spec_spin_lock, spec_spin_unlock; intros;
    eapply r_primitive; [exact E|reflexivity|..].

  Lemma pte_get_ok : prims "pte_get" = Some {| s_params := [U64; U64]; s_result := Some U64 |} ->
    spec_pte_get (call_primitive prims "pte_get").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' [_ ->]. apply cs_secure, H.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. destruct Ef as [-> ->].
      split; [reflexivity|exact (f_equal Some (wrap_wrap U64 _))].
  Qed.

  Lemma pte_set_ok : prims "pte_set" = Some {| s_params := [U64; U64; U64]; s_result := None |} ->
    spec_pte_set (call_primitive prims "pte_set").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' ->. assumption.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma pg_set_ok : prims "pg_set" = Some {| s_params := [U64; U64; U64]; s_result := None |} ->
    spec_pg_set (call_primitive prims "pg_set").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' ->. assumption.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma cs_interference w w0 : cs B w -> interference w w0 -> cs B w0.
  Proof.
    intros [I H] J. split; [exact (inv_interference B HB w w0 I J)|]. destruct J as (r & -> & _). exact H.
  Qed.

  Lemma pg_get_ok : prims "pg_get" = Some {| s_params := [U64; U64]; s_result := Some U64 |} ->
    spec_pg_get (call_primitive prims "pg_get").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. pose proof (cs_interference w w0 H Bf) as C0.
      split; [|intros v w' [_ ->]; apply cs_secure, C0].
      cbn. split; [apply C0|]. destruct Bf as (r & -> & _). auto.
    - intros v w' (w0 & Bf & Ef). cbn in Bf, Ef. destruct Ef as [-> ->].
      split; [exact Bf|]. split; [exact (cs_interference w w0 H Bf)|exact (f_equal Some (wrap_wrap U64 _))].
  Qed.

  Lemma meta_get_ok : prims "meta_get" = Some {| s_params := [U64]; s_result := Some U64 |} ->
    spec_meta_get (call_primitive prims "meta_get").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' [_ ->]. apply cs_secure, H.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. destruct Ef as [-> ->]. auto.
  Qed.

  Lemma meta_set_ok : prims "meta_set" = Some {| s_params := [U64; U64]; s_result := None |} ->
    spec_meta_set (call_primitive prims "meta_set").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' ->. assumption.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma page_zero_ok : prims "page_zero" = Some {| s_params := [U64]; s_result := None |} ->
    spec_page_zero (call_primitive prims "page_zero").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' ->.
      apply i_secure, inv_zero; [exact HB|apply H|assumption..].
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma page_sync_ok : prims "page_sync" = Some {| s_params := [U64]; s_result := None |} ->
    spec_page_sync (call_primitive prims "page_sync").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [destruct H; auto|]. intros v w' ->. apply cs_secure, H.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma tlb_inval_vm_ok : prims "tlb_inval_vm" = Some {| s_params := [U64; U64]; s_result := None |} ->
    spec_tlb_inval_vm (call_primitive prims "tlb_inval_vm").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. pose proof (cs_interference w w0 H Bf) as C0.
      cbn. split; [split; [apply C0|]|].
      + destruct Bf as (r & -> & _). assumption.
      + intros v w' ->. apply i_secure, inv_invalidate, C0.
    - intros v w' (w0 & Bf & Ef). cbn in Bf, Ef. split; [|reflexivity]. exists w0.
      split; [exact Bf|]. split; [apply (cs_interference w w0 H Bf)|exact Ef].
  Qed.

  Lemma spin_lock_ok : prims "spin_lock" = Some {| s_params := [U32]; s_result := None |} ->
    spec_spin_lock (call_primitive prims "spin_lock").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [auto|]. intros v w' (w1 & L & -> & _).
      destruct (H0 w1 L). split; assumption.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma spin_unlock_ok : prims "spin_unlock" = Some {| s_params := [U32]; s_result := None |} ->
    spec_spin_unlock (call_primitive prims "spin_unlock").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [auto|]. intros v w' ->. destruct H1. split; assumption.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.
End Prims.
