(** * What a section leaves alone of what the CPU has to itself

    A CPU's registers and its entry of [pcpu] are its own, and so is the page with KServ's registers. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Tactics Memory.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Invariant Structure Vm_Spec Vm_Facts Section.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Record own_kept (c : Z) (w w' : world) : Prop := {
  ok_cells : forall l, class_of (fst l) = Percpu -> of_cpu c l -> w_mem w' l = w_mem w l;
  ok_constants : forall l, class_of (fst l) = Constant -> w_mem w' l = w_mem w l;
  ok_page : 0 <= c < 8 -> forall i, w_ram w' (host_ctx w c) i = w_ram w (host_ctx w c) i }.

Lemma own_kept_refl c w : own_kept c w w.
Proof. constructor; reflexivity. Qed.

Lemma own_kept_host_ctx c w w' d : own_kept c w w' -> host_ctx w' d = host_ctx w d.
Proof. intros K. unfold host_ctx. rewrite (ok_constants c w w' K) by reflexivity. reflexivity. Qed.

Lemma own_kept_trans c a b d : own_kept c a b -> own_kept c b d -> own_kept c a d.
Proof.
  intros K1 K2. constructor.
  - intros l P O. rewrite (ok_cells c b d K2) by assumption. apply (ok_cells c a b K1); assumption.
  - intros l P. rewrite (ok_constants c b d K2) by assumption. apply (ok_constants c a b K1), P.
  - intros R i. rewrite <- (own_kept_host_ctx c a b c K1). rewrite (ok_page c b d K2 R).
    rewrite (own_kept_host_ctx c a b c K1). apply (ok_page c a b K1), R.
Qed.

(** Taking the lock, and giving it back. *)
Lemma own_kept_lock c w w1 b : (forall l, owns c w l -> w_mem w1 l = w_mem w l) ->
  (forall p i, own_page c w p -> w_ram w1 p i = w_ram w p i) -> own_kept c w (set_held b w1).
Proof.
  intros Ow Pg. constructor; cbn [w_mem w_ram set_held].
  - intros l P O. apply Ow. unfold owns. rewrite P. exact O.
  - intros l P. apply Ow. unfold owns. rewrite P. exact I.
  - intros R i. apply Pg. left. auto.
Qed.
Lemma own_kept_held c w w1 b : own_kept c w w1 -> own_kept c w (set_held b w1).
Proof. intros K. constructor; apply K. Qed.

(** A store to an object that the lock protects. *)
Lemma own_kept_write B c w w1 l x : class_of (fst l) = Locked -> own_kept c w w1 -> own_kept c w (write_cell B l x w1).
Proof.
  intros N K. assert (M : w_mem (write_cell B l x w1) = upd (w_mem w1) l x) by (unfold write_cell; destruct
      (steers_walks (fst l)); reflexivity).
  assert (R : w_ram (write_cell B l x w1) = w_ram w1) by (unfold write_cell; destruct (steers_walks (fst l)); reflexivity).
  constructor; rewrite ?M, ?R.
  - intros l' P O. rewrite upd_other; [apply (ok_cells c w w1 K); assumption|]. intros <-. congruence.
  - intros l' P. rewrite upd_other; [apply (ok_constants c w w1 K), P|]. intros <-. congruence.
  - apply K.
Qed.

(** As [lock]; [Ow]: what this CPU has is kept. *)
Ltac lock_kept HL Hi S L C w1 Ow := eapply wp_mono;
  [apply HL; [apply (id_held _ _ Hi)|intros ? X; apply (i_secure _ _ (m_inv _ _ X))]|];
  let M := fresh "M" in let w0 := fresh "w0" in let O := fresh "O" in let P := fresh "P" in
  cbv beta; intros ? ? (-> & w0 & M & -> & O & P); steps;
  destruct (lock_sec _ w0 M) as (L & S); pose proof (own_kept_lock _ _ w0 true O P) as Ow; clear O P;
  set (w1 := set_held true w0) in *; pose proof (s_cs _ _ _ _ S) as C; clear M.
