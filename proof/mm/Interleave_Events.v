(** * One event of a CPU, and what the others count on

    [objects_event], [pages_event]: an event that a CPU may do changes no object and no page that another CPU owns.
    [unlocked_step]: an event of a CPU without the lock is, in the real world, one that its proof has counted on, and the
    CPU that has the lock does not see it. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Structure_Frame Structure_Facts Structure_Steps
  Page_Spec Vm_Facts Cpu_Facts Prims Local_Prims Interleave.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Objects that LOCK_MEM does not protect *)
Definition loose (d : ident) : Prop := class_of d = Percpu \/ class_of d = Loader \/ class_of d = Flag.

Section Loose.
  Variable B : board.

  Lemma loose_structural d : loose d -> structural d = false.
  Proof.
    intros L. destruct (structural d) eqn:E; [|reflexivity]. apply structural_locked in E.
    destruct L as [L|[L|L]]; congruence.
  Qed.
  Lemma loose_steers d : loose d -> steers_walks d = false.
  Proof.
    intros L. destruct (steers_walks d) eqn:E; [|reflexivity]. apply steers_structural in E.
    rewrite (loose_structural d L) in E. discriminate E.
  Qed.
  Lemma loose_variable d : loose d -> class_of d <> Constant.
  Proof. intros [L|[L|L]]; congruence. Qed.
  Lemma loose_write l x w : loose (fst l) -> write_cell B l x w = set_mem (upd (w_mem w) l x) w.
  Proof. intros L. unfold write_cell. rewrite loose_steers by exact L. reflexivity. Qed.
  Lemma loose_secure l x w : loose (fst l) -> secure B w -> secure B (write_cell B l x w).
  Proof.
    intros L [S1 S2 S3]. rewrite loose_write by exact L. split; [assumption..|]. destruct l as [d ix].
    apply seats_write; [apply structural_seat; [apply loose_structural|apply loose_variable]; exact L|exact S3].
  Qed.
  Lemma loose_mem_inv l x w : loose (fst l) -> mem_inv B w -> mem_inv B (write_cell B l x w).
  Proof.
    intros L I. destruct l as [d ix]. cbn [fst] in L.
    apply (mem_inv_frame B w); [apply unchanged_write, loose_structural, L| |exact I].
    apply inv_write_cell; [apply loose_variable, L|apply loose_steers, L| |apply I].
    apply seats_write; [apply structural_seat; [apply loose_structural|apply loose_variable]; exact L|apply I].
  Qed.
  Lemma loose_plainly l x w : loose (fst l) -> plainly w (write_cell B l x w).
  Proof.
    intros L l' H. rewrite loose_write by exact L. cbn. symmetry. apply upd_other. intros <-.
    destruct L as [L|[L|L]], H as [H|H]; congruence.
  Qed.
End Loose.

(** What depends on constants and what the lock protects. *)
Lemma plain_own_page a b c p : plainly a b -> own_page c a p -> own_page c b p.
Proof.
  intros E [[R ->]|(h & i & T & P & O & ->)]; [left; rewrite (plain_host a b E); auto|right]. exists h, i.
  rewrite <- (plain_token a b E), <- (plain_ctx a b E). split; [exact T|]. split; [apply (plain_protected a b E), P|].
  split; [apply (plain_on a b E), O|reflexivity].
Qed.
Lemma plain_grows a b c : plainly a b -> grows c a b.
Proof.
  intros E. split.
  - intros ix T. rewrite <- (E (loaded_cell, ix)) by (right; reflexivity). exact T.
  - intros h i _ O. apply (plain_on a b E), O.
Qed.

(** ** A CPU without the lock: what it owns is as it knows it *)
Record away (c : Z) (a w : world) : Prop := {
  aw_held : w_held a = false;
  aw_mem : forall l, owns c a l -> w_mem a l = w_mem w l;
  aw_page : forall p i, own_page c a p -> w_ram a p i = w_ram w p i }.

