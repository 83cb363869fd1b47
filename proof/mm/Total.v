(** * The contract is total

    Every event that KCore may do has an outcome, but for the one that stops a CPU for ever: no specification
    holds only because the world could not go on.  [reaches]: every verified function really reaches its
    postcondition, or stops the CPU.

    A CPU that takes the lock finds a world that keeps the invariant and in which what it owns is as it
    knows it.  There is one, at every moment ([sane]): where the CPU gave the lock back last, the invariant
    held, and what it has written since does not matter to it. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Invariant Steps Prims Interleave Interleave_Events Structure Structure_Facts Structure_Steps Cpu_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Total.
  Variables (B : board) (cpu : Z).
  Notation K := (kcore B cpu (mem_inv B)).

  Definition sane (w : world) : Prop :=
    w_held w = false -> exists w1, mem_inv B w1 /\ (forall l, owns cpu w l -> w_mem w1 l = w_mem w l) /\
      forall p i, own_page cpu w p -> w_ram w1 p i = w_ram w p i.

  Lemma sane_write w l x : loose (fst l) -> sane w -> sane (write_cell B l x w).
  Proof.
    intros Lo S Hd. rewrite loose_write in Hd |- * by exact Lo. destruct (S Hd) as (w1 & I & M & Pg).
    pose proof (loose_plainly B l x w Lo) as Pl. rewrite loose_write in Pl by exact Lo.
    exists (write_cell B l x w1). split; [apply loose_mem_inv; assumption|]. rewrite loose_write by exact Lo. split.
    - intros l' O. cbn. unfold upd at 1 2. destruct (loc_eqb l l'); [reflexivity|]. apply M.
      revert O. apply owns_same, plain_grows, plainly_sym, Pl.
    - intros p i O. apply Pg. exact (plain_own_page _ _ cpu p (plainly_sym _ _ Pl) O).
  Qed.

  Lemma sane_regs c l w : c = cpu -> sane w -> sane (set_regs c l w).
  Proof. intros ->. apply (set_regs_keep B cpu sane). intros l' x w1 Pc _. apply sane_write. left. exact Pc. Qed.

  (** There is a world just before the event. *)
  Lemma before_some e w : sane w -> exists w0, before cpu e w w0 /\ sane w0.
  Proof.
    intros S. unfold before. destruct (observes e); [exists (set_ram (w_ram w) w); split; [exists (w_ram w); auto|exact S]|].
    destruct e as [l| |]; [|exists w; auto|exists w; auto]. destruct (class_of (fst l)) eqn:Cl; try (exists w; auto; fail).
    exists (set_mem (upd (w_mem w) l (w_mem w l)) w). split; [eauto|].
    assert (Lo : loose (fst l)) by (right; right; exact Cl).
    rewrite <- (loose_write B l (w_mem w l) w Lo). apply sane_write; assumption.
  Qed.

  Ltac outcome := match goal with
    | |- context [String.eqb ?f ?s] => destruct (String.eqb f s);
        [cbv beta iota delta [fst snd]; intros F;
         first [destruct F; fail|exists 0; eexists; split; [reflexivity|]|do 2 eexists; split; [split; reflexivity|]];
         intros X; exfalso; destruct F as [F _]; cbn in X; congruence|]
    end.

  Definition halts (e : event) : Prop := exists args, e = ECall "cpu_halt" args.

  Lemma halts_dec e : halts e \/ ~ halts e.
  Proof.
    destruct e as [l|l x|f args]; try (right; intros [? X]; discriminate X).
    destruct (String.eqb_spec f "cpu_halt") as [->|N]; [left; exists args; reflexivity|right; intros [? X]; injection X; auto].
  Qed.

  Lemma doing_returns f args d : doing_of B cpu f args = Some d -> answer d = Never -> f = "cpu_halt".
  Proof.
    intros D N. unfold doing_of in D. destruct args as [|a1 [|a2 [|a3 [|a4 [|]]]]]; try discriminate D;
      repeat lazymatch type of D with
      | (if String.eqb f ?s then _ else _) = _ =>
          destruct (String.eqb_spec f s); [try (injection D as <-; discriminate N); assumption|]
      end; discriminate D.
  Qed.

  Theorem contract_total e w : sane w -> pre K e w -> ~ halts e -> exists v w', act K e w v w' /\ sane w'.
  Proof.
    intros S Pr Nh. assert (Lc : local e w = false) by (apply Pr; reflexivity).
    assert (Cm : forall l x, e = EWrite l x -> w_held w = false -> loose (fst l)).
    { intros l x -> Hd. destruct (pre_effect B cpu _ w Lc Pr w eq_refl) as [[_ F] _]. unfold loose.
      destruct (class_of (fst l)); auto; [destruct F|destruct F as [F _]; congruence]. }
    destruct (before_some e w S) as (w0 & Bf & S0). destruct (pre_effect B cpu e w Lc Pr w0 Bf) as [F _].
    assert (X : exists v w', snd (effect B cpu (mem_inv B) e w0) v w' /\ sane w').
    { destruct e as [l|l x|f args].
      - exists (w_mem w0 l), w0. split; [split; reflexivity|exact S0].
      - cbn in Bf. subst w0. exists 0, (write_cell B l x w). split; [reflexivity|].
        destruct (w_held w) eqn:Hd; [|apply sane_write; [exact (Cm l x eq_refl eq_refl)|exact S]].
        intros Hd'. exfalso. unfold write_cell in Hd'. destruct (steers_walks (fst l)); cbn in Hd'; congruence.
      - clear Pr Cm. destruct (cpu_primitive f) eqn:Cp.
        { rewrite cpu_effect_call in F |- * by exact Cp. revert F. unfold cpu_effect. destruct (doing_of B cpu f args) as [d|] eqn:D;
            [|intros []].
          intros _. cbn [snd].
          assert (R : exists v, replies cpu (answer d) w0 v).
          { destruct (answer d) as [|r ix|] eqn:Ad; [exists 0; exact I|eexists; reflexivity|].
            destruct Nh. exists args. rewrite (doing_returns f args d D Ad). reflexivity. }
          destruct R as (v & R). exists v, (set_regs cpu (writes d) w0). split; [auto|].
          apply sane_regs; [reflexivity|exact S0]. }
        revert F. cbn [effect]. rewrite Cp. clear Nh Bf Lc S.
        destruct args as [|x [|y [|z [|u [|t [|]]]]]]; try (intros []).
        + destruct (String.eqb f "spin_lock").
          { cbn [fst snd]. intros [Hd _]. destruct (S0 Hd) as (w1 & I & M).
            exists 0, (set_held true w1). split; [exists w1; auto|discriminate]. }
          destruct (String.eqb f "spin_unlock").
          { cbn [fst snd]. intros (_ & _ & I). exists 0, (set_held false w0). split; [reflexivity|].
            intros _. exists w0. split; [exact I|]. split; intros; reflexivity. }
          repeat outcome. intros F; destruct F.
        + repeat outcome. intros F; destruct F.
        + repeat outcome. intros F; destruct F.
        + destruct (String.eqb f "ctx_start"); intros F; destruct F.
        + destruct (String.eqb f "ctx_switch"); intros F; destruct F. }
    destruct X as (v & w' & Ef & S'). exists v, w'. split; [|exact S']. exact (act_effect B cpu e w w0 v w' Lc Bf Ef).
  Qed.

  Theorem reaches {A} (p : prog A) Q w : sane w -> wp K p Q w -> exists p' w', runs K p w p' w' /\
    ((exists a, p' = Ret a /\ Q a w') \/ exists e k, p' = Ev e k /\ halts e).
  Proof.
    revert w. induction p as [a|e k IH|]; intros w S H; [exists (Ret a), w; split; [constructor|left; eauto]| |destruct H].
    destruct (halts_dec e) as [Hh|Hh]; [exists (Ev e k), w; split; [constructor|right; eauto]|].
    destruct H as [P H]. destruct (contract_total e w S P Hh) as (v & w1 & A1 & S1).
    destruct (IH v w1 S1 (H v w1 A1)) as (p' & w2 & R & HQ). exists p', w2. split; [|exact HQ].
    eapply runs_cons; [constructor; eassumption|exact R].
  Qed.
End Total.
