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

Section Objects.
  (** [m]: for calls on memory, or for all of KCore. *)
  Context {m : bool}.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Hypothesis HB : board_ok B.
  Notation K := (contract_of B cpu LI m).
  Notation WP := (wp (contract_of B cpu LI m)).

  (** ** The contract, but for a CPU's own pages without the lock *)
  Lemma local_held e w : w_held w = true -> local e w = false.
  Proof. intros H. destruct e; try reflexivity. cbn. rewrite H. apply andb_false_r. Qed.
  Lemma local_not f args w : paging f = false -> local (ECall f args) w = false.
  Proof. intros H. unfold local. rewrite H. reflexivity. Qed.

  Lemma pre_intro e w : local e w = false -> (m = false -> calm e w) ->
    (forall w0, before cpu e w w0 -> fst (effect B cpu LI e w0) /\ forall v w',
      snd (effect B cpu LI e w0) v w' -> secure B w') -> pre K e w.
  Proof. intros L C H. split; [exact C|]. rewrite L. exact H. Qed.
  Lemma act_elim e w v w' : local e w = false -> act K e w v w' ->
    exists w0, before cpu e w w0 /\ snd (effect B cpu LI e w0) v w'.
  Proof. intros L H. cbn [act contract_of] in H. rewrite L in H. exact H. Qed.

  (** ** Objects *)
  Lemma cs_secure w : cs B w -> secure B w.
  Proof. intros [I _]. apply (i_secure B w I). Qed.

  Definition shared (c : ident) : bool := match class_of c with Constant | Locked => true | _ => false end.
  Lemma may_read_locked w c ix : cs B w -> shared c = true -> may_read cpu w (c, ix).
  Proof. intros [_ H] N. unfold shared in N. unfold may_read; cbn. destruct (class_of c); auto; discriminate N. Qed.

  Lemma read_cell {A} c ix t (k : Z -> prog A) (Q : A -> world -> Prop) w :
    may_read cpu w (c, ix) -> secure B w ->
    wp K (k (wrap t (w_mem w (c, ix)))) Q w ->
    wp K (Ev (ERead (c, ix)) (fun v => k (wrap t v))) Q w.
  Proof.
    intros R S H. assert (N : class_of c <> Flag) by (intros N; unfold may_read in R; cbn [fst] in R; rewrite N in R; exact R).
    assert (Bf : forall w0, before cpu (ERead (c, ix)) w w0 -> w0 = w).
    { intros w0 E. cbn in E. destruct (class_of c); try exact E. congruence. }
    apply wp_event.
    - apply pre_intro; [reflexivity|intros _; split; [reflexivity|exact I]|]. intros w0 E. rewrite (Bf w0 E).
      split; [left; exact R|]. intros v w' [_ ->]. exact S.
    - intros v w' Ac. apply act_elim in Ac; [|reflexivity]. destruct Ac as (w0 & E & -> & ->). rewrite (Bf w0 E). exact H.
  Qed.

  (** A flag may have any value at any moment. *)
  Lemma read_flag {A} c ix (k : Z -> prog A) (Q : A -> world -> Prop) w : class_of c = Flag ->
    (forall x, secure B (set_mem (upd (w_mem w) (c, ix) x) w)) ->
    (forall x, wp K (k x) Q (set_mem (upd (w_mem w) (c, ix) x) w)) -> wp K (Ev (ERead (c, ix)) k) Q w.
  Proof.
    intros N S H. apply wp_event.
    - apply pre_intro; [reflexivity|intros _; split; [reflexivity|exact I]|]. intros w0 E. cbn in E. rewrite N in E.
      destruct E as (x & ->). cbn. split; [right; exact N|]. intros v w' [_ ->]. apply S.
    - intros v w' Ac. apply act_elim in Ac; [|reflexivity]. destruct Ac as (w0 & E & -> & ->). cbn in E. rewrite N in E.
      destruct E as (x & ->). cbn [w_mem set_mem]. rewrite upd_same. apply H.
  Qed.

  Lemma read_ret c ix t (Q : Z -> world -> Prop) w :
    may_read cpu w (c, ix) -> secure B w -> Q (wrap t (w_mem w (c, ix))) w ->
    WP (Ev (ERead (c, ix)) (fun v => Ret (wrap t v))) Q w.
  Proof. intros R S H. apply (read_cell c ix t (fun v => Ret v)); assumption. Qed.

  Lemma write_event {A} l x (k : Z -> prog A) (Q : A -> world -> Prop) w :
    may_write cpu w l x -> (m = false -> calm (EWrite l x) w) -> secure B (write_cell B l x w) ->
    (forall v, WP (k v) Q (write_cell B l x w)) -> WP (Ev (EWrite l x) k) Q w.
  Proof.
    intros R C S H. apply wp_event.
    - apply pre_intro; [reflexivity|exact C|]. intros w0 E. cbn in E. subst w0. split; [exact R|]. intros v w' ->. exact S.
    - intros v w' Ac. apply act_elim in Ac; [|reflexivity]. destruct Ac as (w0 & E & ->). cbn in E. subst w0. apply H.
  Qed.

  (** A plain object: no walk depends on it, and no CPU uses it without the lock. *)
  Definition guarded (c : ident) : bool := steady c || String.eqb c loaded_cell || String.eqb c power_cell.
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
    intros C E G. apply orb_false_iff in G as [G G3]. apply orb_false_iff in G as [G1 G2].
    apply String.eqb_neq in G2, G3. unfold may_write.
    split; [apply untied, locked_untied; assumption|]. cbn [fst snd]. rewrite E. split; [apply C|].
    split; [intros X; rewrite G1 in X; discriminate X|]. split; intros X; contradiction.
  Qed.

  Lemma calm_locked w c ix x : class_of c = Locked -> guarded c = false -> calm (EWrite (c, ix) x) w.
  Proof.
    intros E G. apply orb_false_iff in G as [G G3]. apply orb_false_iff in G as [G1 G2].
    apply String.eqb_neq in G2, G3. split; [reflexivity|]. left. cbn [fst]. rewrite E. auto.
  Qed.

  Lemma guarded_seat c : class_of c <> Constant -> guarded c = false -> seat_cell c = false.
  Proof.
    intros N G. destruct (seat_cell c) eqn:E; [|reflexivity]. unfold seat_cell in E.
    apply existsb_exists in E as (d & I & E). apply String.eqb_eq in E. subst d. exfalso.
    destruct I as [<-|I]; [apply N; reflexivity|]. repeat (destruct I as [<-|I]; [discriminate G|]). destruct I.
  Qed.

  Lemma write_plain {A} c ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> plain c = true ->
    (forall v, cs B (write_cell B (c, ix) x w) -> WP (k v) Q (write_cell B (c, ix) x w)) ->
    WP (Ev (EWrite (c, ix) x) k) Q w.
  Proof.
    intros C P H. unfold plain in P. destruct (class_of c) eqn:E; try discriminate P.
    apply andb_true_iff in P as [P G]. apply negb_true_iff in P, G.
    assert (I : inv B (write_cell B (c, ix) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact P| |apply C]. apply seats_write; [|apply C].
      apply guarded_seat; [rewrite E; discriminate|exact G]. }
    assert (Hd : w_held (write_cell B (c, ix) x w) = true).
    { unfold write_cell; cbn [fst]. rewrite P. apply C. }
    apply write_event; [| |apply (i_secure B _ I)|].
    - apply may_write_locked; assumption.
    - intros _. apply calm_locked; assumption.
    - intros v. apply H. split; assumption.
  Qed.

  (** What the loader uses of a vCPU, while nobody or this CPU has it. *)
  Lemma write_loader {A} c h i x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> class_of c = Loader ->
    (token w h i = 0 \/ m = true /\ token w h i = cpu + 1) ->
    (forall v, cs B (write_cell B (c, [h; i]) x w) -> WP (k v) Q (write_cell B (c, [h; i]) x w)) ->
    WP (Ev (EWrite (c, [h; i]) x) k) Q w.
  Proof.
    intros C E U H. assert (St : steers_walks c = false).
    { destruct (steers_walks c) eqn:S; [|reflexivity]. unfold steers_walks in S. apply orb_true_iff in S as [S|S];
      apply String.eqb_eq in S; subst c; discriminate E. }
    assert (Sc : seat_cell c = false).
    { destruct (seat_cell c) eqn:S; [|reflexivity]. unfold seat_cell in S. apply existsb_exists in S as (d & I & S).
      apply String.eqb_eq in S. subst d. repeat (destruct I as [<-|I]; [discriminate E|]). destruct I. }
    assert (I : inv B (write_cell B (c, [h; i]) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact St|apply seats_write; [exact Sc|apply C]|apply C]. }
    apply write_event; [| |apply (i_secure B _ I)|].
    - split; [|cbn [fst snd]; rewrite E; right; split; [apply C|]; destruct U as [U|[_ U]]; cbn; auto].
      apply untied. unfold tied. cbn [fst existsb]. rewrite !orb_false_iff. repeat split; apply String.eqb_neq; intros ->; discriminate E.
    - intros M. split; [reflexivity|]. right. cbn [fst snd]. split; [auto|]. destruct U as [U|[U _]]; [|congruence].
      split; [exact U|]. intros ->. discriminate E.
    - intros v. apply H. split; [exact I|]. unfold write_cell; cbn [fst]. rewrite St. apply C.
  Qed.

  (** The power state, unless another CPU has the vCPU and it is on. *)
  Lemma write_power {A} h i x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w ->
    (token w h i = 0 \/ m = true /\ ~ driven cpu w [h; i]) ->
    (forall v, cs B (write_cell B (power_cell, [h; i]) x w) -> WP (k v) Q (write_cell B (power_cell, [h; i]) x w)) ->
    WP (Ev (EWrite (power_cell, [h; i]) x) k) Q w.
  Proof.
    intros C U H.
    assert (I : inv B (write_cell B (power_cell, [h; i]) x w)).
    { apply inv_write_cell; [discriminate|reflexivity|apply seats_write; [reflexivity|apply C]|apply C]. }
    apply write_event; [| |apply (i_secure B _ I)|].
    - split; [apply untied; reflexivity|]. cbn. split; [apply C|]. split; [discriminate|]. split; [|discriminate].
      intros _ D. destruct U as [U|[_ U]]; [|exact (U D)]. destruct D as (D & _). contradiction.
    - intros M. split; [reflexivity|]. right. cbn [fst snd]. split; [auto|]. destruct U as [U|[U _]]; [|congruence].
      split; [exact U|discriminate].
    - intros v. apply H. split; [exact I|apply C].
  Qed.

  Lemma may_write_steady w c ix x : cs B w -> class_of c = Locked -> c <> loaded_cell -> c <> power_cell -> unloaded w ix ->
    may_write cpu w (c, ix) x.
  Proof.
    intros C E N N' U. unfold may_write. split; [apply untied, locked_untied; assumption|].
    cbn [fst snd]. rewrite E. split; [apply C|]. split; [intros _; exact U|]. split; intros X; contradiction.
  Qed.
  Lemma calm_steady w c ix x : class_of c = Locked -> c <> loaded_cell -> c <> power_cell -> calm (EWrite (c, ix) x) w.
  Proof. intros E N N'. split; [reflexivity|]. left. cbn [fst]. rewrite E. auto. Qed.

  (** Pages of vCPUs that are not loaded may change. *)
  Lemma seats_steady w c ix x : seats B w -> steady c = true -> unloaded w ix -> seats B (set_mem (upd (w_mem w) (c, ix) x) w).
  Proof.
    intros S E U.
    assert (T : forall h i, token (set_mem (upd (w_mem w) (c, ix) x) w) h i = token w h i).
    { intros h i. unfold token. cbn. rewrite upd_name; [reflexivity|]. destruct (String.eqb_spec c loaded_cell) as [->|];
        [discriminate E|reflexivity]. }
    apply (seats_same B w); [exact S| | |reflexivity|auto].
    - intros d. unfold host_ctx. cbn. rewrite upd_name; [reflexivity|].
      destruct (String.eqb_spec c "pcpu.host_ctx") as [->|]; [discriminate E|reflexivity].
    - intros h i. rewrite T. intros N. split; [exact N|]. unfold vcpu_run, vcpu_ctx, protected. cbn.
      assert (D : forall d jx, jx = [h; i] \/ jx = [h] -> upd (w_mem w) (c, ix) x (d, jx) = w_mem w (d, jx)).
      { intros d jx J. apply upd_other. intros [= -> ->]. destruct J as [->| ->]; [exact (N U)|exact (N (U i))]. }
      rewrite !D by auto. tauto.
  Qed.

  (** Objects that a loaded vCPU keeps: nobody has it, or a vCPU of the VM, loaded. *)
  Lemma write_steady {A} c ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w -> class_of c = Locked ->
    steers_walks c = false -> steady c = true -> unloaded w ix ->
    (forall v, cs B (write_cell B (c, ix) x w) -> WP (k v) Q (write_cell B (c, ix) x w)) ->
    WP (Ev (EWrite (c, ix) x) k) Q w.
  Proof.
    intros C E P S U H.
    assert (N : c <> loaded_cell) by (intros ->; discriminate S). assert (N' : c <> power_cell) by (intros ->; discriminate S).
    assert (I : inv B (write_cell B (c, ix) x w)).
    { apply inv_write_cell; [rewrite E; discriminate|exact P|apply seats_steady; [apply C|exact S|exact U]|apply C]. }
    apply write_event; [| |apply (i_secure B _ I)|].
    - apply may_write_steady; assumption.
    - intros _. apply calm_steady; assumption.
    - intros v. apply H. split; [exact I|]. unfold write_cell; cbn [fst]. rewrite P. apply C.
  Qed.

  (** The token of a vCPU: taken when it is free, given back by the CPU that has it. *)
  Lemma write_loaded {A} ix x (k : Z -> prog A) (Q : A -> world -> Prop) w : cs B w ->
    (forall v, v = w_mem w (loaded_cell, ix) \/ v = x -> wrap U32 v = 0 \/ wrap U32 v = cpu + 1) ->
    (m = false -> unloaded w ix /\ wrap U32 x = 0) ->
    seats B (set_mem (upd (w_mem w) (loaded_cell, ix) x) w) ->
    (own_ok cpu w -> own_ok cpu (set_mem (upd (w_mem w) (loaded_cell, ix) x) w)) ->
    (forall v, cs B (write_cell B (loaded_cell, ix) x w) -> WP (k v) Q (write_cell B (loaded_cell, ix) x w)) ->
    WP (Ev (EWrite (loaded_cell, ix) x) k) Q w.
  Proof.
    intros C T Cm St O H.
    assert (I : inv B (write_cell B (loaded_cell, ix) x w)) by (apply inv_write_cell; [discriminate|reflexivity|exact St|apply C]).
    apply write_event; [| |apply (i_secure B _ I)|].
    - split; [auto|]. cbn. split; [apply C|]. split; [discriminate|]. split; [discriminate|auto].
    - intros M. destruct (Cm M) as [U X]. split; [reflexivity|]. right. cbn [fst snd]. auto.
    - intros v. apply H. split; [exact I|apply C].
  Qed.

End Objects.

Section Prims.
  Variables (B : board) (cpu : Z) (LI : world -> Prop).
  Hypothesis HB : board_ok B.

  (** ** Primitives *)
  Definition spec_pte_get (d : den) : Prop := forall t i w, cs B w -> ours B w t -> 0 <= i < 512 ->
    forall m', wp (contract_of B cpu LI m') (d [t; i]) (fun r w' => w' = w /\ r = Some (word w t i)) w.
  Definition spec_pte_set (d : den) : Prop := forall t i x w, cs B w -> ours B w t -> 0 <= i < 512 ->
    secure B (write_word B t i x w) ->
    forall m', wp (contract_of B cpu LI m') (d [t; i; x]) (fun r w' => w' = write_word B t i x w /\ r = None) w.
  Definition spec_pg_set (d : den) : Prop := forall t i x w, cs B w -> usable B cpu w t -> ~ used w t -> 0 <= i < 512 ->
    ~ in_use w t -> secure B (write_word B t i x w) ->
    forall m', wp (contract_of B cpu LI m') (d [t; i; x]) (fun r w' => w' = write_word B t i x w /\ r = None) w.
  Definition spec_pg_get (d : den) : Prop := forall t i w, cs B w -> readable B w t -> 0 <= i < 512 ->
    forall m', wp (contract_of B cpu LI m') (d [t; i]) (fun r w' => interference w w' /\ cs B w' /\ r = Some (word w' t i)) w.
  Definition spec_meta_get (d : den) : Prop := forall p w, cs B w -> is_ram B p ->
    forall m', wp (contract_of B cpu LI m') (d [p]) (fun r w' => w' = w /\ r = Some (state w p)) w.
  Definition spec_meta_set (d : den) : Prop := forall p s w, cs B w -> is_ram B p -> may_change w p s ->
    secure B (set_meta p s w) ->
    forall m', wp (contract_of B cpu LI m') (d [p; s]) (fun r w' => w' = set_meta p s w /\ r = None) w.
  Definition spec_page_zero (d : den) : Prop := forall p w, cs B w -> is_ram B p -> isolated w p ->
    kind (state w p) <> PG_CORE -> ~ in_use w p ->
    forall m', wp (contract_of B cpu LI m') (d [p]) (fun r w' => w' = zero_page B p w /\ r = None) w.
  Definition spec_page_sync (d : den) : Prop := forall p w, cs B w -> is_ram B p -> isolated w p ->
    forall m', wp (contract_of B cpu LI m') (d [p]) (fun r w' => w' = w /\ r = None) w.
  Definition spec_tlb_inval_vm (d : den) : Prop := forall h r0 w, cs B w ->
    h = 0 /\ r0 = b_root B \/ 1 <= h <= 255 /\ r0 = vm_root w h ->
    forall m', wp (contract_of B cpu LI m') (d [h; r0]) (fun r w' => (exists w0,
      interference w w0 /\ inv B w0 /\ w' = invalidate B h w0) /\ r = None) w.
  Definition spec_spin_lock (d : den) : Prop := forall w, w_held w = false -> (forall w1, LI w1 -> secure B w1) ->
    forall m', wp (contract_of B cpu LI m') (d [0]) (fun r w' => r = None /\ exists w1, LI w1 /\ w' = set_held true w1 /\
      (forall l, owns cpu w l -> w_mem w1 l = w_mem w l) /\
      forall p i, own_page cpu w p -> w_ram w1 p i = w_ram w p i) w.
  Definition spec_spin_unlock (d : den) : Prop := forall w, w_held w = true -> LI w -> secure B w ->
    forall m', wp (contract_of B cpu LI m') (d [0]) (fun r w' => r = None /\ w' = set_held false w) w.

  Variable prims : ident -> option signature.

  Ltac loc := first [reflexivity | apply local_held; first [assumption | match goal with C : cs B _ |- _ => apply C end]].
  Ltac rule E := unfold spec_pte_get, spec_pte_set, spec_pg_set, spec_pg_get, spec_meta_get, spec_meta_set,
      spec_page_zero, spec_page_sync, spec_tlb_inval_vm, spec_spin_lock, spec_spin_unlock; intros;
    eapply r_primitive; [exact E|reflexivity|apply pre_intro; [loc|intros _; split; [loc|reflexivity]|]|
      intros v w' Ac; apply act_elim in Ac; [|loc]; revert v w' Ac].

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

  Lemma secure_held b w : secure B w -> secure B (set_held b w).
  Proof. intros [S1 S2 S3]. split; [assumption..|same_seats S3]. Qed.

  Lemma cs_interference w w0 : cs B w -> interference w w0 -> cs B w0.
  Proof.
    intros [I H] J. split; [exact (inv_interference B HB w w0 I J)|]. destruct J as (r & -> & _). exact H.
  Qed.

  Lemma pg_get_ok : prims "pg_get" = Some {| s_params := [U64; U64]; s_result := Some U64 |} ->
    spec_pg_get (call_primitive prims "pg_get").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. pose proof (cs_interference w w0 H (meddling_interference _ _ _ Bf)) as C0.
      split; [|intros v w' [_ ->]; apply cs_secure, C0].
      cbn. split; [apply C0|]. destruct Bf as (r & -> & _). auto.
    - intros v w' (w0 & Bf & Ef). cbn in Bf, Ef. destruct Ef as [-> ->].
      apply meddling_interference in Bf.
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
    - intros w0 Bf. cbn in Bf. pose proof (cs_interference w w0 H (meddling_interference _ _ _ Bf)) as C0.
      cbn. split; [split; [apply C0|]|].
      + destruct Bf as (r & -> & _). assumption.
      + intros v w' ->. apply i_secure, inv_invalidate, C0.
    - intros v w' (w0 & Bf & Ef). cbn in Bf, Ef. apply meddling_interference in Bf. split; [|reflexivity]. exists w0.
      split; [exact Bf|]. split; [apply (cs_interference w w0 H Bf)|exact Ef].
  Qed.

  Lemma spin_lock_ok : prims "spin_lock" = Some {| s_params := [U32]; s_result := None |} ->
    spec_spin_lock (call_primitive prims "spin_lock").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [auto|]. intros v w' (w1 & L & -> & _).
      apply secure_held, H0, L.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.

  Lemma spin_unlock_ok : prims "spin_unlock" = Some {| s_params := [U32]; s_result := None |} ->
    spec_spin_unlock (call_primitive prims "spin_unlock").
  Proof.
    intros E. rule E.
    - intros w0 Bf. cbn in Bf. subst w0. cbn. split; [auto|]. intros v w' ->. apply secure_held, H1.
    - intros v w' (w0 & Bf & Ef). cbn in Bf. subst w0. cbn in Ef. auto.
  Qed.
End Prims.
