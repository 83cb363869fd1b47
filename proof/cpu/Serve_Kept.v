(** * After a call on memory the trap of a guest is served on: the same vCPU, the same syndrome, the same registers *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp Link.
From Redoubt.machine Require Import State Cpu Events Exposed.
From Redoubt.mm Require Import Invariant Prims Interleave Local_Prims.
From Redoubt.cpu Require Import Word_Spec Reg_Spec Ctx_Spec Ctx_Facts Trap_Spec Trap_Facts Left_Kept.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Serve.
  Variables (c : Z) (w w' : world) (h i : Z).
  Hypothesis L : left_alone c w w'.

  Lemma left_entry d : class_of d = Percpu -> d <> loaded_cell -> String.prefix "reg." d = false ->
    existsb (String.eqb d) scratch_cells = false -> w_mem w' (obj d [c]) = w_mem w (obj d [c]).
  Proof.
    intros P N Rg S. apply (l_mem c w w' L), left_owned; [unfold owns; cbn [fst snd]; rewrite P; reflexivity|contradiction|
      exact Rg|exact S].
  Qed.
  Lemma left_trap r : In r trap_registers -> reg_of w' c r [] = reg_of w c r [].
  Proof. intros I. unfold reg_of. rewrite (l_mem c w w' L); [reflexivity|]. right. exists r. auto. Qed.
  Lemma left_cur_ctx : cur_ctx c w' = cur_ctx c w.
  Proof. unfold cur_ctx. rewrite left_entry by (reflexivity || discriminate). reflexivity. Qed.

  Lemma serves_left : serves c w h i -> w_held w' = false -> serves c w' h i.
  Proof.
    intros V Hd. pose proof V as []. constructor; auto.
    - unfold loaded_vm. rewrite left_entry by (reflexivity || discriminate). assumption.
    - unfold loaded_vcpu. rewrite left_entry by (reflexivity || discriminate). assumption.
    - apply (left_token c w w' L); assumption.
    - apply (left_on c w w' L); assumption.
    - rewrite left_cur_ctx, sv_ctx. unfold vcpu_ctx. f_equal. symmetry.
      apply (l_mem c w w' L), left_owned; [apply ctx_owned; assumption|discriminate|reflexivity|reflexivity].
  Qed.
  Lemma left_protected : serves c w h i -> protected w h -> protected w' h.
  Proof.
    intros V P. unfold protected in *. rewrite (l_mem c w w' L); [exact P|]. apply left_owned;
      [apply (protected_owned c w h i), V|discriminate|reflexivity|reflexivity].
  Qed.
  (** The general registers of a protected VM: nobody else has its context. *)
  Lemma left_x n : serves c w h i -> protected w h -> x_reg c w' n = x_reg c w n.
  Proof.
    intros V P. unfold x_reg. destruct (n <? 31); [|reflexivity]. change (wrap U64 (w_mem w' (obj "pcpu.cur_ctx" [c]))) with (cur_ctx c w').
    change (wrap U64 (w_mem w (obj "pcpu.cur_ctx" [c]))) with (cur_ctx c w). rewrite left_cur_ctx. unfold word.
    rewrite (l_ram c w w' L); [reflexivity|]. exact (serves_own_page c w h i V P).
  Qed.
  Lemma left_current : serves c w h i -> protected w h -> current c w'.
  Proof.
    intros V P. exists h, i. pose proof (left_protected V P) as P'. destruct V.
    split; [apply (left_token c w w' L); assumption|]. split; [apply (left_on c w w' L); assumption|]. split; [exact P'|].
    change (cur_ctx c w' = vcpu_ctx w' h i). rewrite left_cur_ctx, sv_ctx. unfold vcpu_ctx. f_equal. symmetry.
    apply (l_mem c w w' L), left_owned; [apply ctx_owned; assumption|discriminate|reflexivity|reflexivity].
  Qed.
  Lemma left_shown p : serves c w h i -> protected w h -> shown_page c w p -> shown_page c w' p.
  Proof.
    intros V P. apply shown_page_as; [apply left_trap; cbn; auto..|]. intros _. split; [apply left_current|apply left_x]; assumption.
  Qed.
End Serve.