Section Events.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Context {m : bool}.
  Notation K c := (contract_of B c (mem_inv B) m).
  Notation machine_effect c := (effect B c (fun _ => True)).

  (** What the proof of CPU [c] knows of the real world. *)
  Record knows (c : Z) (a w : world) : Prop := {
    kn_held : w_held a = true -> plainly a w;
    kn_owns : forall l, owns c a l -> w_mem a l = w_mem w l }.

  Lemma view_owns c a w l : view c a w -> owns c a l -> w_mem a l = w_mem w l.
  Proof.
    intros V O. apply (v_mem c a w V). unfold visible. unfold owns in O. destruct (class_of (fst l)); auto.
    unfold has_vcpu in O. unfold loadable. destruct (snd l) as [|h [|i [|]]]; auto.
  Qed.
  Lemma view_knows c a w : view c a w -> knows c a w.
  Proof. intros V. split; [intros _; apply (view_plain c a w V)|]. intros l. apply view_owns, V. Qed.
  Lemma away_knows c a w : away c a w -> knows c a w.
  Proof. intros [H M _]. split; [congruence|exact M]. Qed.

  Lemma regs_mem c x w l : (class_of (fst l) = Percpu -> ~ of_cpu c l) -> w_mem (set_regs c x w) l = w_mem w l.
  Proof.
    intros N. apply (set_regs_keep B c (fun y => w_mem y l = w_mem w l)); [|reflexivity]. intros l1 v w0 P1 O1 <-.
    rewrite percpu_mem. apply upd_other. intros ->. exact (N P1 O1).
  Qed.

  Lemma objects_event c e a v w w' l c' : pre (K c) e a -> knows c a w ->
    snd (machine_effect c e w) v w' -> 0 <= c' -> c' <> c ->
    e <> lock -> owns c' w l -> w_mem w' l = w_mem w l.
  Proof.
    intros P [Kh Ko] E Z0 N Nl O.
    assert (Nr : class_of (fst l) = Percpu -> ~ of_cpu c l).
    { intros Pc Oc. unfold owns in O. rewrite Pc in O. unfold of_cpu in O, Oc. rewrite O in Oc. injection Oc. congruence. }
    destruct e as [l1|l1 x|f args].
    - cbn in E. destruct E as [_ ->]. reflexivity.
    - cbn in E. subst w'. destruct (pre_effect B c (EWrite l1 x) a eq_refl P a eq_refl) as [M _]. cbn in M.
      unfold may_write in M. destruct M as [_ M].
      assert (X : w_mem (write_cell B l1 x w) = upd (w_mem w) l1 x).
      { unfold write_cell. destruct (steers_walks (fst l1)); reflexivity. }
      rewrite X. apply upd_other. intros ->.
      unfold owns in O. destruct (class_of (fst l)) eqn:Cl; [exact M| | |exact O|].
      + unfold of_cpu in O, M; rewrite O in M; injection M; congruence.
      + unfold has_vcpu, loadable in *. destruct (snd l) as [|h [|i [|]]]; try exact O.
        assert (Y : token a h i = token w h i -> token a h i = 0 \/ token a h i = c + 1 -> False) by (intros Y [Y'|Y']; lia).
        destruct M as [M|[Hd M]].
        * apply Y; [|auto]. rewrite M. symmetry. apply (agree_token c a w Ko h i M).
        * apply Y; [apply (plain_token a w (Kh Hd))|exact M].
      + destruct M as (Hd & Ms & Mp & Ml). specialize (Kh Hd). destruct O as [[S H]|[[S H]|[S H]]].
        * specialize (Ms S). destruct (snd l) as [|h [|i [|]]]; try exact H.
          -- destruct H as [i H]. specialize (Ms i). rewrite (plain_token a w Kh) in Ms. lia.
          -- cbn in H, Ms. rewrite (plain_token a w Kh) in Ms. lia.
        * rewrite (Kh l) in Ml by (right; exact Cl). destruct (Ml S _ (or_introl eq_refl)); lia.
        * apply (Mp S). unfold drives, driven in *. destruct (snd l) as [|h [|i [|]]]; try exact H.
          destruct H as [H1 H2]. rewrite (plain_token a w Kh). split; [lia|]. split; [lia|]. apply (plain_on a w Kh), H2.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        apply regs_mem, Nr. }
      cbn [effect] in E. rewrite Cp in E.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct (proj1 (pre_effect B c (ECall "spin_lock" [x]) a eq_refl P a eq_refl)) as [_ ->]. destruct Nl. reflexivity. }
        repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]|destruct E as (? & _ & ->)];
          reflexivity|]).
        cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; reflexivity|]). cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; reflexivity|]). cbn in E; contradiction.
      + destruct (String.eqb f _); [cbn [snd] in E; subst w'; exact (regs_mem c (context_regs _ _ _ _ _ _) w l Nr)|cbn in E; contradiction].
      + destruct (String.eqb f _); [cbn [snd] in E; destruct E as (r & _ & ->)|cbn in E; contradiction].
        exact (regs_mem c (context_regs _ _ _ _ _ _) (settle B (set_ram r w)) l Nr).
  Qed.

  (** The page that an event of a CPU without the lock works on is its own. *)
  Lemma local_page e c a : local e a = true -> pre (K c) e a -> fst (local_effect B c e a).
  Proof. intros L [_ P]. rewrite L in P. exact P. Qed.

  Lemma pages_event c e a v w w' p i c' : pre (K c) e a -> knows c a w -> (w_held a = true -> w_meta a = w_meta w) ->
    secure B w -> 0 <= c ->
    snd (machine_effect c e w) v w' -> 0 <= c' -> c' <> c -> e <> lock -> own_page c' w p ->
    w_ram w' p i = w_ram w p i.
  Proof.
    intros P [Kh Ko] Km S Hc E Z0 N Nl O.
    assert (Loc : forall x, mine c a x -> p <> x).
    { intros x M ->. apply (own_page_here B c' w x S Z0 O). apply (mine_elsewhere B c c' w x S Hc N).
      apply (agree_mine c a w Ko), M. }
    assert (Held : forall x, w_held a = true -> ~ in_use a x -> p <> x).
    { intros x Hd U ->. apply U, (plain_in_use w a (plainly_sym a w (Kh Hd))), (own_page_in_use c' w x Z0 O). }
    destruct e as [l|l x|f args].
    - cbn in E. destruct E as [_ ->]. reflexivity.
    - cbn in E. subst w'. unfold write_cell. destruct (steers_walks (fst l)); reflexivity.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->).
        destruct (set_regs_pages c (writes d) w) as [_ Er]. rewrite Er. reflexivity. }
      assert (F : local (ECall f args) a = true /\ fst (local_effect B c (ECall f args) a) \/
        forall a0, before c (ECall f args) a a0 -> fst (effect B c (mem_inv B) (ECall f args) a0)).
      { destruct (local (ECall f args) a) eqn:Lc; [left; split; [reflexivity|exact (local_page _ c a Lc P)]|right].
        intros a0 Bf. exact (proj1 (pre_effect B c (ECall f args) a Lc P a0 Bf)). }
      clear P. cbn [effect] in E, F. rewrite Cp in E, F.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in E; contradiction); cbn in E.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { exfalso. destruct F as [[F _]|F]; [discriminate F|]. destruct (F a eq_refl) as [_ ->]. apply Nl. reflexivity. }
        destruct (String.eqb_spec f "spin_unlock") as [->|]; [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb_spec f "meta_get") as [->|]; [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb_spec f "page_zero") as [->|].
        { cbn [snd] in E. subst w'. assert (Np : p <> x).
          { destruct F as [[_ F]|F]; [apply Loc; left; exact F|]. destruct (F a eq_refl) as (Hd & _ & _ & U). exact (Held x Hd U). }
          cbn. unfold store_page. rewrite (proj2 (Z.eqb_neq p x) Np). reflexivity. }
        destruct (String.eqb_spec f "page_sync") as [->|]; [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb_spec f "fp_load") as [->|]; [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb_spec f "fp_save") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. destruct E as (r & Sv & ->). cbn. apply Sv. left.
        destruct F as [[_ F]|F]; [apply Loc; left; exact F|destruct (F a eq_refl)].
      + destruct (String.eqb_spec f "meta_set") as [->|]; [cbn [snd] in E; subst w'; reflexivity|].
        destruct (String.eqb_spec f "pg_get") as [->|]; [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb_spec f "pte_get") as [->|]; [cbn [snd] in E; destruct E as [_ ->]; reflexivity|].
        destruct (String.eqb_spec f "page_copy") as [->|].
        { cbn [snd] in E. subst w'. assert (Np : p <> x).
          { destruct F as [[F _]|F]; [discriminate F|].
            destruct (F (set_ram (w_ram a) a)) as (Hd & _ & _ & _ & _ & U & _); [exists (w_ram a); auto|]. exact (Held x Hd U). }
          cbn. unfold store_page. rewrite (proj2 (Z.eqb_neq p x) Np). reflexivity. }
        destruct (String.eqb_spec f "tlb_inval_vm") as [->|]; [cbn [snd] in E; subst w'; reflexivity|cbn in E; contradiction].
      + assert (Wr : p <> x -> w_ram (write_word B x y z w) p i = w_ram w p i).
        { intros Np. cbn. unfold store_word. rewrite (proj2 (Z.eqb_neq p x) Np). reflexivity. }
        destruct (String.eqb_spec f "pg_set") as [->|].
        { cbn [snd] in E. subst w'. apply Wr. destruct F as [[_ F]|F]; [apply Loc, F|].
          destruct (F a eq_refl) as (Hd & _ & _ & _ & U). exact (Held x Hd U). }
        destruct (String.eqb_spec f "pte_set") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. subst w'. apply Wr. destruct F as [[F _]|F]; [discriminate F|].
        destruct (F a eq_refl) as (Hd & Ou & _). destruct Ou as [Rx [[_ U]|K]]; [exact (Held x Hd U)|].
        (* a table of a VM *)
        intros ->. destruct (own_page_kind B c' w x S Z0 O) as [_ K'].
        unfold state in K, K'. rewrite (Km Hd) in K. pg; lia.
      + destruct (String.eqb f _); [cbn [snd] in E; subst w'|cbn in E; contradiction].
        exact (f_equal (fun g => g p i) (proj2 (set_regs_pages c (context_regs _ _ _ _ _ _) w))).
      + destruct (String.eqb_spec f "ctx_switch") as [->|]; [|cbn in E; contradiction].
        cbn [snd] in E. destruct E as (r & (_ & _ & Sv) & ->).
        transitivity (w_ram (settle B (set_ram r w)) p i).
        { exact (f_equal (fun g => g p i) (proj2 (set_regs_pages c (context_regs _ _ _ _ _ _) (settle B (set_ram r w))))). }
        cbn. apply Sv. left. destruct F as [[_ F]|F]; [apply Loc; left; apply F|destruct (F a eq_refl)].
  Qed.

  (** ** A CPU without the lock *)
  Lemma loose_own c l x a w : loose (fst l) -> away c a w -> away c (write_cell B l x a) (write_cell B l x w).
  Proof.
    intros L [Hd M P]. pose proof (loose_plainly B l x a L) as E.
    assert (Em : forall y, w_mem (write_cell B l x y) = upd (w_mem y) l x) by (intros y; apply percpu_mem).
    constructor; [rewrite loose_write by exact L; exact Hd| |].
    - intros l' O. rewrite !Em. unfold upd. destruct (loc_eqb l l'); [reflexivity|]. apply M.
      revert O. apply owns_same, plain_grows, plainly_sym, E.
    - intros p i O. rewrite !loose_write by exact L. cbn. apply P. exact (plain_own_page _ _ c p (plainly_sym _ _ E) O).
  Qed.

  Lemma loose_view c d l x y w : loose (fst l) -> d <> c ->
    (class_of (fst l) = Percpu -> of_cpu c l) -> (class_of (fst l) = Loader -> has_vcpu c w (snd l)) ->
    0 <= c -> view d y w -> view d y (write_cell B l x w).
  Proof.
    intros L N Op Ol Hc V. rewrite loose_write by exact L. constructor; try apply V. intros l' Vi. cbn.
    rewrite upd_other; [apply (v_mem d y w V), Vi|]. intros ->. unfold visible in Vi.
    destruct L as [L|[L|L]]; rewrite L in Vi; [|clear Op|exact Vi].
    - specialize (Op L). unfold of_cpu in Op, Vi. rewrite Op in Vi. injection Vi. congruence.
    - specialize (Ol L). unfold has_vcpu, loadable in *. destruct (snd l') as [|h [|i [|]]]; try exact Vi.
      rewrite (plain_token y w (view_plain d y w V)) in Vi. lia.
  Qed.

  Lemma regs_away c x a w : away c a w -> away c (set_regs c x a) (set_regs c x w).
  Proof. apply (set_regs_both B c (away c)). intros l v a1 b1 Pc _. apply loose_own. left; exact Pc. Qed.
  Lemma regs_rest c x w w1 : 0 <= c -> secure B w1 /\ (mem_inv B w -> mem_inv B w1) /\
      (forall d y, d <> c -> view d y w -> view d y w1) ->
    secure B (set_regs c x w1) /\ (mem_inv B w -> mem_inv B (set_regs c x w1)) /\
      (forall d y, d <> c -> view d y w -> view d y (set_regs c x w1)).
  Proof.
    intros Hc H. apply (set_regs_keep B c (fun u => secure B u /\ (mem_inv B w -> mem_inv B u) /\
      (forall d y, d <> c -> view d y w -> view d y u))); [|exact H].
    intros l v u Pc Oc (S & I & V). assert (L : loose (fst l)) by (left; exact Pc).
    split; [apply loose_secure; assumption|]. split; [intros X; apply loose_mem_inv; auto|].
    intros d y N X. apply (loose_view c); auto. congruence.
  Qed.

  Lemma own_store c a w x ra rw : away c a w -> secure B w -> settled B w -> 0 <= c -> mine c a x ->
    (forall p i, p <> x -> rw p i = w_ram w p i) -> (forall p i, p <> x -> ra p i = w_ram a p i) ->
    (own_page c a x -> forall i, ra x i = rw x i) ->
    away c (set_ram ra a) (settle B (set_ram rw w)) /\ secure B (settle B (set_ram rw w)) /\
    (mem_inv B w -> mem_inv B (settle B (set_ram rw w))) /\
    (forall d y, d <> c -> view d y w -> view d y (settle B (set_ram rw w))).
  Proof.
    intros [Hd M P] S St Hc Mx Ew Ea Eo. pose proof (agree_mine c a w M x Mx) as Mw. split; [|split; [|split]].
    - constructor; [exact Hd|exact M|]. intros p i O. cbn. destruct (Z.eq_dec p x) as [->|N]; [apply Eo, O|].
      rewrite Ea, Ew by exact N. apply P, O.
    - apply (mine_secure B c w x); assumption.
    - apply (mine_mem_inv B c w x); assumption.
    - intros d y N. apply (mine_view B c d y w x); assumption.
  Qed.

  Lemma own_word c a w x i : away c a w -> own_page c a x -> word a x i = word w x i.
  Proof. intros [_ _ P] O. unfold word. rewrite P by exact O. reflexivity. Qed.
  Lemma own_reg c a w r ix : away c a w -> reg_of a c r ix = reg_of w c r ix.
  Proof. intros [_ M _]. unfold reg_of. rewrite M; [reflexivity|]. unfold owns. rewrite reg_class. apply reg_own. Qed.

  (** The page of the proof's world, with the words that the real one has got. *)
  Definition patch (x lo hi : Z) (r f : Z -> Z -> Z) (p i : Z) : Z := if (p =? x) && (lo <=? i) && (i <? hi) then r p i else f p i.
  Lemma patch_in x lo hi r f i : lo <= i < hi -> patch x lo hi r f x i = r x i.
  Proof. intros H. unfold patch. rewrite Z.eqb_refl, (proj2 (Z.leb_le lo i)), (proj2 (Z.ltb_lt i hi)) by lia. reflexivity. Qed.
  Lemma patch_out x lo hi r f p i : p <> x \/ ~ lo <= i < hi -> patch x lo hi r f p i = f p i.
  Proof.
    intros H. unfold patch. destruct (Z.eqb_spec p x), (Z.leb_spec lo i), (Z.ltb_spec i hi); cbn; try reflexivity. lia.
  Qed.

  Lemma local_step c e a w v w' : 0 <= c -> away c a w -> local e a = true -> fst (local_effect B c e a) ->
    secure B w -> settled B w -> snd (machine_effect c e w) v w' ->
    (exists a', snd (local_effect B c e a) v a' /\ away c a' w') /\ secure B w' /\ (mem_inv B w -> mem_inv B w') /\
    (forall d x, d <> c -> view d x w -> view d x w').
  Proof.
    intros Hc Aw Lc F S St E. destruct e as [l|l x|f args]; try discriminate Lc.
    assert (Cp : cpu_primitive f = false).
    { unfold local in Lc. apply andb_true_iff in Lc as [Pg _]. unfold paging in Pg. apply existsb_exists in Pg as (g & Ig & Eg).
      apply String.eqb_eq in Eg. subst g. repeat (destruct Ig as [<-|Ig]; [reflexivity|]). destruct Ig. }
    clear Lc. cbn [effect] in E. rewrite Cp in E. clear Cp.
    destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (cbn in E; contradiction); cbn in E, F |- *.
    - destruct (String.eqb_spec f "page_zero") as [->|].
      { cbn in E, F |- *. subst w'.
        destruct (own_store c a w x (store_page x (fun _ => 0) (w_ram a)) (store_page x (fun _ => 0) (w_ram w)) Aw S St Hc (or_introl F))
          as (A1 & A2 & A3 & A4).
        - intros p i N. unfold store_page. rewrite (proj2 (Z.eqb_neq p x) N). reflexivity.
        - intros p i N. unfold store_page. rewrite (proj2 (Z.eqb_neq p x) N). reflexivity.
        - intros _ i. unfold store_page. rewrite Z.eqb_refl. reflexivity.
        - split; [eexists; split; [reflexivity|exact A1]|auto]. }
      destruct (String.eqb_spec f "fp_load") as [->|].
      { cbn in E, F |- *. subst w'. split; [exists a; auto|]. auto. }
      destruct (String.eqb_spec f "fp_save") as [->|]; [|destruct F]. cbn in E, F |- *. destruct E as (r & Sv & ->).
      destruct (own_store c a w x (patch x 60 128 r (w_ram a)) r Aw S St Hc (or_introl F)) as (A1 & A2 & A3 & A4).
      + intros p i N. apply Sv. auto.
      + intros p i N. apply patch_out. auto.
      + intros O i. destruct (Z_le_dec 60 i), (Z_lt_dec i 128).
        1: apply patch_in; lia.
        all: rewrite patch_out by lia; rewrite Sv by lia; apply (aw_page c a w Aw), O.
      + split; [|auto]. eexists. split; [|exact A1]. exists (patch x 60 128 r (w_ram a)). split; [|reflexivity].
        intros p i N. apply patch_out, N.
    - destruct (String.eqb_spec f "pg_get") as [->|]; [|destruct F]. cbn in E, F |- *. destruct E as [-> ->].
      split; [|auto]. exists a. split; [split; [|reflexivity]|exact Aw]. intros O. symmetry. apply (own_word c); assumption.
    - destruct (String.eqb_spec f "pg_set") as [->|]; [|destruct F]. cbn in E, F |- *. subst w'.
      destruct (own_store c a w x (store_word x y z (w_ram a)) (store_word x y z (w_ram w)) Aw S St Hc (proj1 F)) as (A1 & A2 & A3 & A4).
      + intros p i N. unfold store_word. rewrite (proj2 (Z.eqb_neq p x) N). reflexivity.
      + intros p i N. unfold store_word. rewrite (proj2 (Z.eqb_neq p x) N). reflexivity.
      + intros O i. unfold store_word. destruct (_ && _); [reflexivity|]. apply (aw_page c a w Aw), O.
      + split; [eexists; split; [reflexivity|exact A1]|auto].
    - destruct (String.eqb_spec f "ctx_start") as [->|]; [|destruct F]. cbn [fst snd] in E, F |- *. subst w'. split.
      + exists (set_regs c (context_regs (word w x 48) (word w x 37) x y z u) a). split; [|apply (regs_away c (context_regs _ _ _ _ _ _)),
          Aw].
        exists (word w x 48), (word w x 37). split; [|reflexivity].
        intros O. split; symmetry; apply (own_word c); assumption.
      + apply (regs_rest c (context_regs _ _ _ _ _ _) w w Hc). auto.
    - destruct (String.eqb_spec f "ctx_switch") as [->|]; [|destruct F]. cbn [fst snd] in E, F |- *. destruct E as (r & Sv & ->).
      destruct F as [F _]. pose proof Sv as (Sv1 & Sv2 & Sv3).
      destruct (own_store c a w x (patch x 33 60 r (w_ram a)) r Aw S St Hc (or_introl F)) as (A1 & A2 & A3 & A4).
      + intros p i N. apply Sv3. auto.
      + intros p i N. apply patch_out. auto.
      + intros O i. destruct (Z_le_dec 33 i), (Z_lt_dec i 60).
        1: apply patch_in; lia.
        all: rewrite patch_out by lia; rewrite Sv3 by lia; apply (aw_page c a w Aw), O.
      + split; [|apply (regs_rest c (context_regs _ _ _ _ _ _) w _ Hc); auto].
        exists (set_regs c (context_regs (word w y 48) (word w y 37) y z u t) (set_ram (patch x 33 60 r (w_ram a)) a)).
        split; [|apply (regs_away c (context_regs _ _ _ _ _ _)), A1].
        exists (word w y 48), (word w y 37), (patch x 33 60 r (w_ram a)). split; [|split; [|reflexivity]].
        * intros O. split; symmetry; apply (own_word c); assumption.
        * split; [rewrite patch_in by lia; rewrite Sv1; symmetry; apply own_reg, Aw|].
          split; [rewrite patch_in by lia; rewrite Sv2; symmetry; apply own_reg, Aw|]. intros p i N. apply patch_out, N.
  Qed.

  (** An event of a CPU without the lock, in the real world. *)
  Lemma unlocked_step c e a w v w' : 0 <= c -> away c a w -> e <> lock -> pre (K c) e a -> secure B w -> settled B w ->
    snd (machine_effect c e w) v w' ->
    (exists a', act (K c) e a v a' /\ away c a' w') /\ secure B w' /\ (mem_inv B w -> mem_inv B w') /\
    (forall d x, d <> c -> view d x w -> view d x w').
  Proof.
    intros Hc Aw Nl P0 S St E. destruct (local e a) eqn:Lc.
    { destruct (local_step c e a w v w' Hc Aw Lc (local_page e c a Lc P0) S St E) as ((a' & Ea & Aa) & R).
      split; [|exact R]. exists a'. split; [|exact Aa]. cbn [act contract_of]. rewrite Lc. exact Ea. }
    pose proof Aw as [H M Pg]. pose proof (pre_effect B c e a Lc P0) as P. clear P0.
    pose proof (fun a0 v a' => act_effect (m := m) B c e a a0 v a' Lc) as Act.
    destruct e as [l|l x|f args].
    - cbn in E. destruct E as [-> ->]. split; [|auto]. destruct (class_of (fst l)) eqn:Cl.
      4: { set (a0 := set_mem (upd (w_mem a) l (w_mem w l)) a).
        assert (Bf : before c (ERead l) a a0) by (cbn; rewrite Cl; exists (w_mem w l); reflexivity).
        exists a0. split; [apply (Act a0); [exact Bf|]; cbn; unfold a0; cbn; rewrite upd_same; auto|].
        assert (L : loose (fst l)) by (right; right; exact Cl). pose proof (loose_plainly B l (w_mem w l) a L) as Pl.
        rewrite loose_write in Pl by exact L. change (plainly a a0) in Pl.
        constructor; [exact H| |].
        - intros l' O. unfold a0. cbn. rewrite upd_other.
          + apply M. revert O. apply owns_same, plain_grows, plainly_sym, Pl.
          + intros <-. unfold owns in O. rewrite Cl in O. exact O.
        - intros p i O. cbn. apply Pg. exact (plain_own_page _ _ c p (plainly_sym _ _ Pl) O). }
      all: assert (Bf : before c (ERead l) a a) by (cbn; rewrite Cl; reflexivity); destruct (P a Bf) as [[F|F] _]; [|congruence];
        exists a; (split; [|exact Aw]); apply (Act a); [exact Bf|]; cbn; (split; [|reflexivity]); symmetry; apply M;
        unfold may_read in F; unfold owns; rewrite Cl in F |- *; try exact I; try exact F.
      + destruct F as [F|[F _]]; [exact F|congruence].
      + destruct F as [F|F]; [congruence|]. unfold owns in F. rewrite Cl in F. exact F.
    - cbn in E. subst w'. destruct (P a eq_refl) as [F _]. cbn in F. destruct F as [_ F].
      assert (X : loose (fst l) /\ (class_of (fst l) = Percpu -> of_cpu c l) /\ (class_of (fst l) = Loader -> has_vcpu c w (snd l))).
      { unfold loose. destruct (class_of (fst l)) eqn:Cl; [destruct F| | | |destruct F as [F _]; congruence].
        - split; [auto|]. split; [auto|discriminate].
        - split; [auto|]. split; [discriminate|]. intros _. destruct F as [F|[F _]]; [|congruence]. unfold has_vcpu in *.
          destruct (snd l) as [|h [|i [|]]]; try exact F. apply (agree_token c a w M), F.
        - split; [auto|]. split; discriminate. }
      destruct X as (L & Op & Ol). split; [|split; [|split]].
      + exists (write_cell B l x a). split; [apply (Act a); reflexivity|apply loose_own; assumption].
      + apply loose_secure; assumption.
      + apply loose_mem_inv, L.
      + intros d y N V. apply (loose_view c); assumption.
    - destruct (cpu_primitive f) eqn:Cp.
      { rewrite cpu_effect_call in E by exact Cp. destruct (cpu_effect_does _ _ _ _ _ _ _ E) as (d & D & R & ->). split.
        - exists (set_regs c (writes d) a). split; [|apply regs_away, Aw].
          apply (Act a); [unfold before; rewrite cpu_unobserved by exact Cp; reflexivity|].
          rewrite cpu_effect_call by exact Cp. unfold cpu_effect. rewrite D. split; [|reflexivity].
          destruct (answer d) as [|r ix|]; [exact I| |exact R]. cbn in *. rewrite R. symmetry. apply M.
          unfold owns. rewrite reg_class. apply reg_own.
        - apply (regs_rest c (writes d) w w Hc). auto. }
      exfalso. assert (X : exists a0, before c (ECall f args) a a0 /\ w_held a0 = false).
      { unfold before. destruct (observes (ECall f args)); [|exists a; auto]. exists (set_ram (w_ram a) a).
        split; [exists (w_ram a); auto|exact H]. }
      destruct X as (a0 & Bf & H0). destruct (P a0 Bf) as [F _]. clear P Act Bf E. cbn [effect] in F. rewrite Cp in F.
      destruct args as [|x [|y [|z [|u [|t [|]]]]]]; cbn in F; try contradiction.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { destruct F as [_ ->]. destruct Nl. reflexivity. }
        repeat (destruct (String.eqb f _); [cbn [fst] in F; first [destruct F; fail|destruct F as [F _]; congruence|exact F]|]). cbn in F;
          contradiction.
      + repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [fst] in F; destruct F as [F _]; congruence|]). cbn in F; contradiction.
      + destruct (String.eqb f _); exact F.
      + destruct (String.eqb f _); exact F.
  Qed.
End Events.
