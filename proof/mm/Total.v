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
From Redoubt.mm Require Import Invariant Steps Interleave Structure Structure_Facts Structure_Steps Cpu_Facts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Total.
  Variables (B : board) (cpu : Z).
  Notation K := (kcore B cpu (mem_inv B)).

  Definition sane (w : world) : Prop :=
    w_held w = false -> exists w1, mem_inv B w1 /\ forall l, owns cpu w l -> w_mem w1 l = w_mem w l.

  Lemma before_some e w : before e w w \/ before e w (set_ram (w_ram w) w).
  Proof. unfold before. destruct (observes e); [right; exists (w_ram w); auto|left; reflexivity]. Qed.

  Lemma sane_write w l x : class_of (fst l) = Percpu -> sane w -> sane (write_cell B l x w).
  Proof.
    intros Pc S Hd. assert (E : forall y, w_mem (write_cell B l x y) = upd (w_mem y) l x).
    { intros y. unfold write_cell. destruct (steers_walks (fst l)); reflexivity. }
    destruct S as (w1 & I & M).
    { unfold write_cell in Hd. destruct (steers_walks (fst l)); exact Hd. }
    exists (write_cell B l x w1). split; [apply percpu_mem_inv; assumption|]. intros l' O. rewrite !E.
    unfold upd at 1 2. destruct (loc_eqb l l'); [reflexivity|]. apply M.
    destruct (own_object_same cpu (write_cell B l x w) w l') as [X|X]; [|right; exact O| |exact X].
    - intros ix. rewrite E, upd_other; [auto|]. intros ->. discriminate Pc.
    - unfold owns in O. rewrite X in O. destruct O.
  Qed.

  Ltac outcome := match goal with
    | |- context [String.eqb ?f ?s] => destruct (String.eqb f s);
        [cbv beta iota delta [fst snd]; intros F;
         first [exists 0; eexists; split; [reflexivity|]|do 2 eexists; split; [split; reflexivity|]];
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
    intros S P Nh.
    assert (X : forall w0, w0 = w \/ w0 = set_ram (w_ram w) w -> fst (effect B cpu (mem_inv B) e w0) ->
      exists v w', snd (effect B cpu (mem_inv B) e w0) v w' /\ sane w').
    { intros w0 E.
      assert (S0 : sane w0) by (destruct E as [->| ->]; exact S).
      clear E P S w. revert Nh. destruct e as [l|l x|f args].
      - intros _ _. exists (w_mem w0 l), w0. split; [split; reflexivity|exact S0].
      - intros _. cbn [effect fst snd]. intros F. exists 0, (write_cell B l x w0). split; [reflexivity|].
        destruct (class_of (fst l)) eqn:Cl; destruct F as [_ F]; rewrite Cl in F; [destruct F|apply sane_write; assumption|].
        intros Hd. exfalso. destruct F as [F _]. unfold write_cell in Hd. destruct (steers_walks (fst l)); cbn in Hd; congruence.
      - intros Nh. destruct (cpu_primitive f) eqn:Cp.
        { rewrite cpu_effect_call by exact Cp. unfold cpu_effect. destruct (doing_of B cpu f args) as [d|] eqn:D; [|intros []].
          intros _. cbn [snd].
          assert (R : exists v, replies cpu (answer d) w0 v).
          { destruct (answer d) as [|r ix|] eqn:Ad; [exists 0; exact I|eexists; reflexivity|].
            destruct Nh. exists args. rewrite (doing_returns f args d D Ad). reflexivity. }
          destruct R as (v & R). exists v, (set_regs cpu (writes d) w0). split; [auto|].
          apply (set_regs_keep B cpu sane); [|exact S0]. intros l x w1 Pc _. apply sane_write, Pc. }
        cbn [effect]. rewrite Cp. clear Nh.
        destruct args as [|x [|y [|z [|]]]]; try (intros []).
        + destruct (String.eqb f "spin_lock").
          { cbn [fst snd]. intros [Hd _]. destruct (S0 Hd) as (w1 & I & M).
            exists 0, (set_held true w1). split; [exists w1; auto|discriminate]. }
          destruct (String.eqb f "spin_unlock").
          { cbn [fst snd]. intros (_ & _ & I). exists 0, (set_held false w0). split; [reflexivity|].
            intros _. exists w0. split; [exact I|]. intros l O. reflexivity. }
          repeat outcome. intros F; destruct F.
        + repeat outcome. intros F; destruct F.
        + repeat outcome. intros F; destruct F. }
    assert (B0 : exists w0, (w0 = w \/ w0 = set_ram (w_ram w) w) /\ before e w w0).
    { destruct (before_some e w) as [Bf|Bf]; eexists; (split; [|exact Bf]); auto. }
    destruct B0 as (w0 & E & Bf). destruct (P w0 Bf) as [F _]. destruct (X w0 E F) as (v & w' & Ef & S').
    exists v, w'. split; [exists w0; split; assumption|exact S'].
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
