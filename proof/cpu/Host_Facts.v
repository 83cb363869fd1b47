(** * KServ's registers: a page of its CPU *)
From Coq Require Import ZArith List String Bool Lia ZifyBool.
From Redoubt.sem Require Import Tactics Memory Link.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Desc_Spec Desc_Facts Invariant Steps Prims Local_Prims Cpu_Facts Structure Page_Spec Vm_Spec Host_Map_Spec.
From Redoubt.cpu Require Import Word_Spec Bits_Facts Prims Reg_Spec Own_Kept Host_Trap_Spec.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Facts.
  Variables (B : board) (c : Z).

  Lemma set_regs_app l l' w : set_regs c (l ++ l') w = set_regs c l' (set_regs c l w).
  Proof. unfold set_regs. apply fold_left_app. Qed.

  (** Cells that are no registers. *)
  Lemma set_regs_cell l w d ix : String.prefix "reg." d = false -> w_mem (set_regs c l w) (d, ix) = w_mem w (d, ix).
  Proof.
    intros P. revert w. induction l as [|x l IH]; intros w; [reflexivity|]. cbn [set_regs fold_left].
    change (w_mem (set_regs c l (set_reg c x w)) (d, ix) = w_mem w (d, ix)). rewrite IH. unfold set_reg, reg. cbn [w_mem].
    apply upd_name. destruct (String.eqb_spec ("reg." ++ fst (fst x)) d) as [<-|]; [destruct (fst (fst x)); discriminate P|reflexivity].
  Qed.

  Lemma set_regs_held l w : w_held (set_regs c l w) = w_held w.
  Proof. revert w. induction l as [|x l IH]; intros w; [reflexivity|]. exact (IH (set_reg c x w)). Qed.

  Lemma set_regs_at_host l w : at_host c w -> at_host c (set_regs c l w).
  Proof.
    intros [R H E]. constructor; [exact R|rewrite set_regs_held; exact H|]. unfold host_ctx. rewrite !set_regs_cell by reflexivity.
    exact E.
  Qed.

  (** What keeps it. *)
  Lemma same_at_host w w' : w_held w' = w_held w -> w_mem w' (obj "pcpu.cur_ctx" [c]) = w_mem w (obj "pcpu.cur_ctx" [c]) ->
    w_mem w' (obj "pcpu.host_ctx" [c]) = w_mem w (obj "pcpu.host_ctx" [c]) -> at_host c w -> at_host c w'.
  Proof. intros H E1 E2 [R Hd E]. constructor; [exact R|congruence|]. unfold host_ctx. rewrite E1, E2. exact E. Qed.

  (** KServ's registers are in a page: objects, states and walks are the same. *)
  Lemma put_x_mem n v w : w_mem (put_x c n v w) = w_mem w.
  Proof. unfold put_x. destruct (n <? 31); reflexivity. Qed.
  Lemma put_x_held n v w : w_held (put_x c n v w) = w_held w.
  Proof. unfold put_x. destruct (n <? 31); reflexivity. Qed.

  Lemma put_x_at_host n v w : at_host c w -> at_host c (put_x c n v w).
  Proof. apply same_at_host; rewrite ?put_x_held, ?put_x_mem; reflexivity. Qed.

  Lemma put_x_reg n v w r ix : reg_of (put_x c n v w) c r ix = reg_of w c r ix.
  Proof. unfold reg_of. rewrite put_x_mem. reflexivity. Qed.

  Lemma put_secure n v w : secure B w -> secure B (put c n v w).
  Proof. apply secure_ram. Qed.

  Lemma put_x_secure n v w : secure B w -> secure B (put_x c n v w).
  Proof. unfold put_x. destruct (n <? 31); [apply put_secure|auto]. Qed.

  Lemma put_x_idle n v w : idle B w -> idle B (put_x c n v w).
  Proof.
    intros [H [S C]]. split; [unfold put_x; destruct (n <? 31); exact H|]. split; [apply put_x_secure, S|].
    unfold put_x. destruct (n <? 31); [|exact C]. apply known_ram, C.
  Qed.

  Lemma idle_secure w : idle B w -> secure B w.
  Proof. intros [_ [S _]]. exact S. Qed.

  Lemma set_regs_idle l w : idle B w -> idle B (set_regs c l w).
  Proof.
    apply set_regs_keep with (B := B). intros [d ix] x v P _ [H [S C]]. cbn [fst] in P. split; [rewrite percpu_held by exact P; exact H|].
    split; [apply percpu_secure; assumption|]. rewrite percpu_write by exact P. apply constant_other; [rewrite P; discriminate|exact C].
  Qed.
  Lemma over_idle w : idle B w -> idle B (over c w).
  Proof. apply set_regs_idle. Qed.
End Facts.

(** A read of KServ's register; a write.  [H]: the specification, [A : at_host c w], [S : secure B w]. *)
Ltac host_get H A S := eapply wp_mono; [apply H; [side|exact A|exact S]|cbv beta; intros ? ? [-> ->]; reduce].
Ltac host_set H A S := eapply wp_mono; [apply H; [side|try side|exact A|exact S]|cbv beta; intros ? ? [-> ->]; reduce].
