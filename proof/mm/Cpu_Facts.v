(** * The primitives of a CPU's own registers, under the invariant

    Such a primitive is a read of one of the CPU's cells and some writes of them: what holds of these holds of it. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Cpu Events Facts.
From Redoubt.mm Require Import Invariant Steps Structure Structure_Facts Structure_Steps.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Lemma reg_class c r ix : class_of (fst (reg c r ix)) = Percpu.
Proof. destruct r; reflexivity. Qed.

Lemma reg_own c r ix : of_cpu c (reg c r ix).
Proof. reflexivity. Qed.

(** No walk, and nothing that the lock protects, depends on a CPU's own cell. *)
Lemma percpu_steers d : class_of d = Percpu -> steers_walks d = false.
Proof.
  intros P. destruct (steers_walks d) eqn:E; [|reflexivity]. unfold steers_walks in E.
  apply orb_true_iff in E as [E|E]; apply String.eqb_eq in E; subst; discriminate P.
Qed.

Lemma percpu_plain d : class_of d = Percpu -> structural d = false.
Proof. intros P. destruct (structural d) eqn:E; [|reflexivity]. apply structural_locked in E. congruence. Qed.

Lemma set_reg_write B c x w : set_reg c x w = write_cell B (reg c (fst (fst x)) (snd (fst x))) (snd x) w.
Proof. unfold write_cell. rewrite percpu_steers by apply reg_class. reflexivity. Qed.

(** A property that writes of the CPU's own cells keep. *)
Lemma set_regs_keep B c (P : world -> Prop) :
  (forall l x w, class_of (fst l) = Percpu -> of_cpu c l -> P w -> P (write_cell B l x w)) ->
  forall l w, P w -> P (set_regs c l w).
Proof.
  intros H l. induction l as [|x l IH]; intros w Hw; [exact Hw|]. cbn. apply IH. rewrite (set_reg_write B).
  apply H; [apply reg_class|apply reg_own|exact Hw].
Qed.

(** ... of two worlds at once. *)
Lemma set_regs_both B c (P : world -> world -> Prop) :
  (forall l x a b, class_of (fst l) = Percpu -> of_cpu c l -> P a b -> P (write_cell B l x a) (write_cell B l x b)) ->
  forall l a b, P a b -> P (set_regs c l a) (set_regs c l b).
Proof.
  intros H l. induction l as [|x l IH]; intros a b Hw; [exact Hw|]. cbn. apply IH. rewrite !(set_reg_write B).
  apply H; [apply reg_class|apply reg_own|exact Hw].
Qed.

Lemma percpu_write B l x w : class_of (fst l) = Percpu -> write_cell B l x w = set_mem (upd (w_mem w) l x) w.
Proof. intros P. unfold write_cell. rewrite percpu_steers by exact P. reflexivity. Qed.

Lemma percpu_seat d : class_of d = Percpu -> seat_cell d = false.
Proof.
  intros P. destruct (seat_cell d) eqn:E; [|reflexivity]. unfold seat_cell in E. apply existsb_exists in E as (e & I & E).
  apply String.eqb_eq in E. subst e. repeat (destruct I as [<-|I]; [discriminate P|]). destruct I.
Qed.

Lemma percpu_secure B l x w : class_of (fst l) = Percpu -> secure B w -> secure B (write_cell B l x w).
Proof.
  intros P [S1 S2 S3]. rewrite percpu_write by exact P. split; [assumption..|]. destruct l as [d ix]. apply seats_write;
    [apply percpu_seat, P|exact S3].
Qed.

Lemma percpu_mem_inv B l x w : class_of (fst l) = Percpu -> mem_inv B w -> mem_inv B (write_cell B l x w).
Proof.
  intros Pc I. destruct l as [d ix]. cbn [fst] in Pc.
  apply (mem_inv_frame B w); [apply unchanged_write, percpu_plain, Pc| |exact I].
  apply inv_write_cell; [congruence|apply percpu_steers, Pc| |apply I]. apply seats_write; [apply percpu_seat, Pc|apply I].
Qed.

Lemma set_regs_pages c l w : w_meta (set_regs c l w) = w_meta w /\ w_ram (set_regs c l w) = w_ram w.
Proof. revert w. induction l as [|x l IH]; intros w; [auto|]. apply (IH (set_reg c x w)). Qed.

Lemma percpu_held B l x w : class_of (fst l) = Percpu -> w_held (write_cell B l x w) = w_held w.
Proof. intros P. rewrite percpu_write by exact P. reflexivity. Qed.

Lemma percpu_mem B l x w : w_mem (write_cell B l x w) = upd (w_mem w) l x.
Proof. unfold write_cell. destruct (steers_walks (fst l)); reflexivity. Qed.

(** What such a primitive does. *)
Lemma cpu_effect_does B c f args w v w' : snd (cpu_effect B c f args w) v w' ->
  exists d, doing_of B c f args = Some d /\ replies c (answer d) w v /\ w' = set_regs c (writes d) w.
Proof.
  unfold cpu_effect. destruct (doing_of B c f args) as [d|]; [|intros []]. intros [R E]. exists d. auto.
Qed.

Lemma cpu_effect_call B c f args w : cpu_primitive f = true -> forall LI,
  effect B c LI (ECall f args) w = cpu_effect B c f args w.
Proof. intros E LI. cbn [effect]. rewrite E. reflexivity. Qed.

Lemma cpu_unobserved f args : cpu_primitive f = true -> observes (ECall f args) = false.
Proof.
  intros E. unfold observes. unfold cpu_primitive in E. apply existsb_exists in E as (g & I & E).
  apply String.eqb_eq in E. subst g. unfold cpu_primitives in I.
  repeat (destruct I as [<-|I]; [reflexivity|]). destruct I.
Qed.

Lemma cpu_not_lock f args g : cpu_primitive f = true -> cpu_primitive g = false -> ECall f args <> ECall g [0].
Proof. intros E N [= -> _]. congruence. Qed.
