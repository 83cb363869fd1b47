(** * The system with traps comes to no dead end

    A CPU in KCore that can make no step waits for LOCK_MEM, which another CPU has, or has come to [cpu_halt].  (Whether an
    event is [public] or [given] is a matter of logic, not of computation: so the theorem says that there cannot be none.) *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Structure Vm_Spec Cpu_Facts Interleave Interleave_Events Machine_Proof Alike Total
  Traps_System Traps_Alike Traps_Public Traps_Good Traps_Related Traps_Given.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma lock_dec e : {e = lock} + {e <> lock}.
Proof.
  destruct e as [l|l x|f args]; [right; discriminate..|]. destruct (String.eqb_spec f "spin_lock") as [->|N]; [|right; intros [= ?]; auto].
  destruct args as [|a [|]]; [right; discriminate| |right; discriminate]. destruct (Z.eq_dec a 0) as [->|N]; [left;
    reflexivity|right; intros [= X]; auto].
Qed.
Lemma unlock_dec e : {e = unlock} + {e <> unlock}.
Proof.
  destruct e as [l|l x|f args]; [right; discriminate..|]. destruct (String.eqb_spec f "spin_unlock") as [->|N]; [|right;
    intros [= ?]; auto].
  destruct args as [|a [|]]; [right; discriminate| |right; discriminate]. destruct (Z.eq_dec a 0) as [->|N]; [left;
    reflexivity|right; intros [= X]; auto].
Qed.

Section Total.
  Variable B : board.

  (** What KCore may do has an outcome, in any world. *)
  Ltac some := first [exists 0; eexists; reflexivity|do 2 eexists; split; reflexivity|exfalso; cbn in *; tauto].
  Lemma event_some c LI e a w : fst (effect B c LI e a) \/ fst (local_effect B c e a) -> ~ halts e -> e <> lock -> e <> unlock ->
    exists v w', snd (effect B c (fun _ => True) e w) v w'.
  Proof.
    intros H Nh N1 N2. destruct e as [l|l x|f args]; [do 2 eexists; split; reflexivity|exists 0; eexists; reflexivity|].
    destruct (cpu_primitive f) eqn:Cp.
    { assert (Nl : ~ fst (local_effect B c (ECall f args) a)).
      { intros X. cbn [local_effect] in X. destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try exact X;
          repeat match type of X with context [String.eqb f ?s] => destruct (String.eqb_spec f s) as [->|]; [discriminate Cp|] end;
            exact X. }
      destruct H as [H|H]; [|contradiction]. rewrite cpu_effect_call in H |- * by exact Cp. revert H. unfold cpu_effect.
      destruct (doing_of B c f args) as [d|] eqn:D; [|intros []]. intros _. cbn [snd].
      assert (R : exists v, replies c (answer d) w v).
      { destruct (answer d) as [|r ix|] eqn:Ad; [exists 0; exact I|eexists; reflexivity|].
        destruct Nh. exists args. rewrite (doing_returns B c f args d D Ad). reflexivity. }
      destruct R as (v & R). exists v. eexists. split; [exact R|reflexivity]. }
    revert H. cbn [effect local_effect]. rewrite Cp. destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (intros [[]|[]]; fail).
    - destruct (String.eqb_spec f "spin_lock") as [->|].
      { intros [[_ ->]|X]; [destruct N1; reflexivity|]. exfalso. cbn in X. tauto. }
      destruct (String.eqb_spec f "spin_unlock") as [->|]; [intros _; exists 0; eexists; reflexivity|].
      destruct (String.eqb_spec f "fp_save") as [->|].
      { intros _. exists 0. eexists. cbn. exists (w_ram w). split; [intros p i _; reflexivity|reflexivity]. }
      repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s) as [->|] end; intros H; some.
    - repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s) as [->|] end; intros H; some.
    - repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s) as [->|] end; intros H; some.
    - repeat match goal with |- context [String.eqb f ?s] => destruct (String.eqb_spec f s) as [->|] end; intros H; some.
    - destruct (String.eqb_spec f "ctx_switch") as [->|]; [|intros H; some]. intros _. exists 0. eexists. cbn.
      exists (fun p i => if (p =? x) && (i =? 48) then reg_of w c "vbar" [] else if (p =? x) && (i =? 37) then reg_of w c "sctlr"
        [] else w_ram w p i).
      split; [|reflexivity]. unfold saves. rewrite Z.eqb_refl. cbn [andb Z.eqb Pos.eqb]. split; [reflexivity|]. split; [reflexivity|].
      intros p i D. destruct (Z.eqb_spec p x) as [->|]; [|reflexivity]. cbn [andb]. destruct D as [D|D]; [contradiction|].
      destruct (Z.eqb_spec i 48); [lia|]. destruct (Z.eqb_spec i 37); [lia|]. reflexivity.
  Qed.

  Variable Q : Z -> bool.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Variable J : Z -> world -> Prop.
  Notation step := (step B Q R software entry boot).
  Notation sgood := (sgood B Q R J).

  Lemma content_some w w' o : ~ (forall l, ~ content B Q w w' o l).
  Proof.
    intros N. destruct o as [p|]; [|apply (N []); constructor].
    assert (X : ~ secret B Q w p) by (intros X; apply (N []), secret_page, X). apply (N (words w' p)), open_words, X.
  Qed.

  Theorem goes_on s c p : sgood s -> s_cpu R s c = Serving p ->
    (forall l s' x, step s l s' -> l = Darkens c \/ s_cpu R s' = set_cpu (s_cpu R s) c x -> False) ->
    (exists k d, p = Ev lock k /\ s_lock R s = Some d /\ d <> c) \/ exists e k, p = Ev e k /\ halts e.
  Proof.
    intros G E No. destruct s as [w o C P D T]. cbn [s_cpu s_lock] in *. destruct p as [r|e k|why].
    - exfalso. destruct (friend Q (on_cpu w c)) eqn:Fr; [|destruct (D c) eqn:Dc].
      + eapply No; [eapply step_leaves; [exact E|reflexivity|exact Fr]|right; reflexivity].
      + eapply No; [eapply step_goes_on; [exact E|reflexivity|exact Fr|exact Dc]|right; reflexivity].
      + eapply No; [eapply step_enters; [exact E|reflexivity|exact Fr|exact Dc]|right; reflexivity].
    - destruct (lock_dec e) as [->|N1].
      { destruct o as [d|]; [|exfalso; eapply No; [apply (step_lock B Q R software entry boot w C P D T c k 0 E)|right; reflexivity]].
        destruct (PeanoNat.Nat.eq_dec d c) as [->|Nd]; [|left; eauto]. exfalso.
        destruct (g_holder _ _ (sg_good _ _ _ _ _ G) c eq_refl) as (a & _ & Hd & W). cbn in W. rewrite E in W.
        destruct W as [[_ W] _]. cbn in W. destruct (W a eq_refl) as [[X _] _]. cbn in X. congruence. }
      destruct (unlock_dec e) as [->|N2].
      { exfalso. eapply No; [apply (step_unlock B Q R software entry boot w o C P D T c k 0 E)|right; reflexivity]. }
      destruct (halts_dec e) as [Hh|Hh]; [right; eauto|]. exfalso.
      assert (X : exists v w', snd (effect B (Z.of_nat c) (fun _ => True) e w) v w').
      { destruct (code_pre B Q R J _ c e k G E) as (a & [_ Pr] & _). destruct (local e a) eqn:Lc.
        - eapply (event_some _ (mem_inv B)); [right; exact Pr|exact Hh|exact N1|exact N2].
        - assert (Y : exists a0, before (Z.of_nat c) e a a0).
          { destruct e as [l|l x|f args]; [|exists a; reflexivity|exists a; apply calls_before].
            cbn. destruct (class_of (fst l)); try (exists a; reflexivity). exists (set_mem (upd (w_mem a) l 0) a). eauto. }
          destruct Y as (a0 & Y). eapply event_some; [left; exact (proj1 (Pr a0 Y))|exact Hh|exact N1|exact N2]. }
      destruct X as (v & w' & Ef). destruct (D c) eqn:Dc.
      + assert (Ng : ~ given B Q T w e).
        { intros Gi. apply (content_some w w' (page_of e)). intros l Co.
          eapply No; [exact (step_gives B Q R software entry boot w o C P D T c e k v w' l E N1 N2 Ef Dc Gi Co)|right; reflexivity]. }
        eapply No; [exact (step_silent B Q R software entry boot w o C P D T c e k v w' E N1 N2 Ef Dc Ng)|right; reflexivity].
      + assert (Np : ~ public B Q T c e w).
        { intros Pu. apply (content_some w w' (open_page e)). intros l Co.
          eapply No; [exact (step_does B Q R software entry boot w o C P D T c e k v w' l E N1 N2 Ef Dc Pu Co)|right; reflexivity]. }
        eapply (No _ _ Off); [exact (step_darkens B Q R software entry boot w o C P D T c e k E Dc Np)|left; reflexivity].
    - exfalso. apply (good_not_stuck B _ c why (sg_good _ _ _ _ _ G)). cbn. rewrite E. reflexivity.
  Qed.
End Total.
