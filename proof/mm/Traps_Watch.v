(** * Whom KServ works with changes what is seen, not what happens

    [Q], darkness and the labels are a way to look at the machine.  [watched]: any step of the system for [Q] is one, or two,
    of the system for any other [Q'], between states that differ in darkness alone.  (It cannot be that there are none: whether
    an event is [public] or [given] is a matter of logic.)  So a theorem for every [Q] speaks of one machine. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory.
From Redoubt.machine Require Import State Cpu Events Machine.
From Redoubt.mm Require Import Alike Traps_System Traps_Total.
From Redoubt.machine Require System.
Import ListNotations.
Open Scope Z_scope.

Section Watch.
  Variable B : board.
  Variable R : Type.
  Variable software : who -> agent R.
  Variable entry : Z -> trap -> prog (option Z).
  Variable boot : Z -> prog (option Z).
  Notation step Q := (step B Q R software entry boot).
  Notation steps Q := (steps B Q R software entry boot).

  (** The same machine: who is dark, and what is stale, left out. *)
  Definition same_machine (s t : system R) : Prop := exists D T,
    t = Build_system R (s_world R s) (s_lock R s) (s_cpu R s) (s_prog R s) D T.

  Theorem watched Q Q' s l s' t : step Q s l s' -> same_machine s t ->
    ~ (forall ls t', ~ (steps Q' t ls t' /\ same_machine s' t')).
  Proof.
    intros St (D & T & ->) N'. assert (N : ~ exists ls t', steps Q' (Build_system R (s_world R s) (s_lock R s) (s_cpu R s) (s_prog R s) D T)
      ls t' /\ same_machine s' t') by (intros (ls & t' & X); exact (N' ls t' X)). clear N'.
    assert (Acc : forall w o C P c k a y x w', s' = Build_system R w' o C (set_prog R P k (next R (software k) (P k) (Got x))) (s_dark R s')
        (s_stale R s') -> s_world R s = w -> s_lock R s = o -> s_cpu R s = C -> s_prog R s = P ->
      C c = Runs k -> act R (software k) (P k) = Access a -> System.access B w (vmid k) a y x w' -> False).
    { intros w o C P c k a y x w' E <- <- <- <- Ec Ea Ac. destruct (friend Q' k) eqn:F.
      - apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_access B Q'); eassumption|apply steps_refl]|].
        exists D, T. rewrite E. reflexivity.
      - destruct (System.flow_of (s_world R s) a y) as [[[p i] z]|] eqn:Fl.
        + apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_flows B Q'); eassumption|apply steps_refl]|].
          exists D, T. rewrite E. reflexivity.
        + apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_alone B Q'); eassumption|apply steps_refl]|].
          exists D, T. rewrite E. reflexivity. }
    assert (Trp : forall c k tr irq, s_cpu R s c = Runs k -> trapping R software k (s_prog R s k) irq tr ->
      s' = Build_system R (s_world R s) (s_lock R s) (set_cpu (s_cpu R s) c (Serving (entry (Z.of_nat c) tr))) (s_prog R s) (s_dark R s')
        (s_stale R s') -> False).
    { intros c k tr irq Ec Tr E. destruct (friend Q' k) eqn:F; apply N; do 2 eexists; (split;
        [eapply steps_next; [|apply steps_refl]|]); [eapply (step_traps B Q'); eassumption| |eapply (step_trapped B Q'); eassumption|];
        exists D, T; rewrite E; reflexivity. }
    assert (Dark : forall w o C P D2 T2 c e k v w', D2 c = true -> C c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e w) v w' ->
      ~ forall l2, ~ step Q' (Build_system R w o C P D2 T2) l2 (Build_system R w' o (set_cpu C c (Serving (k v))) P D2 T2)).
    { intros w o C P D2 T2 c e k v w' Dc Ec N1 N2 Ef X. assert (Ng : ~ given B Q' T2 w e).
      { intros Gi. apply (content_some B Q' w w' (page_of e)). intros l2 Co.
        apply (X (Gives c e l2)). eapply step_gives; eassumption. }
      apply (X Silent). eapply step_silent; eassumption. }
    assert (Evt : forall c e k v w', s_cpu R s c = Serving (Ev e k) -> e <> lock -> e <> unlock ->
      snd (effect B (Z.of_nat c) (fun _ => True) e (s_world R s)) v w' ->
      s' = Build_system R w' (s_lock R s) (set_cpu (s_cpu R s) c (Serving (k v))) (s_prog R s) (s_dark R s') (s_stale R s') -> False).
    { intros c e k v w' Ec N1 N2 Ef E. destruct (D c) eqn:Dc.
      - eapply (Dark _ (s_lock R s) _ (s_prog R s) D T c e k v w' Dc Ec N1 N2 Ef). intros l2 L. apply N. do 2 eexists.
        split; [eapply steps_next; [exact L|apply steps_refl]|]. exists D, T. rewrite E. reflexivity.
      - assert (Np : ~ public B Q' T c e (s_world R s)).
        { intros Pu. apply (content_some B Q' (s_world R s) w' (open_page e)). intros l2 Co. apply N. do 2 eexists.
          split; [eapply steps_next; [eapply step_does; eassumption|apply steps_refl]|]. eexists D, _. rewrite E. reflexivity. }
        assert (Dt : set_cpu D c true c = true) by (unfold set_cpu; rewrite PeanoNat.Nat.eqb_refl; reflexivity).
        eapply (Dark _ (s_lock R s) _ (s_prog R s) (set_cpu D c true) (darken c T) c e k v w' Dt Ec N1 N2 Ef). intros l2 L. apply N.
        do 2 eexists. split; [eapply steps_next; [eapply step_darkens; eassumption|eapply steps_next; [exact L|apply steps_refl]]|].
        eexists _, _. rewrite E. reflexivity. }
    assert (Ret : forall c r k, s_cpu R s c = Serving (Ret r) -> k = on_cpu (s_world R s) c ->
      s' = Build_system R (s_world R s) (s_lock R s) (set_cpu (s_cpu R s) c (Runs k))
        (set_prog R (s_prog R s) k (next R (software k) (s_prog R s k) (back (s_world R s) c))) (s_dark R s') (s_stale R s') -> False).
    { intros c r k Ec Ek E. destruct (friend Q' k) eqn:F; [|destruct (D c) eqn:Dc].
      - apply N. do 2 eexists. split; [eapply steps_next; [eapply step_leaves; eassumption|apply steps_refl]|]. eexists _, _.
        rewrite E. reflexivity.
      - apply N. do 2 eexists. split; [eapply steps_next; [eapply step_goes_on; eassumption|apply steps_refl]|]. eexists _, _.
        rewrite E. reflexivity.
      - apply N. do 2 eexists. split; [eapply steps_next; [eapply step_enters; eassumption|apply steps_refl]|]. eexists _, _.
        rewrite E. reflexivity. }
    destruct St; cbn [s_world s_lock s_cpu s_prog s_dark s_stale] in *; try solve
      [eapply Acc; try eassumption; reflexivity|eapply Trp; try eassumption; reflexivity|eapply Evt; try eassumption; reflexivity
      |eapply Ret; try eassumption; reflexivity].
    - apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_up B Q'); eassumption|apply steps_refl]|].
      do 2 eexists. reflexivity.
    - apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_lock B Q') with (x := x); eassumption|apply steps_refl]|].
      do 2 eexists. reflexivity.
    - apply N. do 2 eexists. split; [eapply steps_next; [eapply (step_unlock B Q') with (x := x); eassumption|apply steps_refl]|].
      do 2 eexists. reflexivity.
    - apply N. do 2 eexists. split; [apply steps_refl|]. do 2 eexists. reflexivity.
  Qed.
End Watch.
