(** * The vCPU that this CPU has loaded

    [own_ok] says: if "pcpu.vm" names a VM, this CPU has the token of the vCPU named beside it.  KCore keeps it with
    every event, so every function that is verified keeps it, whatever its specification says ([wp_own]).  While
    LOCK_MEM is held the VM of such a vCPU lives ([own_live]), and the vCPU is made ([own_made]). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events.
From Redoubt.mm Require Import Invariant Structure.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Own.
  Context {m : bool}.
  Variables (B : board) (c : Z) (LI : world -> Prop).
  Notation K := (contract_of B c LI m).

  (** It depends on this CPU's entry of [pcpu], and on the token. *)
  Lemma own_same w w' : loaded_vm c w' = loaded_vm c w -> loaded_vcpu c w' = loaded_vcpu c w ->
    (forall h i, token w h i = c + 1 -> token w' h i = c + 1) -> own_ok c w -> own_ok c w'.
  Proof.
    unfold own_ok. intros -> -> T O N. destruct (O N) as (R & R' & E). auto.
  Qed.

  Lemma own_mem w w' : w_mem w' = w_mem w -> own_ok c w -> own_ok c w'.
  Proof. intros E. apply own_same; unfold loaded_vm, loaded_vcpu, token; rewrite E; auto. Qed.

  Lemma own_untied l x w : tied (fst l) = false -> own_ok c w -> own_ok c (set_mem (upd (w_mem w) l x) w).
  Proof.
    destruct l as [d ix]. cbn [fst]. intros T.
    assert (N : String.eqb "pcpu.vm" d = false /\ String.eqb "pcpu.vcpu" d = false /\ String.eqb loaded_cell d = false).
    { unfold tied in T. cbn [existsb] in T. rewrite !(String.eqb_sym d) in T.
      apply orb_false_iff in T as [T1 T]. apply orb_false_iff in T as [T2 T]. apply orb_false_iff in T as [T3 _]. auto. }
    destruct N as (N1 & N2 & N3). rewrite String.eqb_sym in N1, N2, N3.
    apply own_same; unfold loaded_vm, loaded_vcpu, token; cbn [w_mem set_mem]; intros *; rewrite upd_name by assumption; auto.
  Qed.

  Lemma write_mem l x w : w_mem (write_cell B l x w) = upd (w_mem w) l x.
  Proof. unfold write_cell. destruct (steers_walks (fst l)); reflexivity. Qed.

  Lemma own_regs l w : own_ok c w -> own_ok c (set_regs c l w).
  Proof.
    revert w. induction l as [|[[r ix] x] l IH]; intros w O; [exact O|]. apply IH.
    exact (own_untied (reg c r ix) x w eq_refl O).
  Qed.

  Lemma own_ram r w : own_ok c w -> own_ok c (set_ram r w).
  Proof. exact (fun O => O). Qed.

  Lemma event_own_local e w v w' : snd (local_effect B c e w) v w' -> own_ok c w -> own_ok c w'.
  Proof.
    intros E O. destruct e as [l|l x|f args]; try (cbn in E; contradiction).
    destruct args as [|a [|b [|d [|e [|g [|]]]]]]; try (cbn in E; contradiction); cbn in E.
    - destruct (String.eqb f "page_zero"); [cbn in E; subst w'; exact O|].
      destruct (String.eqb f "fp_load"); [cbn in E; subst w'; exact O|].
      destruct (String.eqb f "fp_save"); [destruct E as (r & _ & ->); exact O|destruct E].
    - destruct (String.eqb f "pg_get"); [destruct E as [_ ->]; exact O|destruct E].
    - destruct (String.eqb f "pg_set"); [cbn in E; subst w'; exact O|destruct E].
    - destruct (String.eqb f "ctx_start"); [destruct E as (va & sc & _ & ->);
        refine (own_regs (context_regs va sc _ _ _ _) _ O)|destruct E].
    - destruct (String.eqb f "ctx_switch"); [destruct E as (va & sc & r & _ & _ & ->);
        refine (own_regs (context_regs va sc _ _ _ _) (set_ram r w) O)|destruct E].
  Qed.

  (** Every event keeps it. *)
  Lemma event_own e w v w' : pre K e w -> act K e w v w' -> own_ok c w -> own_ok c w'.
  Proof.
    intros [_ P] E O. cbn [act contract_of] in E. destruct (local e w); [exact (event_own_local e w v w' E O)|].
    destruct E as (w0 & Bf & E).
    assert (O0 : own_ok c w0).
    { unfold before in Bf. destruct (observes e); [destruct Bf as (r & -> & _); exact O|].
      destruct e as [[d ix]|l x|f args]; try (subst w0; exact O). cbn [fst] in Bf.
      destruct (class_of d) eqn:Cl; try (subst w0; exact O). destruct Bf as (x & ->). apply own_untied; [|exact O].
      unfold tied. cbn [fst existsb]. rewrite !orb_false_iff. repeat split; apply String.eqb_neq; intros ->; discriminate Cl. }
    destruct (P w0 Bf) as [F _]. clear P Bf O w. destruct e as [l|l x|f args].
    - destruct E as [_ ->]. exact O0.
    - cbn in E. subst w'. apply (own_mem (set_mem (upd (w_mem w0) l x) w0)); [apply write_mem|].
      destruct F as [F _]. destruct (tied (fst l)) eqn:T; [apply F; auto|apply own_untied; assumption].
    - cbn [effect] in E, F. destruct (cpu_primitive f).
      { unfold cpu_effect in E. destruct (doing_of B c f args) as [d|]; [|destruct E]. destruct E as [_ ->]. apply own_regs, O0. }
      destruct args as [|a [|b [|d [|e [|g [|]]]]]]; try (cbn in E; contradiction); cbn in E, F.
      + destruct (String.eqb_spec f "spin_lock") as [->|].
        { cbn in E. destruct E as (w1 & _ & -> & Ow & _). revert O0. unfold own_ok.
          assert (E1 : loaded_vm c (set_held true w1) = loaded_vm c w0)
            by (unfold loaded_vm; cbn [set_held w_mem]; rewrite Ow by (cbn; reflexivity); reflexivity).
          assert (E2 : loaded_vcpu c (set_held true w1) = loaded_vcpu c w0)
            by (unfold loaded_vcpu; cbn [set_held w_mem]; rewrite Ow by (cbn; reflexivity); reflexivity).
          rewrite E1, E2. intros O N. destruct (O N) as (R & R' & T). split; [exact R|]. split; [exact R'|].
          unfold token in *. cbn [set_held w_mem]. rewrite Ow; [exact T|]. right; left. split; [reflexivity|exact T]. }
        repeat (destruct (String.eqb f _); [cbn [fst snd] in E, F; first [subst w'; exact O0|destruct E as [_ ->]; exact O0|destruct F]|]).
        cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; exact O0|]).
        cbn in E; contradiction.
      + repeat (destruct (String.eqb f _); [cbn [snd] in E; first [subst w'|destruct E as [_ ->]]; exact O0|]).
        cbn in E; contradiction.
      + destruct (String.eqb f _); destruct F.
      + destruct (String.eqb f _); destruct F.
  Qed.

  (** So does every verified function. *)
  Theorem wp_own {A} (p : prog A) (Q : A -> world -> Prop) w : wp K p Q w -> own_ok c w ->
    wp K p (fun r w' => Q r w' /\ own_ok c w') w.
  Proof.
    revert w. induction p as [a|e k IH|why]; cbn [wp]; intros w W O; [auto| |exact W].
    destruct W as [P W]. split; [exact P|]. intros v w' E. apply IH; [apply W, E|]. exact (event_own e w v w' P E O).
  Qed.

  (** ** With the lock *)
  Hypothesis Hc : 0 <= c.

  Lemma own_made w : vcpus_ok B w -> own_ok c w -> loaded_vm c w <> 0 -> vcpu_made w (loaded_vm c w) (loaded_vcpu c w).
  Proof. intros U O N. destruct (O N) as (_ & _ & T). apply (u_token B w U). lia. Qed.

  Lemma has_live w h : vcpus_ok B w -> has c w [h] -> live w h.
  Proof. intros U [i T]. apply (u_live B w U h i), (u_token B w U). lia. Qed.

  Lemma own_live w : vcpus_ok B w -> own_ok c w -> loaded_vm c w <> 0 -> live w (loaded_vm c w).
  Proof. intros U O N. apply (u_live B w U _ (loaded_vcpu c w)), own_made; assumption. Qed.
End Own.

(** ** Taking the lock: what this CPU has stays *)
Section Taken.
  Variables (c : Z) (w w1 : world).
  Hypothesis Ow : forall l, owns c w l -> w_mem w1 l = w_mem w l.

  Lemma taken_token h i : token w h i = c + 1 -> token w1 h i = c + 1.
  Proof. intros T. unfold token. rewrite Ow; [exact T|]. right; left. split; [reflexivity|exact T]. Qed.

  Lemma taken_has ix : has c w ix -> has c w1 ix.
  Proof.
    destruct ix as [|h [|i [|]]]; cbn [has]; auto; [intros [i T]; exists i|]; apply taken_token; assumption.
  Qed.

  Lemma taken_steady d ix : class_of d = Locked -> steady d = true -> has c w ix -> w_mem w1 (d, ix) = w_mem w (d, ix).
  Proof. intros E S H. apply Ow. unfold owns. cbn [fst snd]. rewrite E. left. auto. Qed.

  Lemma taken_percpu d : class_of d = Percpu -> w_mem w1 (d, [c]) = w_mem w (d, [c]).
  Proof. intros E. apply Ow. unfold owns. cbn [fst snd]. rewrite E. reflexivity. Qed.

  Lemma taken_protected h : has c w [h] -> (protected w1 h <-> protected w h).
  Proof. intros H. unfold protected. rewrite (taken_steady "vms.is_protected" [h]) by (reflexivity || exact H). reflexivity. Qed.
End Taken.
